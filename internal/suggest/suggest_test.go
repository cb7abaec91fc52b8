package suggest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/window"
)

// An event is an arrival of a log.
type event struct {
	at                time.Time
	value             string
	recipients, bytes int64
}

var begin = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

func (e *event) arrival(key window.Key, number int) *window.Arrival {
	a := &window.Arrival{At: e.at, MessageID: fmt.Appendf(nil, "1xV%03d-000000-00", number), Recipients: e.recipients,
		Bytes: e.bytes}
	a.Values[key] = []byte(e.value)
	return a
}

// suggestions runs a Suggester over logs of events, which all count.
func suggestions(t *testing.T, perWeek float64, key window.Key, logs [][]event, rules ...string) suggest.Suggestions {
	t.Helper()
	var all []window.Rule
	for _, text := range rules {
		rule, err := window.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rule)
	}
	return suggested(t, perWeek, key, logs, all)
}

func suggested(t *testing.T, perWeek float64, key window.Key, logs [][]event, rules []window.Rule) suggest.Suggestions {
	t.Helper()
	s, err := suggest.New(rules, nil, perWeek)
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		if err := s.NextLog(); err != nil {
			t.Fatal(err)
		}
		for i := range log {
			s.Arrival(report.Time{Time: log[i].at})
			s.Counted(log[i].arrival(key, i))
		}
	}
	passes := 1
	for rules := s.Next(); rules != nil; rules = s.Next() {
		if passes++; passes > 20 {
			t.Fatal("no end")
		}
		for _, log := range logs {
			c, err := window.New(rules)
			if err != nil {
				t.Fatal(err)
			}
			for i := range log {
				opened, _ := c.Count(log[i].arrival(key, i))
				s.Opened(opened)
				for _, a := range c.Advance(log[i].at) {
					s.Ended(a)
				}
			}
		}
	}
	return s.Suggestions(0)
}

// TestAllowed: by the log's span, but one in a log too short for one, unless none is wanted.
func TestAllowed(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		span    time.Duration
		perWeek float64
		want    int64
	}{
		{time.Hour, 1, 1}, {7 * day, 1, 1}, {14*day - 1, 1, 1}, {14 * day, 1, 2}, {70 * day, 1, 10},
		{70 * day, 0.25, 2}, {70 * day, 0.01, 1},
		{day, 7, 1}, {2 * day, 7, 2}, {0, 5, 1}, {70 * day, 0, 0}, {time.Hour, 0, 0},
	} {
		log := []event{{at: begin.Add(test.span / 2), value: "a"}, {at: begin, value: "a"},
			{at: begin.Add(test.span), value: "a"}, {at: begin.Add(test.span / 3), value: "a"}}
		if got := suggestions(t, test.perWeek, window.Sender, [][]event{log},
			"sender 20/5m").AlertsAllowed; got != test.want {
			t.Errorf("%v a week in %v: %d allowed, want %d", test.perWeek, test.span, got, test.want)
		}
	}
}

// TestNothingToGoBy: no value, none of what is counted, or too little, and so no limit but the rule's own.
func TestNothingToGoBy(t *testing.T) {
	log := [][]event{{{at: begin, value: "a"}, {at: begin, value: "a"}}}
	result := suggestions(t, 1, window.Sender, log, "auth 20/5m", "sender recipients 20/5m", "sender 20/5m")
	text := toml(t, result)
	for i, want := range []string{"no counted arrival has a value of this key",
		"the log has nothing that this rule counts", "not enough log: keep 20"} {
		if r := result.Rules[i]; r.Suggested != nil || r.Opened != nil || r.Alerts != nil || r.Why == "" ||
			!strings.Contains(text, want) {
			t.Errorf("%+v suggests a limit of nothing:\n%s", r, text)
		}
	}
	if rules := parsed(t, text); len(rules) != 1 || rules[0].Count != window.Messages || rules[0].Limit != 20 {
		t.Errorf("rules %v, want that of senders:\n%s", rules, text)
	}
	if text := toml(t, suggestions(t, 1, window.Sender, nil, "sender 20/5m")); !strings.Contains(text,
		"No arrival counted") {
		t.Errorf("of an empty log:\n%s", text)
	}
}

// TestEnoughLog: seven days, of which the first and the last may be short, and a hundred arrivals.
func TestEnoughLog(t *testing.T) {
	for _, test := range []struct {
		arrivals int
		span     time.Duration
		enough   bool
	}{
		{100, 6*24*time.Hour + time.Second, true}, {99, 30 * 24 * time.Hour, false},
		{5000, 6*24*time.Hour - time.Second, false},
	} {
		log := make([]event, test.arrivals)
		for i := range log {
			log[i] = event{at: begin.Add(test.span * time.Duration(i) / time.Duration(len(log)-1)), value: "a"}
		}
		got := suggestions(t, 1, window.Sender, [][]event{log}, "sender 20/5m").Rules[0]
		if enough := got.Suggested != nil; enough != test.enough {
			t.Errorf("%d arrivals in %v: enough is %t, want %t: %s", test.arrivals, test.span, enough, test.enough, got.Why)
		}
	}
}

