package window

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A model does by definition what Counters do. It keeps all arrivals, lets time pass second by second, and counts again
// in each.
type model struct {
	rules     []Rule
	levelSize int64
	brief     bool
	now       int64
	started   bool
	arrivals  []*Arrival
	open      map[string]*modelAlert // by rule and value
	ended     []verdict
}

type modelAlert struct {
	verdict
	rule  Rule
	value string
	quiet int64 // second since which the count is at or under the limit; -1 while over
	all   []*Arrival
}

// A verdict is what the test compares of an alert.
type verdict struct {
	ID, Rule, Value, CrossedBy  string
	Count, Peak, Limit          int64
	Messages, Recipients, Bytes int64
	Suspicious                  int64
	Opened, Ended               int64
	First, Last                 int64
	Subjects                    []ValueCount
}

func (m *model) count(r Rule, value string, now int64) (sum int64) {
	distinct := map[string]bool{}
	var known, refused int64
	for _, a := range m.arrivals {
		if !m.inside(a, r, value, now) {
			continue
		}
		switch r.Count {
		case Messages, Anomalies, Bounces, Deferrals:
			sum++
		case BounceShare:
			if known++; a.Nature == Refused {
				refused++
			}
		case Recipients:
			sum += a.Recipients
		case Bytes:
			sum += a.Bytes
		case Addresses:
			for _, address := range a.Addresses {
				distinct[string(address)] = true
			}
		default:
			key := map[Measure]Key{Hosts: Host, Networks: Network, Senders: Sender, Subjects: Subject}[r.Count]
			if a.Values[key] != nil {
				distinct[string(a.Values[key])] = true
			}
		}
	}
	if r.Count == BounceShare {
		if known < cmp.Or(r.Floor, DefaultFloor) {
			return 0
		}
		return refused * 100 / known
	}
	return sum + estimated(distinct, m.levelSize)
}

// estimated is the count of distinct values by the definition in the package's doc comment.
func estimated(values map[string]bool, size int64) (n int64) {
	var levels [65]int64
	for v := range values {
		sum := sha256.Sum256([]byte(v))
		levels[bits.TrailingZeros64(binary.BigEndian.Uint64(sum[:8]))]++
	}
	for _, held := range slices.Backward(levels[:]) {
		if held > size {
			held = max(n, size+1)
		}
		n += held
	}
	return n
}

func (m *model) inside(a *Arrival, r Rule, value string, now int64) bool {
	t := a.At.Unix()
	return m.counts(a, r) && string(a.Values[r.Key]) == value && t <= now && now < t+int64(r.Window.Seconds())
}

// sure is the count without arrivals that may be somebody else's.
func (m *model) sure(r Rule, value string, now int64) (sum int64) {
	sum = m.count(r, value, now)
	for _, a := range m.arrivals {
		if a.Nature != Doubtful && a.Nature != Alternate && a.Nature != DoubtfulLater || !m.inside(a, r, value, now) {
			continue
		}
		switch r.Count {
		case Recipients, Addresses:
			sum -= a.Recipients
		case Bytes:
			sum -= a.Bytes
		default:
			sum--
		}
	}
	return max(sum, 0)
}

// counts reports whether the rule counts the arrival under any value.
func (m *model) counts(a *Arrival, r Rule) bool {
	var scopes []string
	for _, r := range m.rules {
		if !slices.Contains(scopes, r.Scope) && (r.Scope != "" || r.Count != Anomalies) {
			scopes = append(scopes, r.Scope)
		}
	}
	switch {
	case r.Count == Anomalies:
		if a.Nature != Odd && a.Nature != Doubtful && a.Nature != Stray {
			return false
		}
		if r.Scope == "" {
			return a.Values[r.Key] != nil
		}
	case r.Count.Fates() || a.Nature >= Delivered:
		wanted := map[Measure][]Nature{Bounces: {Refused}, Deferrals: {Deferred}, BounceShare: {Refused, Delivered}}
		if !slices.Contains(wanted[r.Count], a.Nature) {
			return false
		}
	case a.Nature == Stray, (a.Nature == Identified) != (r.Key == CPUser),
		a.Nature == Alternate && r.Key != Auth && r.Key != Account && r.Key != AccountDomain:
		return false
	}
	return a.Values[r.Key] != nil && a.Outside&(1<<slices.Index(scopes, r.Scope)) == 0
}

