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

func newArrivalChart(hours []report.Hour) *arrivalChart {
	if len(hours) == 0 {
		return nil
	}
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
	hours := int64(c.Step / time.Hour)
	for _, unit := range []struct {
		hours int64
		name  string
	}{{7 * 24, "week"}, {24, "day"}, {1, "hour"}} {
		if n := hours / unit.hours; hours%unit.hours == 0 && n > 0 {
			if n == 1 {
				return "per " + unit.name
			}
			return fmt.Sprintf("in each %d %ss", n, unit.name)
		}
	}
	return ""
}

func (c *arrivalChart) hits() {
	n := len(c.Series[0].Values)
	width := 1000 / float64(n)
	layout := "Mon 2 Jan 2006 15:04"
	if c.Step >= 24*time.Hour {
		layout = "Mon 2 Jan 2006"
	}
	for i := range n {
		var sum int64
		var parts []string
		for _, s := range c.Series {
			if v := s.Values[i]; v > 0 {
				sum += v
				parts = append(parts, words.Number(v)+" "+s.Name)
			}
		}
		if sum > 0 {
			at := c.From.Add(time.Duration(i) * c.Step)
			c.Hits = append(c.Hits, hit{round(float64(i) * width), round(width), at.Format(layout) + ": " +
				strings.Join(parts, ", ")})
		}
	}
}

func round(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }

// Summary says in words what the chart shows.
func (c *arrivalChart) Summary() string {
	var parts []string
	for _, s := range c.Series {
		parts = append(parts, words.Number(s.Total())+" "+s.Name)
	}
	text := strings.Join(parts, ", ") + "."
	if n, at := c.Peak(); n > 0 {
		layout := "2 Jan 2006 15:04"
		if c.Step >= 24*time.Hour {
			layout = "2 Jan 2006"
		}
		text += " Peak: " + words.Number(n) + " " + c.every() + ", from " + at.Format(layout) + "."
	}
	return text
}
