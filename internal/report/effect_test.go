package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// bursts writes a log in which the account named sends three messages at each time, so that a limit of 2 is crossed.
func bursts(t *testing.T, at map[string][]string, order ...string) string {
	t.Helper()
	var log strings.Builder
	for _, stamp := range order {
		for _, account := range at[stamp] {
			for range 3 {
				fmt.Fprintf(&log, "%s 1xV001-000001-01 <= %s@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:%s S=5\n",
					stamp, account, account)
			}
		}
	}
	return log.String()
}

// section gives the text from a heading to the next.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("no %s in\n%s", heading, text)
	}
	rest, _, _ = strings.Cut(rest, "\n\n")
	return rest + "\n"
}

// TestRulesByDayAndValue: the days are those of the log's own zone, most alerts stand first, and n bounds the values.
func TestRulesByDayAndValue(t *testing.T) {
	log := bursts(t, map[string][]string{
		// the 31st, though in UTC the alerts of the next line are of it too
		"2026-10-31 23:59:59 +0900": {"ann", "bob"},
		"2026-11-01 08:00:00 +0900": {"bob", "eve"},
		"2026-11-05 08:00:00 +0900": {"bob"},
	}, "2026-10-31 23:59:59 +0900", "2026-11-01 08:00:00 +0900", "2026-11-05 08:00:00 +0900")
	sum := summary(t, "mainlog", log, "account 2/1m#many", "sender 2/1h", "host 100/1m")
	const want = `many, over account 2/1m: 5 alerts on 3 of 6 days
      2 2026-10-31 Sat
      2 2026-11-01 Sun
      1 2026-11-05 Thu
    by account:
      3 bob
%ssender 2/1h: 5 alerts on 3 of 6 days
      2 2026-10-31 Sat
      2 2026-11-01 Sun
      1 2026-11-05 Thu
    by sender:
      3 bob@lab.test
%shost 100/1m: 0 alerts
`
	for n, rest := range map[int][2]string{
		0: {"      1 eve\n      1 ann\n", "      1 eve@lab.test\n      1 ann@lab.test\n"},
		1: {"        … and 2 more\n", "        … and 2 more\n"},
		2: {"      1 eve\n        … and 1 more\n", "      1 eve@lab.test\n        … and 1 more\n"},
	} {
		if got := section(t, text(t, sum, n, false), "Rules"); got != fmt.Sprintf(want, rest[0], rest[1]) {
			t.Errorf("with %d rows:\n%swant\n%s", n, got, fmt.Sprintf(want, rest[0], rest[1]))
		}
	}
}

// TestManyDays: from 15 days with alerts on there is a row a week, and weeks without one are left out.
func TestManyDays(t *testing.T) {
	at := map[string][]string{}
	var order []string
	day := time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC) // a Wednesday
	for i := range 16 {
		stamp := day.Format(time.DateTime)
		at[stamp], order = []string{"ann", "bob", "eve"}[:1+i%3], append(order, stamp)
		switch i {
		case 5:
			day = day.AddDate(0, 0, 20)
		case 9:
			day = day.AddDate(0, 0, 7)
		default:
			day = day.AddDate(0, 0, 1)
		}
	}
	for days, row := range map[int]string{14: "\n      2 2026-11-07 Sat\n", 15: "    week of "} {
		sum := summary(t, "mainlog", bursts(t, at, order[:days]...), "account 2/1m")
		if got := section(t, text(t, sum, 1, false), "Rules"); !strings.Contains(got, row) {
			t.Errorf("of %d days:\n%s", days, got)
		}
	}
	got := section(t, text(t, summary(t, "mainlog", bursts(t, at, order...), "account 2/1m"), 1, false), "Rules")
	const want = `account 2/1m: 31 alerts on 16 of 41 days
    week of      Mon   Tue   Wed   Thu   Fri   Sat   Sun
    2026-09-28     .     .     1     2     3     1     2
    2026-10-05     3     .     .     .     .     .     .
    2026-10-19     .     .     .     .     .     .     1
    2026-10-26     2     3     1     .     .     .     .
    2026-11-02     .     .     2     3     1     2     3
    2026-11-09     1     .     .     .     .     .     .
    by account:
     16 ann
        … and 2 more
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
