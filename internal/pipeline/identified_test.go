package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"exiwatch/parser"
	"exiwatch/window"
)

// TestIdentifications: an arrival counts once for the user whom the log names first.
func TestIdentifications(t *testing.T) {
	arrival := func(stamp string, n int) string {
		return fmt.Sprintf("2026-11-30 %s 1xXr2%d-0002kf-0Z <= a@ann.test H=pc [192.0.2.1] P=esmtpa A=plain:a S=9\n",
			stamp, n)
	}
	user := func(stamp string, n int, name string) string {
		return fmt.Sprintf("2026-11-30 %s 1xXr2%d-0002kf-0Z Sender identification U=%s D=ann.test S=a\n", stamp, n, name)
	}
	const elsewhere = "2026-11-30 02:23:12 1xXr21-0002kf-0Z <= a@ann.test H=mx [192.0.2.1] P=esmtp S=9\n"
	for _, test := range []struct{ name, log, want string }{
		{"behind", arrival("02:23:12", 1) + user("02:23:13", 1, "ann"), "ann"},
		{"before", user("02:23:12", 1, "ann") + arrival("02:23:12", 1), "ann"},
		{"between others", arrival("02:23:12", 1) + arrival("02:23:12", 2) + user("02:23:12", 2, "bob") +
			user("02:23:12", 1, "ann"), "bob ann"},
		{"tried again", arrival("02:23:12", 1) + user("02:23:12", 1, "ann") + user("02:40:00", 1, "bob"), "ann"},
		{"logged twice", arrival("02:23:12", 1) + user("02:23:12", 1, "ann") + arrival("02:23:12", 1), "ann"},
		{"in time", arrival("02:23:12", 1) + user("03:23:11", 1, "ann"), "ann"},
		{"too late", arrival("02:23:12", 1) + user("03:23:12", 1, "ann"), ""},
		{"too late in a quiet log", arrival("02:23:12", 1) + user("04:23:12", 1, "ann") + user("04:23:12", 2, "bob") +
			arrival("04:23:13", 2), "bob"},
		{"a stamp of the future", arrival("02:23:12", 1) + user("23:00:00", 2, "bob") + user("02:23:12", 1, "ann"),
			"ann"},
		{"without a name", arrival("02:23:12", 1) + user("02:23:12", 1, ""), ""},
		{"that no rule counts", elsewhere + user("02:23:12", 1, "ann"), ""},
		{"that may be forged", arrival("02:23:12", 1) + "2026-11-30 02:23:12 cwd=/srv/x\n" + user("02:23:12", 1, "ann"), ""},
		{"that is forged", arrival("02:23:12", 1) + "2026-11-30 02:23:12 cwd=/srv/x\n" + user("02:23:12", 1, "ann") +
			" 2 args: sendmail -t\n" + user("02:23:13", 1, "bob"), "bob"},
	} {
		if got := strings.Join(counted(t, window.CPUser, "", test.log), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestIdentifiedArrivalsCountForTheUserAlone: with all that an alert tells of them, and nobody else's count changes.
func TestIdentifiedArrivalsCountForTheUserAlone(t *testing.T) {
	var entries []parser.Entry
	for i := range 3 {
		e := entryAt(i, func(a *parser.Arrival) { a.Subject = []byte("Offer") })
		entries = append(entries, e, parser.Entry{Kind: parser.Identification, MessageID: e.MessageID,
			User: []byte("ann"), Place: parser.Place{Line: int64(i)}, Time: e.Arrival.Time})
	}
	const rules = "[[rule]]\nkey = \"cpuser\"\nlimit = 2\n[[rule]]\nkey = \"account\"\nlimit = 3\n" +
		"[[rule]]\nkey = \"subject\"\nlimit = 2\n"
	if got, want := strings.Join(fed(t, rules, entries...), "; "),
		"subject Offer, 0 of 3; cpuser ann, 0 of 3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestIdentificationsAreBounded: however many messages wait.
func TestIdentificationsAreBounded(t *testing.T) {
	m := newIdentifications()
	for i := range 2 * maxIdentified {
		m.arrive(&window.Arrival{MessageID: fmt.Append(nil, i)}, "", int64(i/100))
	}
	if len(m.all) != maxIdentified || len(m.byID) != maxIdentified {
		t.Errorf("%d messages are remembered, %d by their ids", len(m.all), len(m.byID))
	}
	if m.message([]byte("x"), 1<<20, 1<<20); len(m.all) != 1 || len(m.byID) != 1 {
		t.Errorf("%d messages stay, %d by their ids", len(m.all), len(m.byID))
	}
}
