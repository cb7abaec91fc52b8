package htmlkit

// A Bar shows a count against its limit.
type Bar struct {
	Fill, Mark float64 // where the count and the limit are, of 100
	Level      string  // class: "", near or over
}

// NewBar draws a count. If it is over the limit it fills the bar, in which the limit is marked.
func NewBar(count, limit int64) Bar {
	b := Bar{Mark: 100}
	if limit > 0 && count > 0 {
		b.Fill = Round(100 * float64(count) / float64(limit))
	}
	switch {
	case count > limit:
		b.Fill, b.Mark, b.Level = 100, Round(100*float64(limit)/float64(count)), "over"
	case b.Fill >= near:
		b.Level = "near"
	}
	return b
}

const near = 75 // per cent of a limit

// Round leaves one decimal place.
func Round(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }
