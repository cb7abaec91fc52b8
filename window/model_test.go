package window

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A model does what Counters do by definition: it keeps all arrivals, lets time pass second by second and counts again
// in each.
type model struct {
	rules    []Rule
	now      int64
	started  bool
	arrivals []*Arrival
	open     map[string]*modelAlert // by rule and value
	ended    []verdict
}

type modelAlert struct {
	verdict
	rule  Rule
	value string
	quiet int64 // second since which the count is at or under the limit; -1 while over
	all   []*Arrival
}

// A verdict is what is compared.
type verdict struct {
	ID, Rule, Value, CrossedBy  string
	Count, Peak                 int64
	Messages, Recipients, Bytes int64
	Opened, Ended               int64
	First, Last                 int64
	Subjects                    []Row
}

func (m *model) count(r Rule, value string, now int64) (sum int64) {
	for _, a := range m.arrivals {
		if m.inside(a, r, value, now) {
			sum += [...]int64{1, a.Recipients, a.Bytes}[r.Count]
		}
	}
	return sum
}

func (m *model) inside(a *Arrival, r Rule, value string, now int64) bool {
	t := a.At.Unix()
	return a.Values[r.Key] != nil && string(a.Values[r.Key]) == value && t <= now && now < t+int64(r.Window.Seconds())
}

func (m *model) advance(at int64) {
	if !m.started {
		m.now, m.started = at, true
	}
	for m.now < at {
		m.now++
		m.settle()
		if len(m.open) == 0 {
			m.now = at
		}
	}
}

// settle looks at the open alerts at now.
func (m *model) settle() {
	var ended []verdict
	for key, a := range m.open {
		if m.count(a.rule, a.value, m.now) > a.rule.Limit {
			a.quiet = -1
		} else if a.quiet < 0 {
			a.quiet = m.now
		}
		if a.quiet >= 0 && m.now >= a.quiet+int64(a.rule.Window.Seconds()) {
			a.Ended = m.now
			ended = append(ended, a.finish())
			delete(m.open, key)
		}
	}
	slices.SortFunc(ended, byID)
	m.ended = append(m.ended, ended...)
}

// add counts an arrival and returns the alerts it opened.
func (m *model) add(a *Arrival) (opened []string) {
	m.advance(a.At.Unix())
	m.arrivals = append(m.arrivals, a)
	for _, r := range m.rules {
		if a.Values[r.Key] == nil {
			continue
		}
		value := string(a.Values[r.Key])
		key := r.String() + " " + value
		count := m.count(r, value, m.now)
		if open := m.open[key]; open != nil {
			open.all = append(open.all, a)
			if open.Peak = max(open.Peak, count); count > r.Limit {
				open.quiet = -1
			}
		} else if count > r.Limit {
			m.open[key] = m.cross(r, value, count, a)
			opened = append(opened, m.open[key].ID)
		}
	}
	return opened
}

func (m *model) cross(r Rule, value string, count int64, a *Arrival) *modelAlert {
	open := &modelAlert{rule: r, value: value, quiet: -1}
	open.verdict = verdict{
		ID: alertID(r, value, a.MessageID), Rule: r.String(), Value: value, CrossedBy: string(a.MessageID),
		Count: count, Peak: count, Opened: a.At.Unix(),
	}
	for _, b := range m.arrivals {
		if m.inside(b, r, value, m.now) {
			open.all = append(open.all, b)
		}
	}
	return open
}

func (a *modelAlert) finish() verdict {
	v := a.verdict
	v.First, v.Last = a.all[0].At.Unix(), a.all[0].At.Unix()
	subjects := map[string]*Row{}
	for _, b := range a.all {
		v.Messages++
		v.Recipients += b.Recipients
		v.Bytes += b.Bytes
		v.First, v.Last = min(v.First, b.At.Unix()), max(v.Last, b.At.Unix())
		if s := b.Values[Subject]; s != nil {
			if subjects[string(s)] == nil {
				subjects[string(s)] = &Row{Value: string(s)}
			}
			subjects[string(s)].Messages++
			subjects[string(s)].Recipients += b.Recipients
			subjects[string(s)].Bytes += b.Bytes
		}
	}
	for _, s := range slices.Backward(slices.Sorted(maps.Keys(subjects))) {
		v.Subjects = append(v.Subjects, *subjects[s])
	}
	slices.SortStableFunc(v.Subjects, func(a, b Row) int { return int(b.Messages - a.Messages) })
	return v
}

func byID(a, b verdict) int {
	return cmp.Or(cmp.Compare(a.Ended, b.Ended), cmp.Compare(a.ID, b.ID))
}

