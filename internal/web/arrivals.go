package web

import (
	"time"

	"exiwatch/internal/look"
	"exiwatch/window"
)

// arrivals is the chart of all arrivals in the last hours.
func (n *Now) arrivals() *look.Columns {
	last := n.Second / 60
	c := &look.Columns{
		Title: "Messages taken in each minute", Unit: "messages", Step: time.Minute,
		From: n.Book.stamp((last - MinutesKept + 1) * 60),
		Series: []look.Series{
			{Name: "with a password", Class: "one"}, {Name: "by programs of this machine", Class: "two"}, {Name: "other, mostly from elsewhere", Class: "three"},
		},
	}
	for class := range c.Series {
		c.Series[class].Values = make([]int64, MinutesKept)
	}
	for _, m := range n.Book.minutes {
		if i := m.at - (last - MinutesKept + 1); i >= 0 && i < MinutesKept {
			for class, count := range m.counts {
				c.Series[class].Values[i] = count
			}
		}
	}
	return c
}

// sparks draws for each standing the messages of its value in the last hour.
func (n *Now) sparks(of []window.Standing) []look.Spark {
	const spans, length = 30, 120 // seconds
	from := n.Second - spans*length + 1
	counts := make([][]int64, len(of))
	var rows [window.NumKeys]map[string][]int // numbers in of
	for i, s := range of {
		counts[i] = make([]int64, spans)
		k := n.Rules[s.Rule].Key
		if rows[k] == nil {
			rows[k] = make(map[string][]int)
		}
		rows[k][s.Value] = append(rows[k][s.Value], i)
	}
	var buffer []byte
	for r := range n.Book.rows(from) {
		span := (r.at - from) / length
		if span < 0 || span >= spans {
			continue
		}
		for k, of := range rows {
			if of == nil {
				continue
			}
			for _, i := range of[string(r.value(window.Key(k), &buffer))] {
				counts[i][span]++
			}
		}
	}
	sparks := make([]look.Spark, len(of))
	for i := range sparks {
		sparks[i] = look.NewSpark(counts[i])
	}
	return sparks
}