func (m *model) limit(r Rule, value string, now int64) int64 {
	for _, e := range r.Except {
		if e.Match(value) && (e.Until.IsZero() || time.Unix(now, 0).Before(e.Until)) {
			return e.Limit
		}
	}
	return r.Limit
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

// settle ends the open alerts that end at now.
func (m *model) settle() {
	var ended []verdict
	for key, a := range m.open {
		over := m.count(a.rule, a.value, m.now) > m.limit(a.rule, a.value, m.now)
		if over && a.rule.Count != BounceShare {
			a.quiet = -1
		} else if !over && a.quiet < 0 {
			a.quiet = m.now
		}
		if a.quiet >= 0 && m.now >= a.quiet+int64(a.rule.Window.Seconds()) {
			a.Ended = m.now
			ended = append(ended, m.finish(a))
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
		if !m.counts(a, r) {
			continue
		}
		value := string(a.Values[r.Key])
		key := r.String() + " " + value
		count, limit := m.count(r, value, m.now), m.limit(r, value, m.now)
		if open := m.open[key]; open != nil {
			open.all = append(open.all, a)
			if open.Peak = max(open.Peak, count); count > limit {
				open.quiet = -1
			} else if r.Count == BounceShare && open.quiet < 0 {
				open.quiet = m.now + 1
			}
		} else if count > limit {
			m.open[key] = m.cross(r, value, count, a)
			opened = append(opened, m.open[key].ID)
		}
	}
	return opened
}

func (m *model) cross(r Rule, value string, count int64, a *Arrival) *modelAlert {
	open := &modelAlert{rule: r, value: value, quiet: -1}
	open.verdict = verdict{
		ID: alertID(r, value, a), Rule: r.String(), Value: value, CrossedBy: string(a.MessageID),
		Count: count, Peak: count, Limit: m.limit(r, value, m.now), Opened: a.At.Unix(),
	}
	for _, b := range m.arrivals {
		if m.inside(b, r, value, m.now) {
			open.all = append(open.all, b)
		}
	}
	return open
}

func (m *model) finish(a *modelAlert) verdict {
	v := a.verdict
	v.First, v.Last = a.all[0].At.Unix(), a.all[0].At.Unix()
	subjects := map[string]*ValueCount{}
	for _, b := range a.all {
		v.Messages++
		if b.Nature == Doubtful || b.Nature == Alternate || b.Nature == DoubtfulLater {
			v.Suspicious++
		}
		v.Recipients += b.Recipients
		v.Bytes += b.Bytes
		v.First, v.Last = min(v.First, b.At.Unix()), max(v.Last, b.At.Unix())
		if s := b.Values[Subject]; s != nil {
			if subjects[string(s)] == nil {
				subjects[string(s)] = &ValueCount{Value: string(s)}
			}
			subjects[string(s)].Messages++
			subjects[string(s)].Recipients += b.Recipients
			subjects[string(s)].Bytes += b.Bytes
		}
	}
	if m.brief {
		v.First, v.Last = time.Time{}.Unix(), time.Time{}.Unix()
	}
	for _, s := range slices.Backward(slices.Sorted(maps.Keys(subjects))) {
		v.Subjects = append(v.Subjects, *subjects[s])
	}
	slices.SortStableFunc(v.Subjects, func(a, b ValueCount) int { return int(b.Messages - a.Messages) })
	return v
}

func byID(a, b verdict) int {
	return cmp.Or(cmp.Compare(a.Ended, b.Ended), cmp.Compare(a.ID, b.ID))
}

// verdictOf is the alert's verdict. Ended is 0 while it is open.
func verdictOf(a *Alert) verdict {
	v := verdict{
		ID: a.ID, Rule: a.Rule.String(), Value: a.Value, CrossedBy: a.CrossedBy, Count: a.Count, Peak: a.Peak,
		Limit:    a.Limit,
		Messages: a.Messages, Recipients: a.Recipients, Bytes: a.Bytes, Suspicious: a.Suspicious,
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
		levelSize := drawLevelSize(t)
		c := newWithLevelSize(t, rules, levelSize)
		m := &model{rules: rules, levelSize: int64(levelSize), open: map[string]*modelAlert{}}
		if m.brief = rapid.Bool().Draw(t, "brief"); m.brief {
			c.Brief()
		}
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
			open = append(open, m.finish(a))
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
			Key: rapid.SampledFrom([]Key{Sender, Sender, Host, Host,
				Key(rapid.IntRange(0, int(NumKeys)-1).Draw(t, "any key"))}).Draw(t, "key"),
			Count:  Measure(rapid.IntRange(0, int(numMeasures)-1).Draw(t, "count")),
			Limit:  rapid.Int64Range(1, 6).Draw(t, "limit"),
			Window: time.Duration(rapid.SampledFrom([]int{10, 11, 15, 30, 60}).Draw(t, "window")) * time.Second,
			Scope:  rapid.SampledFrom([]string{"", "", "", "only local", "only all"}).Draw(t, "scope"),
		}
		if r.Count == BounceShare {
			r.Floor, r.Limit = rapid.Int64Range(1, 4).Draw(t, "floor"), r.Limit*15
		}
		for range rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3}).Draw(t, "exceptions") {
			r.Except = append(r.Except, drawException(t, r.Limit))
		}
		r.Name = r.String()
		return r
	})
	valid := rule.Filter(func(r Rule) bool { return r.Validate() == nil })
	return rapid.SliceOfNDistinct(valid, 1, 5, Rule.String).Draw(t, "rules")
}

