package suggest

// limitsAtOnce is how many limits of a rule are tried in one pass over the log, which leaves about a ninth of the
// range. Each takes 32 bytes for each value that is counted.
const limitsAtOnce = 8

// A search is for the lowest limit, from a first one on, that opens at most allowed alerts. A value may open several,
// and the number needn't fall as the limit rises: who is over a low one all the time opens one alert, and over a
// higher one now and then several. If the first won't do, what is found is a limit that will where one less won't.
type search struct {
	allowed   int64
	low, high int64           // low opens too many, or is under the first; high doesn't
	alerts    map[int64]int64 // by limit, as counted
}

// newSearch searches by the highest peak of each value, the highest first. Of a limit under the first no pass is
// needed where more than allowed values have a higher peak: each opens an alert at least.
func newSearch(first int64, peaks []int64, allowed int64) *search {
	s := &search{allowed: allowed, low: first - 1, high: first, alerts: make(map[int64]int64)}
	if len(peaks) > 0 {
		s.high = max(first, peaks[0])
	}
	if allowed < int64(len(peaks)) {
		s.low = max(s.low, peaks[allowed]-1)
	}
	return s
}

// next gives the limits to count with, none when the limit is found.
func (s *search) next() []int64 {
	if len(s.alerts) == 0 {
		return []int64{s.low + 1}
	}
	var limits []int64
	step := max((s.high-s.low)/(limitsAtOnce+1), 1)
	for limit := s.low + step; limit < s.high && len(limits) < limitsAtOnce; limit += step {
		limits = append(limits, limit)
	}
	return limits
}

// record takes how many alerts a limit opens; of limits tried together, lower ones first.
func (s *search) record(limit, alerts int64) {
	s.alerts[limit] = alerts
	switch {
	case limit <= s.low || limit > s.high:
	case alerts > s.allowed:
		s.low = limit
	default:
		s.high = limit
	}
}
