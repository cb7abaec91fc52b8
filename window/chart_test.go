package window

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChartOfTwoWindows(t *testing.T) {
	l := newLog(t, "sender 20/5m")
	l.send(2, at(0))
	l.count(l.arrival(at(0), "bob"))
	l.send(3, at(130))
	l.send(17, at(480)) // the window of 5 minutes holds these and no others
	alert := l.send(4, at(545))[0]
	l.send(5, at(601))
	want := Chart{From: at(-60), Step: time.Minute, Messages: []int64{0, 2, 0, 3, 0, 0, 0, 0, 0, 17, 4, 5}, Opened: 10}
	if diff := cmp.Diff(want, alert.Chart()); diff != "" {
		t.Error(diff)
	}
}

// Long spans begin at midnight in the log's zone, and each short span lies inside one.
func TestChartOfALongAlert(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	start := time.Date(2026, 11, 2, 3, 0, 30, 0, zone)
	l := newLog(t, "sender 1/1m")
	l.send(1, start)
	alert := l.send(1, start)[0]
	n := int64(2)
	for at := start.Add(30 * time.Second); at.Before(start.Add(10 * time.Hour)); at = at.Add(30 * time.Second) {
		if l.send(1, at) != nil {
			t.Fatal("another alert")
		}
		n++
	}
	c := alert.Chart()
	if c.Step != 15*time.Minute || !c.From.Equal(time.Date(2026, 11, 2, 2, 45, 0, 0, zone)) || c.Opened != 1 {
		t.Errorf("from %v in steps of %v, opened in %d, want 15 minutes from 02:45 on, opened in 1", c.From, c.Step,
			c.Opened)
	}
	if len(c.Messages) != 42 || c.Messages[2] != 30 || alert.Messages != n {
		t.Errorf("%d spans, the third of %d, of %d messages; want 42 of 30, %d", len(c.Messages), c.Messages[2],
			alert.Messages, n)
	}
	sum := int64(0)
	for _, m := range c.Messages {
		sum += m
	}
	if sum != n {
		t.Errorf("the spans have %d messages, want %d", sum, n)
	}
}

func TestSpansOfAYear(t *testing.T) {
	s := newSeries(0, 20, 0)
	for day := range int64(20 * 366) {
		s.add(day*86400, 0)
	}
	if len(s.bars) > maxBars {
		t.Errorf("%d spans, want %d at most", len(s.bars), maxBars)
	}
}
