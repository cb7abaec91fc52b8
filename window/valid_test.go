package window

import (
	"math"
	"testing"
	"time"
)

// TestImpossibleSaved: Validate accepts a saved alert and refuses what Save can't have written. See also saveAndLoad.
func TestImpossibleSaved(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(4, at(0))
	for name, spoil := range map[string]func(*SavedAlert){
		"no id":                   func(s *SavedAlert) { s.ID = "" },
		"a path as id":            func(s *SavedAlert) { s.ID = "../../../../../../xx" },
		"thread":                  func(s *SavedAlert) { s.Thread = "Ab" },
		"incident":                func(s *SavedAlert) { s.Incident = "Ab" },
		"count":                   func(s *SavedAlert) { s.Count = -1 },
		"peak":                    func(s *SavedAlert) { s.Peak = -1 },
		"times and no limit":      func(s *SavedAlert) { s.Times, s.Limit = -1, 0 },
		"times that isn't told":   func(s *SavedAlert) { s.Times = 3 },
		"times beyond all":        func(s *SavedAlert) { s.Times = math.MaxInt64 },
		"limit":                   func(s *SavedAlert) { s.Limit = -1 },
		"before":                  func(s *SavedAlert) { s.Before = math.MinInt64 },
		"totals":                  func(s *SavedAlert) { s.Messages = -1 },
		"zone":                    func(s *SavedAlert) { s.Opened.Offset = 25 * 3600 },
		"zone in the west":        func(s *SavedAlert) { s.First.Offset = -25 * 3600 },
		"seconds":                 func(s *SavedAlert) { s.Last.Seconds = math.MaxInt64 },
		"nanoseconds":             func(s *SavedAlert) { s.Since.Nanoseconds = -1 },
		"second of the first":     func(s *SavedAlert) { s.FirstAt = math.MinInt64 },
		"second of the last":      func(s *SavedAlert) { s.LastAt = math.MaxInt64 },
		"second of opening":       func(s *SavedAlert) { s.OpenedAt = math.MinInt64 },
		"fell":                    func(s *SavedAlert) { s.Fell = math.MaxInt64 },
		"samples":                 func(s *SavedAlert) { s.Samples = make([][]byte, 4) },
		"message id":              func(s *SavedAlert) { s.LastID = make([]byte, 25) },
		"tallies":                 func(s *SavedAlert) { s.ValueCounts = make([]SavedValues, numCounts+1) },
		"rows":                    func(s *SavedAlert) { s.ValueCounts[0].Rows = make([]SavedValue, 1001) },
		"row":                     func(s *SavedAlert) { s.ValueCounts[0].Rows[0].Bytes = -1 },
		"other row":               func(s *SavedAlert) { s.ValueCounts[0].Other.Messages = -1 },
		"bars":                    func(s *SavedAlert) { s.Chart.Bars = make([]int64, 61) },
		"bar":                     func(s *SavedAlert) { s.Chart.Bars[0] = -1 },
		"no step":                 func(s *SavedAlert) { s.Chart.Step = 0 },
		"step":                    func(s *SavedAlert) { s.Chart.Step = -10 },
		"chart before all stamps": func(s *SavedAlert) { s.Chart.From = math.MinInt64 },
	} {
		s := l.counters.Save().Alerts[0]
		if err := s.Validate(); err != nil {
			t.Fatalf("Validate = %v, want none for what was saved", err)
		}
		spoil(&s)
		if err := s.Validate(); err == nil {
			t.Errorf("%s: Validate has no error for %+v", name, s)
		}
	}
}

func TestImpossibleClock(t *testing.T) {
	for _, c := range []Clock{{Now: math.MinInt64}, {Now: maxNow + 1}, {Shift: -1}, {Shift: math.MaxInt64}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v: Validate has no error", c)
		}
	}
	c := Clock{Now: minStamp}
	for _, stamp := range []int64{maxStamp, minStamp, maxStamp, minStamp} {
		c.read(stamp)
		if err := c.Validate(); err != nil {
			t.Errorf("after a stamp of %d: %v", stamp, err)
		}
	}
}

// TestTrim: the rows with the most messages stay, the totals stay the same, and Distinct reports that there were more.
func TestTrim(t *testing.T) {
	l := newLog(t, "account 1/1h")
	for i, host := range []string{"a", "b", "b", "c", "c", "c"} {
		a := l.arrival(at(i), "ann")
		a.Values[Account], a.Values[Host] = []byte("ann"), []byte(host)
		l.count(a)
	}
	s := l.counters.Save().Alerts[0]
	s.Trim(2)
	again := newLog(t, "account 1/1h").counters
	again.SetClock(l.counters.Clock())
	again.Restore(Saved{Alerts: []SavedAlert{s}})
	a := again.Open()[0]
	rows := a.Top(Host, 0)
	n, more := a.Distinct(Host)
	if n != 2 || !more || rows[0].Value != "c" || rows[0].Messages != 3 || rows[1].Value != "b" {
		t.Errorf("Distinct = %d, %v, Top = %+v: want c and b, and more", n, more, rows)
	}
	if a.Messages != 6 || a.values[Host].other.Messages != 1 || a.First.Sub(a.Last) != -5*time.Second {
		t.Errorf("the alert is %+v, want all 6 messages in it", a)
	}
}

// TestSavedByTheFirstVersion: the first version saved no chart and no seconds of the log's clock.
func TestSavedByTheFirstVersion(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(4, at(0))
	saved := l.counters.Save()
	a := &saved.Alerts[0]
	a.Chart, a.FirstAt, a.LastAt, a.OpenedAt = SavedChart{}, 0, 0, 0
	if err := saved.Alerts[0].Validate(); err != nil {
		t.Fatal(err)
	}
	l.counters.Restore(saved)
	restored := l.counters.Save()
	if err := restored.Alerts[0].Validate(); err != nil || restored.Alerts[0].ID != saved.Alerts[0].ID {
		t.Errorf("restored as %s: %v", restored.Alerts[0].ID, err)
	}
	if got, day := restored.Alerts[0].OpenedAt, at(0).Unix(); got < day || got > day+10 {
		t.Errorf("opened at %d, want within 10 s of %d", got, day)
	}
	l.send(1, at(1))
	if c := l.counters.Save().Alerts[0].Chart; c.From < at(-60).Unix() || len(c.Bars) == 0 {
		t.Errorf("chart %+v, want it from %d on", c, at(-60).Unix())
	}
}
