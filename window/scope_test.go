package window

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// scoped returns two rules that differ only in their scope, and one on another key in the second scope.
var scoped = []Rule{
	{Key: Sender, Limit: 2, Window: 10 * time.Second},
	{Key: Sender, Limit: 2, Window: 10 * time.Second, Scope: "only local"},
	{Key: Host, Limit: 1, Window: time.Minute, Scope: "only local"},
}

func TestScopeIsPartOfTheRule(t *testing.T) {
	r := scoped[1]
	if got, want := r.String(), "sender 2/10s {only local}"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	if _, err := ParseRule(r.String()); err == nil {
		t.Errorf("ParseRule(%q): no error", r)
	}
	if alertID(scoped[0], "a", &Arrival{}) == alertID(scoped[1], "a", &Arrival{}) {
		t.Error("alerts of two scopes have one id")
	}
	if _, err := New([]Rule{scoped[1], scoped[1]}); err == nil {
		t.Error("New with the same rule in the same scope: no error")
	}
	if got := newCounters(t, scoped[1:]).Scopes(); !slices.Equal(got, []string{"only local"}) {
		t.Errorf("Scopes = %q, want only local", got)
	}
	if got := newCounters(t, scoped).Scopes(); !slices.Equal(got, []string{"", "only local"}) {
		t.Errorf("Scopes = %q, want the default and only local", got)
	}
}

func TestScopesAreBounded(t *testing.T) {
	var rules []Rule
	for i := range maxScopes {
		rules = append(rules, Rule{Key: Sender, Limit: 1, Window: time.Minute, Scope: fmt.Sprint(i)})
	}
	c := newCounters(t, rules)
	a := &Arrival{At: at(0), Outside: ^uint64(0)}
	a.Values[Sender] = []byte("alice")
	for range 2 {
		if opened, _ := c.Count(a); len(opened) > 0 || c.Stats() != (Stats{}) {
			t.Errorf("outside all scopes: %d opened, %+v held", len(opened), c.Stats())
		}
	}
	a.Outside = ^(uint64(1)<<63 | 1)
	c.Count(a)
	if opened, _ := c.Count(a); len(opened) != 2 || opened[0].Rule.Scope != "0" || opened[1].Rule.Scope != "63" {
		t.Errorf("inside the first and the last scope: opened %+v", opened)
	}
	rules = append(rules, Rule{Key: Sender, Limit: 1, Window: time.Minute})
	if _, err := New(rules); err == nil || !strings.Contains(err.Error(), "64") {
		t.Errorf("New with 65 scopes: %v", err)
	}
}

func TestOutsideAScope(t *testing.T) {
	l := &testLog{t: t, counters: newCounters(t, scoped)}
	send := func(second int, outside uint64, subject string) (rules []string) {
		a := l.arrival(at(second), "alice")
		a.Values[Host] = []byte("192.0.2.1")
		a.Values[Subject] = []byte(subject)
		a.Outside = outside
		for _, alert := range l.count(a) {
			rules = append(rules, alert.Rule.Name)
		}
		return rules
	}
	for i, step := range []struct {
		outside uint64
		opened  string
	}{
		{2, ""}, {0, ""}, {3, ""}, {2, "sender 2/10s"}, {0, "host 1/1m {only local}"},
		{1, "sender 2/10s {only local}"}, {2, ""}, {3, ""},
	} {
		if got := strings.Join(send(i, step.outside, fmt.Sprint("subject ", i)), ", "); got != step.opened {
			t.Errorf("arrival %d opened %q, want %q", i, got, step.opened)
		}
	}
	if got, over := l.counters.CountNow(Sender, []byte("alice")); got != 5 || !over {
		t.Errorf("Value = %d, %v, want the higher of both scopes, 5, true", got, over)
	}
	got := map[string][]ValueCount{}
	for _, a := range l.counters.Open() {
		got[a.Rule.Name] = a.Top(Subject, 0)
		if a.Messages != int64(len(got[a.Rule.Name])) {
			t.Errorf("%s: %d messages, %d subjects", a.Rule.Name, a.Messages, len(got[a.Rule.Name]))
		}
	}
	row := func(i int) ValueCount { return ValueCount{fmt.Sprint("subject ", i), 1, 2, 1000} }
	want := map[string][]ValueCount{
		"sender 2/10s":              {row(6), row(4), row(3), row(1), row(0)},
		"sender 2/10s {only local}": {row(5), row(4), row(1)},
		"host 1/1m {only local}":    {row(5), row(4), row(1)},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	send(200, 3, "outside all")
	if len(l.ended) != 3 || len(l.counters.Open()) != 0 {
		t.Errorf("%d alerts ended by an arrival outside all scopes, want 3", len(l.ended))
	}
}