func drawException(t *rapid.T, limit int64) Exception {
	of := rapid.SampledFrom([]string{"a", "b", "ab"}).Draw(t, "match")
	e := Exception{
		Match: func(value string) bool { return strings.Contains(of, value) },
		Limit: limit + rapid.Int64Range(1, 4).Draw(t, "higher by"),
	}
	if rapid.Bool().Draw(t, "ends") {
		e.Until = noon.Add(time.Duration(rapid.IntRange(-10, 2000).Draw(t, "until")) * time.Second / 10)
	}
	return e
}

// drawLevelSize draws how many values a level may hold.
func drawLevelSize(t *rapid.T) int {
	return rapid.SampledFrom([]int{1, 2, 3, 4, maxLevelSize}).Draw(t, "level size")
}

func newWithLevelSize(t fataler, rules []Rule, levelSize int) *Counters {
	t.Helper()
	l := defaultLimits
	l.levelSize = levelSize
	c, err := newLimited(rules, l)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// drawnValues are the values that drawArrival gives an arrival.
var drawnValues = []string{"a", "b", "", "c", "d", "e"}

// drawArrival draws an arrival up to 5 s behind *now, at it, or after it.
func drawArrival(t *rapid.T, n int, now *int64) *Arrival {
	gap := rapid.SampledFrom([]int64{0, 0, 0, 1, 1, 2, 3, 5, 8, 9, 10, 11, 14, 20, 25, 30, 60, 119, 150, 5000, -1, -2,
		-5}).Draw(t, "gap")
	a := &Arrival{
		At:         time.Unix(*now+gap, 0),
		MessageID:  fmt.Appendf(nil, "m%d", n),
		Recipients: rapid.Int64Range(0, 4).Draw(t, "recipients"),
		Bytes:      rapid.Int64Range(0, 4).Draw(t, "bytes"),
	}
	*now = max(*now, *now+gap)
	value := func(name string) []byte {
		value := rapid.SampledFrom([]string{"a", "a", "a", "b", "b", "", "none", "c", "d", "e"}).Draw(t, name)
		if value == "none" {
			return nil
		}
		return []byte(value)
	}
	other := value("other keys")
	for k := range a.Values {
		a.Values[k] = other
	}
	for _, k := range []Key{Sender, Host, Network, Subject} {
		a.Values[k] = value(k.String())
	}
	for range rapid.IntRange(0, 3).Draw(t, "addresses") {
		a.Addresses = append(a.Addresses, fmt.Append(nil, rapid.IntRange(0, 9).Draw(t, "address")))
	}
	a.Nature = rapid.SampledFrom([]Nature{Plain, Plain, Plain, Odd, Doubtful, Stray, Alternate, Identified,
		Relayed, DoubtfulLater, Delivered, Delivered, Refused, Refused, Deferred}).Draw(t, "nature")
	if a.Nature >= Delivered {
		a.Recipients, a.Bytes = 1, 0
	}
	a.Outside = rapid.SampledFrom([]uint64{0, 0, 0, 1, 2, 3, 4, 5, 6, 7}).Draw(t, "outside")
	return a
}

// checkValues compares the answers of CountAt, for now and for a later time, with new counts.
func checkValues(t *rapid.T, c *Counters, m *model) {
	ahead := m.now + rapid.SampledFrom([]int64{0, 1, 4, 9, 10, 29, 60, 5000}).Draw(t, "ahead")
	for k := range NumKeys {
		for _, value := range append([]string{"unheard"}, drawnValues...) {
			for _, now := range []int64{m.now, ahead} {
				var want int64
				wantOver := false
				for _, r := range m.rules {
					if r.Key == k {
						n := m.sure(r, value, now)
						want, wantOver = max(want, n), wantOver || n > m.limit(r, value, now)
					}
				}
				if got, over := c.CountAt(k, []byte(value), now); got != want || over != wantOver {
					t.Fatalf("CountAt(%v, %q, %d) = %d, %v, want %d, %v", k, value, now, got, over, want, wantOver)
				}
			}
		}
	}
}
