package htmlkit

import (
	"fmt"

	"exiwatch/window"
)

// A Bar shows a count against its limit.
type Bar struct {
	Fill, Mark float64 // where the count and the limit are, of 100
	Level      string  // class: that of a window.Distance
	Times      string  // how many times the limit the count is, from twice on: 38×
}

// NewBar draws a count. If it is over the limit it fills the bar, in which the limit is marked.
func NewBar(count, limit int64) Bar {
	b := Bar{Mark: 100, Level: window.DistanceOf(count, limit).String()}
	if limit > 0 && count > 0 {
		b.Fill = Round(100 * float64(count) / float64(limit))
	}
	if count > limit {
		b.Fill, b.Mark = 100, Round(100*float64(limit)/float64(count))
		if limit > 0 && count/limit > 1 {
			b.Times = fmt.Sprintf("%d×", count/limit)
		}
	}
	return b
}

// Round leaves one decimal place.
func Round(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }
