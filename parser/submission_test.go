package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSubmissions(t *testing.T) {
	checkEntries(t, entries(
		stamp0+"cwd=/home/shop/public html 5 args: /usr/sbin/sendmail -t -i -f a@b",
		stamp0+"cwd=/var/spool/exim 3 args: /usr/sbin/exim -Mc "+id0,
		stamp0+"cwd=/ 2 args: exim -bpc",
		stamp0+"cwd=/ 2 args: exim -qff",
		stamp0+"[77] cwd=/srv 4 args: exim -bs -oMa 192.0.2.7",
		stamp0+"cwd=/var/spool/exim 7 args: exim -t -oem -oi -f <> -E"+id0,
		stamp0+id0+" Sender identification U=shop D=lab.test S=shop@lab.test",
	), []string{"1 submission \"/home/shop/public html\"", "5 submission [77] \"/srv\"", "7 identification shop"})
}

// TestCallsThatTakeAMessage: what Exim 4.96 did with each, when it was called so with a message on its standard input.
// TestScriptsAsEximLogsThem of cmd/exiwatch asks the Exim of this machine about most of them.
func TestCallsThatTakeAMessage(t *testing.T) {
	for _, test := range []struct {
		arguments string // as it logs them
		want      bool
	}{
		{`sendmail -t`, true},
		{`sendmail -ti`, true},
		{`/usr/sbin/sendmail -t -i -f a@b.example`, true},
		{`sendmail -i a@lab.test`, true},
		{`sendmail a@lab.test -q`, true}, // -q is a recipient
		{`sendmail -- a@lab.test`, true},
		{`sendmail -oi -- -q@lab.test`, true},
		{`sendmail -bm a@lab.test`, true},
		{`sendmail -bnq a@lab.test`, true},
		{`exim -bs`, true},
		{`exim -bS`, true},
		{`/usr/bin/rsmtp`, true},
		{`/usr/bin/rmail a@lab.test`, true},
		{`sendmail ""`, true}, // one recipient, which is no address
		{`sendmail -t -odq -oem -v`, true},
		{`sendmail -t -d+all`, true},
		{`sendmail -t -Am`, true},
		{`sendmail -t -U -x -n -G`, true},
		{`sendmail -N -t`, true},

		{`sendmail`, false}, // it says how it is to be called
		{`sendmail -i`, false},
		{`sendmail -bm`, false},
		{`sendmail -tls-on-connect`, false},
		{`sendmail --`, false},
		{`sendmail --version`, false},
		{`mailq`, false},
		{`/usr/bin/runq`, false},
		{`newaliases`, false},
		{`exim -bp`, false},
		{`exim -bpc`, false},
		{`exim -bpru`, false},
		{`exim -bP config`, false},
		{`exim -bV`, false},
		{`exim -bt a@lab.test`, false},
		{`exim -bv a@lab.test`, false},
		{`exim -be $primary_hostname`, false},
		{`exim -bh 192.0.2.1`, false},
		{`exim -bi`, false},
		{`exim -brw a@lab.test`, false},
		{`/usr/sbin/exim4 -bd -q30m -oX 587:25`, false},
		{`exim -bdf`, false},
		{`exim -q`, false},
		{`exim -qff`, false},
		{`exim -qqR lab.test`, false},
		{`exim -R lab.test`, false},
		{`exim -Rrff ^a`, false},
		{`exim -S lab.test`, false},
		{`exim -Mc 1xVMya-0007ZB-31`, false},
		{`exim -C /tmp/x -Mvl 1xVMya-0007ZB-31`, false},
		{`exim -Mar 1xVMya-0007ZB-31 a@lab.test`, false},
		{`exim -v -MCT -MCS -MCP -MC smtp mx.lab.test 192.0.2.1 2 1xVMya-0007ZB-31`, false},

		// Values that look like options.
		{`sendmail -t -f -q@x.example`, true},
		{`sendmail -t -r -Mc@x.example`, true},
		{`sendmail -t -F -q`, true},
		{`sendmail -F -t`, false},
		{`sendmail -t -oMr -q`, true},
		{`sendmail -p -q -t`, true},
		{`sendmail -t -X -bp`, true},
		{`sendmail -O -bp -t`, true},
		{`sendmail -B 8BITMIME -t`, true},
		{`sendmail -t -B -q`, true},
		{`sendmail -h 3 -i`, false},
		{`sendmail -oA -q -t`, true},
		{`sendmail -or 5m -t`, true},
		{`sendmail -or5m -t`, true},
		{`sendmail -os 5m -i`, false},
		{`sendmail -or 5m -i`, false},
		{`sendmail -L name -i`, false},
		{`sendmail -oP /tmp/pid -i`, false},
		{`sendmail -oX 25 -i`, false},
		{`sendmail -oB 3 -i`, false},
		{`sendmail -oB -t`, true},
		{`sendmail -oB -i`, false},
		{`sendmail -oB a@lab.test`, true},
		{`sendmail -f`, false},

		// Quotes.
		{`sendmail -t -F "Shop -q"`, true},
		{`sendmail -F "-t -x" -i`, false},
		{`sendmail -f "" -t`, true},
		{`sendmail -t -f ""`, true},
		{`exim -z "a line"`, false},

		// Exim's own mail, and who copies a part of it.
		{`/usr/sbin/exim4 -t -oem -oi -f <> -E1xVMya-0007ZB-31`, false},
		{`/usr/sbin/exim4 -odi -t -oem -oi -f <> -oMas mx@lab.test -E1xVMya-0007ZB-31`, false},
		{`sendmail -t -f<> -E`, false},
		{`sendmail -t -E1xVMya-0007ZB-31`, true},
		{`sendmail -t -f a@lab.test -E1xVMya-0007ZB-31`, true},
		{`sendmail -t -F -f -E1xVMya-0007ZB-31`, true},
	} {
		n := 0
		for rest := []byte(test.arguments); len(rest) > 0; n++ {
			_, rest = nextArgument(rest)
		}
		got := entries(fmt.Sprintf("%scwd=/srv %d args: %s", stamp0, n, test.arguments))
		if (len(got) == 1) != test.want {
			t.Errorf("%s: entries %q, want a submission: %t", test.arguments, got, test.want)
		}
	}
}

// TestArgumentsThatDontAddUp: quotes inside an argument aren't escaped, and a long line is cut.
func TestArgumentsThatDontAddUp(t *testing.T) {
	for _, test := range []struct {
		arguments string
		want      bool
	}{
		{`4 args: sendmail -t -F "x" -q "y"`, true},         // called x" -q "y
		{`4 args: sendmail -i -F "x" -q "y"`, true},         // it may be
		{`5 args: sendmail -t -f "a"@b "c d"`, true},        // "a"@b" and c d would be one
		{`4 args: exim -q -F "x" -t "y"`, false},            // what stands before the quotes is certain
		{`900 args: exim -Mrm 1xVMya-0007ZB-31 ...`, false}, // the line was cut
		{`900 args: sendmail -i a@lab.test ...`, true},
		{`0 args:`, false},
		{`1 args: ""`, false},
		{`9 args: "x y`, true},
		{`99999999999999999999999 args: exim -q`, false},
	} {
		if got := entries(stamp0 + "cwd=/srv " + test.arguments); (len(got) == 1) != test.want {
			t.Errorf("%s: entries %q, want a submission: %t", test.arguments, got, test.want)
		}
	}
}

// TestForgeableCalls: what stands within reach of a call that breaks off may stand in its entry.
func TestForgeableCalls(t *testing.T) {
	const (
		call = stamp0 + "cwd=/srv 2 args: sendmail -t"
		user = stamp0 + id0 + " Sender identification U=shop D=lab.test"
	)
	checkEntries(t, entries(call, user, stamp0+"cwd=/srv/x", call, user, call, stamp0+strings.Repeat("x", maxEntry), call,
		user), []string{
		`1 submission "/srv"`, "2 identification shop", "3 injected", `4 submission forgeable "/srv"`,
		"5 identification forgeable shop", `6 submission forgeable "/srv"`, `8 submission "/srv"`, "9 identification shop",
	})
}

// TestTimeOfASubmission: it has the stamp of its line, and moves no other's.
func TestTimeOfASubmission(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	r := NewReader(berlin, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), func(e *Entry) {
		at := e.Time
		if e.Kind == Reception {
			at = e.Arrival.Time
		}
		got = append(got, at.Format(time.RFC3339))
	})
	const call = " cwd=/srv 2 args: sendmail -t"
	for i, line := range []string{
		"2026-07-01 10:00:00" + call,
		"2026-07-01 10:00:00 +0530" + call,
		"2026-13-41 10:00:00" + call,
		"2026-10-25 03:00:00" + call,
		"2026-10-25 02:45:00 " + id0 + " <= a@b U=a P=local S=1", // the first 02:45, though the line before shows 03:00
	} {
		r.Line(Place{"mainlog", int64(i + 1)}, []byte(line))
	}
	r.Flush()
	want := "2026-07-01T10:00:00+02:00 2026-07-01T10:00:00+05:30 0001-01-01T00:00:00Z 2026-10-25T03:00:00+01:00 2026-10-25T02:45:00+02:00"
	if strings.Join(got, " ") != want {
		t.Errorf("times %q, want %q", got, want)
	}
}

// TestArgumentsAreCountedAsRead: the fast way counts what the other one reads.
func TestArgumentsAreCountedAsRead(t *testing.T) {
	for _, text := range []string{"", " ", "a", "a ", " a", "a b", "a  b", "a b  ", "sendmail -t -i", `"`,
		`a "b c" d`} {
		if !strings.Contains(text, `"`) && countArguments([]byte(text), false) != countArguments([]byte(text), true) {
			t.Errorf("%q: %d arguments, want %d", text, countArguments([]byte(text), false),
				countArguments([]byte(text), true))
		}
	}
}
