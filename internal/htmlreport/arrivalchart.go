package htmlreport

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

// maxSpans is how many columns a chart has at the most.
const maxSpans = 240

// steps are how long the spans of a chart may be, in hours. More is a multiple of the last one.
var steps = [...]int64{1, 2, 3, 6, 12, 24, 7 * 24, 4 * 7 * 24}

// An arrivalChart has the arrivals by hour, or by longer spans if there are too many hours.
type arrivalChart struct {
	htmlkit.Columns
	Hits []hit
}

// A hit is a column with its tooltip.
type hit struct {
	X, Width float64
	Title    string
}

// newArrivalChart needs one hour at least.
func newArrivalChart(hours []report.Hour) *arrivalChart {
	first, last := hourOf(hours[0].At), hourOf(hours[len(hours)-1].At)
	step := steps[0]
	for i := 0; (last-first)/step >= maxSpans-1; i++ {
		if i < len(steps) {
			step = steps[i]
		} else {
			step *= 2
		}
	}
	first = spanStart(first, step)
	c := &arrivalChart{Columns: htmlkit.Columns{
		From: time.Unix(first*3600, 0).UTC(), Step: time.Duration(step) * time.Hour, Unit: "messages",
		Series: htmlkit.ArrivalSeries(int((last-first)/step + 1)),
	}}
	for _, h := range hours {
		for class, n := range h.Counts {
			c.Series[class].Values[(hourOf(h.At)-first)/step] += n
		}
	}
	c.Title = "Messages received " + c.every()
	c.hits()
	return c
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// spanStart is the start of the span that holds the hour: days begin at midnight, weeks on Mondays.
func spanStart(hour, step int64) int64 {
	const monday = 4 * 24 // hour of 1970-01-05
	return hour - ((hour-monday)%step+step)%step
}

// every names the length of a span.
func (c *arrivalChart) every() string {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	unit, name := time.Hour, "hour"
	switch {
	case c.Step%week == 0:
		unit, name = week, "week"
	case c.Step%day == 0:
		unit, name = day, "day"
	}
	if c.Step == unit {
		return "per " + name
	}
	return fmt.Sprintf("in each %d %ss", c.Step/unit, name)
}

// layout is how the beginning of a span is written.
func (c *arrivalChart) layout() string {
	if c.Step >= 24*time.Hour {
		return dayLayout
	}
	return dayLayout + " 15:04"
}

func (c *arrivalChart) hits() {
	n := len(c.Series[0].Values)
	width := 1000 / float64(n)
	for i := range n {
		var parts []string
		for _, s := range c.Series {
			if v := s.Values[i]; v > 0 {
				parts = append(parts, words.Number(v)+" "+s.Name)
			}
		}
		if len(parts) > 0 {
			c.Hits = append(c.Hits, hit{htmlkit.Round(float64(i) * width), htmlkit.Round(width),
				c.At(i).Format("Mon "+c.layout()) + ": " + strings.Join(parts, ", ")})
		}
	}
}

// Summary says in words what the chart shows.
func (c *arrivalChart) Summary() string {
	var parts []string
	for _, s := range c.Series {
		parts = append(parts, words.Number(s.Total())+" "+s.Name)
	}
	text := strings.Join(parts, ", ") + "."
	if n, at := c.Peak(); n > 0 {
		text += " Peak: " + words.Number(n) + " " + c.every() + ", from " + at.Format(c.layout()) + "."
	}
	return text
}
