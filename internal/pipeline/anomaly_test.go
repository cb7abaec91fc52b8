package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/parser"

	"github.com/google/go-cmp/cmp"
)

// fed gives what a pipeline with default rules, but for limits, opens of entries: "KEY VALUE, suspicious of messages".
func fed(t *testing.T, text string, entries ...parser.Entry) (opened []string) {
	t.Helper()
	c := configtest.Parse(t, text)
	p, err := New(c.Scopes, c.Rules, Listener{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		(&Worker{pipeline: p}).ApplyInOrder(&entries[i])
	}
	for _, a := range p.Counters().Open() {
		opened = append(opened, fmt.Sprintf("%v %s, %d of %d", a.Rule.Key, a.Value, a.Suspicious, a.Messages))
	}
	return opened
}

// entry makes an arrival of a login at a second, with what edit gives it.
func entryAt(second int, edit func(a *parser.Arrival)) parser.Entry {
	a := &parser.Arrival{
		Time:           time.Date(2026, 11, 23, 10, 0, second, 0, time.UTC),
		MessageID:      fmt.Appendf(nil, "1xV%03d-000001-01", second),
		EnvelopeSender: []byte("a@b"), HostAddress: []byte("192.0.2.7"), Protocol: []byte("esmtpa"),
		Authenticator: []byte("plain"), AuthenticatedID: []byte("alice"), Text: []byte("the entry"),
	}
	edit(a)
	return parser.Entry{Kind: parser.Reception, Arrival: a, MessageID: a.MessageID}
}

// TestDoubtfulArrivals: each login that an entry names has it counted, and nobody is left out for a name that
// somebody made up.
func TestDoubtfulArrivals(t *testing.T) {
	two := func(a *parser.Arrival) { a.Suspicious, a.Logins = true, [][]byte{[]byte("Boss"), []byte("ALICE")} }
	for _, test := range []struct{ name, config, want string }{
		{"both", "", "account alice, 3 of 3; account boss, 3 of 3"},
		{"ignored", `ignore = ["account:alice"]`, "account alice, 3 of 3; account boss, 3 of 3"},
		{"no login counts", `only = ["local"]`, ""},
	} {
		got := fed(t, "[count]\n"+test.config+"\n[[rule]]\nlimit = 2\n",
			entryAt(1, two), entryAt(2, two), entryAt(3, two))
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	// The domain of each login counts, each once.
	domains := func(a *parser.Arrival) {
		a.AuthenticatedID, a.Suspicious = []byte("alice@lab.test"), true
		a.Logins = [][]byte{[]byte("bob@lab.test"), []byte("x@shop.test"), []byte("y@Shop.test"), []byte("root")}
	}
	got := fed(t, "[[rule]]\nkey = \"account_domain\"\nlimit = 1\n", entryAt(1, domains), entryAt(2, domains))
	want := []string{"account_domain lab.test, 2 of 2", "account_domain shop.test, 2 of 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Who isn't counted himself gets a login counted that he names.
	relayed := func(a *parser.Arrival) {
		a.Authenticator, a.AuthenticatedID, a.Suspicious, a.Logins = nil, nil, true, [][]byte{[]byte("boss")}
	}
	got = fed(t, "[[rule]]\nlimit = 1\n", entryAt(1, relayed), entryAt(2, relayed))
	if diff := cmp.Diff([]string{"account boss, 2 of 2"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestForgeableArrivalsDontMoveTheClock: those ahead of it, and those far behind it.
func TestForgeableArrivalsDontMoveTheClock(t *testing.T) {
	forge := func(by time.Duration) func(*parser.Arrival) {
		return func(a *parser.Arrival) { a.Forgeable, a.Time = true, a.Time.Add(by) }
	}
	plain := func(*parser.Arrival) {}
	for _, by := range []time.Duration{time.Hour, -time.Hour, 0} {
		got := fed(t, "[[rule]]\nlimit = 3\nwindow = \"1m\"\n",
			entryAt(1, plain), entryAt(2, plain), entryAt(3, forge(by)), entryAt(4, plain))
		if diff := cmp.Diff([]string{"account alice, 1 of 4"}, got); diff != "" {
			t.Errorf("by %v: %s", by, diff)
		}
	}
}

// TestStrayEntries: what is no arrival counts for the log, at the time to which the log has come, and has an id.
func TestStrayEntries(t *testing.T) {
	malformed := parser.Entry{Kind: parser.Malformed, Place: parser.Place{Line: 7}, Text: []byte("odd")}
	lost := parser.Entry{Kind: parser.Overflow, MessageID: []byte("1xV000-000001-01"),
		Time: time.Date(2026, 11, 23, 10, 0, 9, 0, time.UTC)}
	const rule = "[[rule]]\nkey = \"log\"\ncount = \"anomalies\"\nlimit = 1\n"
	for _, test := range []struct {
		name    string
		entries []parser.Entry
		want    string
	}{
		{"no time yet", []parser.Entry{malformed, malformed, malformed}, ""},
		{"two", []parser.Entry{lost, malformed}, "log mainlog, 0 of 2"},
		{"with a cut arrival", []parser.Entry{entryAt(1, func(a *parser.Arrival) { a.Overflowed = true }), malformed},
			"log mainlog, 0 of 2"},
		{"with an ordinary one", []parser.Entry{entryAt(1, func(*parser.Arrival) {}), malformed}, ""},
		{"others", []parser.Entry{lost, {Kind: parser.Submission}, {Kind: parser.Identification}}, ""},
	} {
		if got := strings.Join(fed(t, rule, test.entries...), "; "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if a, b := entryID(&malformed), entryID(&parser.Entry{Place: parser.Place{Line: 8},
		Text: malformed.Text}); string(a) == string(b) {
		t.Errorf("two entries have the id %s", a)
	}
}
