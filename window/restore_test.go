package window

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// saveAndLoad returns what is saved as it comes back from a checkpoint.
func saveAndLoad(t fataler, c *Counters) (saved Saved) {
	t.Helper()
	text, err := json.Marshal(c.Save())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &saved); err != nil {
		t.Fatal(err)
	}
	var failed error
	for i := range saved.Alerts {
		failed = errors.Join(failed, saved.Alerts[i].Validate())
	}
	for i := range saved.Incidents {
		failed = errors.Join(failed, saved.Incidents[i].Validate())
	}
	if failed != nil {
		t.Fatalf("what was saved is invalid: %v", failed)
	}
	return saved
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// seen is all that a caller can see of an alert.
type seen struct {
	ID, Rule, Name, Value, CrossedBy string
	Count, Peak, Limit, Times        int64
	Messages, Recipients, Size       int64
	Opened, Ended, First, Last       string
	Samples                          []string
	Rows                             [NumValues][]ValueCount
	More                             [NumValues]bool
	Incident, Identity               string
	Closes, Untold                   bool
	Chart                            Chart
}

func seenOf(a *Alert) seen {
	s := seen{
		ID: a.ID, Rule: a.Rule.String(), Name: a.Rule.Name, Value: a.Value, CrossedBy: a.CrossedBy, Count: a.Count,
		Peak:  a.Peak,
		Limit: a.Limit, Messages: a.Messages, Recipients: a.Recipients, Size: a.Bytes, Samples: slices.Clone(a.Samples),
		Times: a.Times, Incident: a.Incident.ID, Identity: a.Incident.About.String(), Closes: a.Closes,
		Untold: a.Untold, Chart: a.Chart(),
		Opened: format(a.Opened), Ended: format(a.Ended), First: format(a.First), Last: format(a.Last),
	}
	for k := range NumValues {
		s.Rows[k] = a.Top(k, 0)
		_, s.More[k] = a.Distinct(k)
	}
	return s
}

func format(t time.Time) string { return t.Format("2006-01-02 15:04:05.999999999 Z07:00:00") }

func seenOfAll(alerts []*Alert) (all []seen) {
	for _, a := range alerts {
		all = append(all, seenOf(a))
	}
	return all
}

// A logLine is a line of the log. arrival is nil if the line doesn't count.
type logLine struct {
	at      time.Time
	arrival *Arrival
}

// told is what reading a line returns.
type told struct {
	Ended, Opened, Grown, Open []seen
	Values                     map[string]int64
}

func (l *logLine) read(c *Counters) (ended, opened, grown []*Alert) {
	ended = c.Advance(l.at)
	if l.arrival != nil {
		opened, grown = c.Count(l.arrival)
	}
	return ended, opened, grown
}

func (l *logLine) tell(c *Counters) told {
	ended, opened, grown := l.read(c)
	return told{seenOfAll(ended), seenOfAll(opened), seenOfAll(grown), seenOfAll(c.Open()), valuesOf(c)}
}

func valuesOf(c *Counters) map[string]int64 {
	values := map[string]int64{}
	for k := range NumKeys {
		for _, v := range drawnValues {
			values[k.String()+" "+v], _ = c.CountNow(k, []byte(v))
		}
	}
	return values
}

// drawLog draws lines. Some are late, and the clock is set back and forth.
func drawLog(t *rapid.T) []logLine {
	zones := []*time.Location{time.UTC, time.FixedZone("", 7200), time.FixedZone("", -(3*3600 + 1800))}
	gaps := []int64{0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 5, 8, 10, 11, 14, 20, 30, 60, 61, 119, 150, 5000, -1, -2, -5, -6,
		-40, -200, -3600}
	lines := make([]logLine, rapid.IntRange(1, 250).Draw(t, "lines"))
	stamp := noon
	for i := range lines {
		gap := rapid.SampledFrom(gaps).Draw(t, "gap")
		stamp = stamp.Add(time.Duration(gap)*time.Second +
			time.Duration(rapid.IntRange(0, 3).Draw(t, "ms"))*time.Millisecond)
		late := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 0, 1, 4, 6}).Draw(t, "late")) * time.Second
		lines[i].at = stamp.Add(-late).In(rapid.SampledFrom(zones).Draw(t, "zone"))
		if rapid.IntRange(0, 9).Draw(t, "counts") > 0 {
			unused := int64(0)
			lines[i].arrival = drawArrival(t, i, &unused)
			lines[i].arrival.At = lines[i].at
		}
	}
	return lines
}

