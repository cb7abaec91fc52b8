package mailer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/window"
)

// A sparkline is the chart of an alert: one line of text, or a picture.
type sparkline struct {
	Scale    string  // what the bars are, and how many messages the highest
	Over     string  // since when the limit is crossed
	From, To string  // when the first bar begins, and the last ends
	bars     []int64 // messages
	opened   int     // the bar in which the limit was crossed
}

// sparklineOf returns the chart of an alert; nil if there is nothing to compare.
func sparklineOf(a *window.Alert) *sparkline {
	c := a.Chart()
	if len(c.Messages) < 2 {
		return nil
	}
	to := c.From.Add(time.Duration(len(c.Messages)) * c.Step)
	layout := chartLayout(c.From, to, c.Step)
	return &sparkline{
		Scale: fmt.Sprintf("Messages per %s, at most %d.", strings.TrimPrefix(long(c.Step), "1 "),
			slices.Max(c.Messages)),
		Over: "Over the limit since " + a.Opened.Format(stampOf(layout)) + ".",
		From: c.From.Format(layout), To: to.Format(layout),
		bars: c.Messages, opened: c.Opened,
	}
}

// chartLayout is the shortest layout that tells the ends of a chart apart.
func chartLayout(from, to time.Time, step time.Duration) string {
	switch {
	case step >= 24*time.Hour:
		return dayLayout
	case from.Format(dayLayout) != to.Format(dayLayout):
		return dayLayout + " 15:04"
	case step < time.Minute:
		return clockLayout
	}
	return "15:04"
}

// stampOf is the layout of a moment beside a chart whose ends have that layout.
func stampOf(layout string) string {
	if strings.HasPrefix(layout, dayLayout) {
		return dayLayout + " " + clockLayout
	}
	return clockLayout
}

// sparks are the heights of a bar in text: the first is none at all.
var sparks = []rune("▁▂▃▄▅▆▇█")

// text draws the bars as characters.
func (c *sparkline) text() string {
	most := slices.Max(c.bars)
	var b strings.Builder
	for _, n := range c.bars {
		b.WriteRune(sparks[height(n, most, len(sparks)-1)])
	}
	return b.String()
}

// Alt replaces the picture where a client doesn't show it.
func (c *sparkline) Alt() string { return "Bar chart: " + strings.Trim(fmt.Sprint(c.bars), "[]") }

// height is the height of the bar of n, if the bar of most has full steps: 0 for none, at least 1 for any other.
func height(n, most int64, full int) int {
	if n <= 0 || most <= 0 {
		return 0
	}
	return max(int(float64(n)/float64(most)*float64(full)+0.5), 1)
}