// verdictOf is the alert as compared; Ended is 0 while open.
func verdictOf(a *Alert) verdict {
	v := verdict{
		ID: a.ID, Rule: a.Rule.String(), Value: a.Value, CrossedBy: a.CrossedBy, Count: a.Count, Peak: a.Peak,
		Messages: a.Messages, Recipients: a.Recipients, Bytes: a.Bytes,
		Opened: a.Opened.Unix(), First: a.First.Unix(), Last: a.Last.Unix(), Subjects: a.Top(Subject, 0),
	}
	if !a.Ended.IsZero() {
		v.Ended = a.Ended.Unix()
	}
	return v
}

func verdictsOf(alerts []*Alert) (vs []verdict) {
	for _, a := range alerts {
		vs = append(vs, verdictOf(a))
	}
	slices.SortFunc(vs, byID)
	return vs
}

func TestCountersAgreeWithTheirDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		c, err := New(rules)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{rules: rules, open: map[string]*modelAlert{}}
		callAdvance := rapid.Bool().Draw(t, "call Advance")
		var ended []*Alert
		now := noon.Unix()
		for i := range rapid.IntRange(1, 120).Draw(t, "arrivals") {
			a := drawArrival(t, i, &now)
			if callAdvance {
				ended = append(ended, c.Advance(a.At)...)
			}
			var opened []string
			counted, _ := c.Count(a)
			for _, alert := range counted {
				opened = append(opened, alert.ID)
			}
			if diff := gocmp.Diff(m.add(a), opened); diff != "" {
				t.Fatalf("arrival %d opened: %s", i, diff)
			}
			checkValues(t, c, m)
		}
		ended = append(ended, c.Advance(time.Unix(now, 0))...)
		var open []verdict
		for _, a := range m.open {
			open = append(open, a.finish())
		}
		slices.SortFunc(open, byID)
		if diff := gocmp.Diff(open, verdictsOf(c.Open())); diff != "" {
			t.Fatalf("open: %s", diff)
		}
		last := now + 1000
		m.advance(last)
		ended = append(ended, c.Advance(time.Unix(last, 0))...)
		if !slices.IsSortedFunc(ended, func(a, b *Alert) int { return a.Ended.Compare(b.Ended) }) {
			t.Fatal("alerts not in the order they ended")
		}
		slices.SortFunc(m.ended, byID)
		if diff := gocmp.Diff(m.ended, verdictsOf(ended)); diff != "" {
			t.Fatalf("ended: %s", diff)
		}
		if got := c.Stats(); got != (Stats{}) {
			t.Fatalf("held at the end: %+v", got)
		}
	})
}

func drawRules(t *rapid.T) []Rule {
	rule := rapid.Custom(func(t *rapid.T) Rule {
		r := Rule{
			Key:    rapid.SampledFrom([]Key{Sender, Host}).Draw(t, "key"),
			Count:  Measure(rapid.IntRange(0, 2).Draw(t, "count")),
			Limit:  rapid.Int64Range(1, 6).Draw(t, "limit"),
			Window: time.Duration(rapid.SampledFrom([]int{10, 11, 15, 30, 60}).Draw(t, "window")) * time.Second,
		}
		r.Name = r.String()
		return r
	})
	return rapid.SliceOfNDistinct(rule, 1, 4, Rule.String).Draw(t, "rules")
}

// drawArrival draws one at or behind *now, by 5 s at most, or after it.
func drawArrival(t *rapid.T, n int, now *int64) *Arrival {
	gap := rapid.SampledFrom([]int64{0, 0, 0, 1, 1, 2, 3, 5, 8, 9, 10, 11, 14, 20, 25, 30, 60, 119, 150, 5000, -1, -2, -5}).Draw(t, "gap")
	a := &Arrival{
		At:         time.Unix(*now+gap, 0),
		MessageID:  fmt.Appendf(nil, "m%d", n),
		Recipients: rapid.Int64Range(0, 4).Draw(t, "recipients"),
		Bytes:      rapid.Int64Range(0, 4).Draw(t, "bytes"),
	}
	*now = max(*now, *now+gap)
	for _, k := range []Key{Sender, Host, Subject} {
		if value := rapid.SampledFrom([]string{"a", "a", "b", "", "none"}).Draw(t, k.String()); value != "none" {
			a.Values[k] = []byte(value)
		}
	}
	return a
}

// checkValues compares what Value tells with counts made anew.
func checkValues(t *rapid.T, c *Counters, m *model) {
	for _, k := range []Key{Sender, Host, Subject} {
		for _, value := range []string{"a", "b", "", "unheard"} {
			var want int64
			wantOver := false
			for _, r := range m.rules {
				if r.Key == k {
					n := m.count(r, value, m.now)
					want, wantOver = max(want, n), wantOver || n > r.Limit
				}
			}
			if got, over := c.Value(k, []byte(value)); got != want || over != wantOver {
				t.Fatalf("Value(%v, %q) = %d, %v, want %d, %v", k, value, got, over, want, wantOver)
			}
		}
	}
}
