package window

// A Distance says how close a count is to its limit. Page, report and terminal colour by it.
type Distance uint8

// Distances.
const (
	Far Distance = iota
	Near
	Over
)

// near is the share of a limit from which on a count is near it.
const near = 0.75

// DistanceOf says how close a count is to a limit, if there is one. A count that is the limit is not over it.
func DistanceOf(count, limit int64) Distance {
	switch {
	case limit <= 0:
		return Far
	case count > limit:
		return Over
	case float64(count) >= near*float64(limit):
		return Near
	}
	return Far
}

// String is the word for a distance; "" for Far.
func (d Distance) String() string { return [...]string{"", "near", "over"}[d] }