// TestRulesThatDifferInTheirLimits are one.
func TestRulesThatDifferInTheirLimits(t *testing.T) {
	log := [][]event{traffic(rand.New(rand.NewPCG(1, 4)), 300, 3)}
	result := suggestions(t, 1, window.Sender, log, "sender 20/5m", "sender 40/5m", "sender 40/6m")
	if rules := parsed(t, toml(t, result)); len(rules) != 2 || len(result.Rules) != 2 {
		t.Errorf("%d suggestions, rules %v, want 2", len(result.Rules), rules)
	}
}

func toml(t *testing.T, s suggest.Suggestions) string {
	t.Helper()
	var out strings.Builder
	if err := s.TOML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// parsed reads the text as a configuration.
func parsed(t *testing.T, text string) []window.Rule {
	t.Helper()
	c, err := config.Parse("rules.toml", []byte(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if i := strings.IndexFunc(strings.ReplaceAll(text, "\n", ""),
		func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("raw characters in %q", text)
	}
	return c.Rules
}

// TestTheRulesAreThese: names and windows come back, and names that tell a limit don't.
func TestTheRulesAreThese(t *testing.T) {
	log := [][]event{traffic(rand.New(rand.NewPCG(1, 5)), 2000, 5)}
	rules := []window.Rule{
		{Name: `the "big" one's`, Key: window.Sender, Limit: 20, Window: 5 * time.Minute},
		{Name: "line\n[[rule]]\nlimit = 1\t\x7f\u202e", Key: window.Sender, Count: window.Bytes, Limit: 20,
			Window: 48 * time.Hour},
		{Key: window.Sender, Count: window.Recipients, Limit: 20, Window: 90 * time.Second},
		{Name: "sender 20/31d", Key: window.Sender, Limit: 20, Window: 31 * 24 * time.Hour},
	}
	result := suggested(t, 1, window.Sender, log, rules)
	got := parsed(t, toml(t, result))
	if len(got) != len(rules) {
		t.Fatalf("%d rules, want %d:\n%s", len(got), len(rules), toml(t, result))
	}
	rules[2].Name, rules[3].Name = "sender recipients in 90s", "sender messages in 31d"
	for i := range rules {
		rules[i].Limit = *result.Rules[i].Suggested
		if got[i].String() != rules[i].String() || got[i].Name != rules[i].Name {
			t.Errorf("rule %d is %+v, want %+v", i, got[i], rules[i])
		}
	}
}

// TestHostileValues: what a client writes ends no comment and reaches no terminal.
func TestHostileValues(t *testing.T) {
	hostile := []string{
		"a\n[[rule]]\nname = \"forged\"\nlimit = 1\n#", "b\r[[rule]]", "c\r\n[mail]\nto = [\"eve@example.com\"]",
		"d\x1b]0;owned\x07\x1b[2J",
		"e\x00\x85\u0085\u2028\u2029[mail]", "f\xff\xfe\"'''\"\"\"", "g\v\f\n", "\n", "", "%s%n", "\u202egnitide",
	}
	var log []event
	for i, value := range hostile {
		for k := range 3 + i {
			log = append(log, event{at: begin.Add(time.Duration(len(log)+k) * time.Second), value: value,
				recipients: 1})
		}
	}
	log = append(log, event{at: begin.AddDate(1, 0, 0), value: "a year later"})
	result := suggestions(t, 5, window.Subject, [][]event{log, log}, "subject 1/10m", "subject recipients 1/1h")
	text := toml(t, result)
	if rules := parsed(t, text); len(rules) != 2 || rules[0].Key != window.Subject {
		t.Errorf("rules %v, want the two of subjects:\n%s", rules, text)
	}
	for _, want := range []string{`a\n[[rule]]\nname = "forged"`, `d\x1b]0;owned\x07`, `\u{202e}gnitide`, "%s%n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s isn't told:\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if key, _, _ := strings.Cut(line, " "); line != "" && line != "[[rule]]" && !strings.HasPrefix(line, "# ") &&
			!slices.Contains([]string{"name", "key", "count", "limit", "window"}, key) {
			t.Errorf("a line %q", line)
		}
	}
	if b, err := json.Marshal(result); err != nil || !json.Valid(b) {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}