// Checkpoints rely on this: the arrivals of the last two windows determine what is open now and when it ends. With
// saved alerts those of the last window are enough.
func TestRestoredGoesOnAsIfNothingHadHappened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		lines := drawLog(t)
		split := rapid.IntRange(0, len(lines)).Draw(t, "split")
		levelSize := drawLevelSize(t)
		whole := newWithLevelSize(t, rules, levelSize)
		clocks := make([]Clock, split)
		for i := range split {
			clocks[i] = whole.Clock()
			lines[i].read(whole)
		}
		windows := rapid.Int64Range(1, 2).Draw(t, "windows")
		mark := drawMark(t, clocks, whole, windows)

		again := newWithLevelSize(t, rules, levelSize)
		if mark > 0 {
			again.SetClock(clocks[mark])
		}
		for i := mark; i < split; i++ {
			lines[i].read(again)
		}
		if mark == 0 || windows == 2 && !anyEnds(rules) {
			if diff := gocmp.Diff(openKeysOf(whole), openKeysOf(again)); diff != "" {
				t.Fatalf("open at %d, read from %d on: %s", split, mark, diff)
			}
		}
		if fresh := again.Restore(saveAndLoad(t, whole)); len(fresh) > 0 {
			t.Fatalf("%d lines again from %d on opened others: %+v", split, mark, seenOfAll(fresh))
		}
		want := told{Open: seenOfAll(whole.Open()), Values: valuesOf(whole)}
		if diff := gocmp.Diff(want, told{Open: seenOfAll(again.Open()), Values: valuesOf(again)}); diff != "" {
			t.Fatalf("restored at %d, read from %d on: %s", split, mark, diff)
		}
		end := logLine{at: time.Unix(whole.Clock().Now+1000, 0)}
		for i, l := range append(slices.Clone(lines[split:]), end) {
			if diff := gocmp.Diff(l.tell(whole), l.tell(again), charts(windows == 2 || mark == 0)); diff != "" {
				t.Fatalf("restored at %d, read from %d on, line %d: %s", split, mark, split+i, diff)
			}
		}
	})
}

// charts makes cmp compare charts or not. The chart of an alert that opens later also shows the window before.
func charts(compare bool) gocmp.Option {
	return gocmp.FilterPath(func(p gocmp.Path) bool { return !compare && p.Last().String() == ".Chart" },
		gocmp.Ignore())
}

// anyEnds reports whether an exception ends. That may keep an alert open without an arrival.
func anyEnds(rules []Rule) bool {
	return slices.ContainsFunc(rules, func(r Rule) bool {
		return slices.ContainsFunc(r.Except, func(e Exception) bool { return !e.Until.IsZero() })
	})
}

func newCounters(t fataler, rules []Rule) *Counters {
	t.Helper()
	c, err := New(rules)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openKeysOf names the open alerts.
func openKeysOf(c *Counters) (names []string) {
	for _, a := range c.Open() {
		names = append(names, a.Rule.String()+" "+a.Value)
	}
	slices.Sort(names)
	return names
}

// drawMark draws the line from which to read again: the first, or one the given number of windows before now.
func drawMark(t *rapid.T, clocks []Clock, c *Counters, windows int64) int {
	marks := []int{0}
	for i, clock := range clocks {
		if clock.Now+windows*int64(c.Longest()/time.Second) <= c.Clock().Now {
			marks = append(marks, i)
		}
	}
	return marks[rapid.IntRange(0, len(marks)-1).Draw(t, "mark")]
}
