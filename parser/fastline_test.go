package parser

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var quickReference = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// told gives what is told of a log, the long way or the short one.
func told(log []byte, short bool) (all []Entry) {
	r := NewReader(time.UTC, quickReference, func(e *Entry) { all = append(all, clonedEntry(e)) })
	r.SetDeliveries(true)
	if short {
		r.Lines(Place{"mainlog", 1}, log)
	} else {
		n := int64(0)
		for line := range bytes.Lines(log) {
			n++
			line = trimCR(bytes.TrimSuffix(line, []byte("\n")))
			raw := len(line)
			if mayBeJSON(line) {
				line = r.unwrap(line)
			}
			p := Place{"mainlog", n}
			if bytes.IndexByte(line, 0) >= 0 {
				line = r.skipNULs(p, line)
			}
			r.fullParse(p, line, raw)
			r.copyPending()
		}
	}
	r.Flush()
	return all
}

// clonedEntry gives a copy that stays good.
func clonedEntry(e *Entry) Entry {
	c := *e
	c.lasting = false
	c.SyslogHost = bytes.Clone(e.SyslogHost)
	c.MessageID, c.Directory, c.Arguments, c.User = bytes.Clone(e.MessageID), bytes.Clone(e.Directory),
		bytes.Clone(e.Arguments), bytes.Clone(e.User)
	c.Text = bytes.Clone(e.Text)
	if e.Arrival != nil {
		c.Arrival = cloned(e.Arrival)
	}
	return c
}

// cloned gives a copy that stays good.
func cloned(a *Arrival) *Arrival {
	c := *a
	for _, item := range []*[]byte{&c.SyslogHost, &c.MessageID, &c.EnvelopeSender, &c.BounceOf, &c.Host, &c.Helo,
		&c.HostAddress, &c.InterfaceAddress, &c.Ident, &c.Protocol,
		&c.TLS, &c.Authenticator, &c.AuthenticatedID, &c.AuthenticatedSender, &c.HeaderMessageID, &c.Subject,
		&c.ReceivedSender, &c.RecipientList, &c.Text} {
		*item = bytes.Clone(*item)
	}
	c.Logins = slices.Clone(c.Logins)
	for i := range c.Logins {
		c.Logins[i] = bytes.Clone(c.Logins[i])
	}
	return &c
}

func checkShortWay(t interface {
	Helper()
	Errorf(string, ...any)
}, log []byte) {
	t.Helper()
	equal := cmp.Comparer(func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) })
	if diff := cmp.Diff(told(log, false), told(log, true), equal, cmp.AllowUnexported(Entry{})); diff != "" {
		t.Errorf("the short way tells something else of\n%s\n%s", log, diff)
	}
}

// FuzzLines holds the short way of reading a log to what the long way tells.
func FuzzLines(f *testing.F) {
	for _, log := range shortWayLogs(f) {
		for chunk := range slicesOf(log, 8) {
			f.Add(chunk)
		}
	}
	f.Fuzz(func(t *testing.T, log []byte) { checkShortWay(t, log) })
}

func shortWayLogs(tb testing.TB) (logs [][]byte) {
	names, _ := filepath.Glob("../fixtures/logs/*.log")
	for _, name := range append(names, "../fixtures/hostile.log") {
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		logs = append(logs, b)
	}
	return logs
}

// TestShortWayOfFixtures also holds that the short way is gone, for what Exim writes of ordinary clients.
func TestShortWayOfFixtures(t *testing.T) {
	for _, log := range shortWayLogs(t) {
		checkShortWay(t, log)
	}
	log, err := os.ReadFile("../fixtures/logs/debian.log") // others have subjects that are decoded
	if err != nil {
		t.Fatal(err)
	}
	short, arrivals := 0, 0
	r := NewReader(time.UTC, quickReference, func(e *Entry) {
		if e.Kind == Reception {
			arrivals++
			if e.Lasting() {
				short++
			}
		}
	})
	r.Lines(Place{"mainlog", 1}, log)
	if short*10 < arrivals*8 {
		t.Errorf("the short way was gone for %d of %d arrivals", short, arrivals)
	}
}

// TestShortWayOfAnOpenLiteral: an arrival that ends within a domain literal may run on, as one that ends within quotes.
func TestShortWayOfAnOpenLiteral(t *testing.T) {
	const call = "2026-11-23 05:52:28 cwd=/ 10 args: /usr/sbin/exim4 -bs\n"
	const later = "2026-11-23 05:52:29 1xVMya-0007ZB-31 <= ann@example.com H=(x) [192.0.2.7] P=esmtp S=293\n"
	for _, open := range []string{
		"a@b.c S=15 for S=5@[", "a@[ S=15", "a@b.c S=15 from <a@[> for x@[", "a@b.c S=15 for x@[::1",
	} {
		checkShortWay(t, []byte(call+head0+open+"\n"+call+later))
	}
}

// TestShortWayOfCompositions: logs of arrivals as Exim composes them, usual ones and hostile ones, with lines changed.
func TestShortWayOfCompositions(t *testing.T) {
	fixed := bytes.SplitAfter(bytes.Join(shortWayLogs(t), nil), []byte("\n"))
	usual := []string{" R=1xVJFe-0003lG-2I", " H=a.b [203.0.113.9]", " H=(h)", " [203.0.113.9]:25",
		" H=([::1]) [2001:db8::1]", " I=[192.0.2.1]:25", " U=joe", " P=esmtpsa", " P=local",
		" P=esmtp", " X=TLS1.3:AES:256", " CV=no", " SNI=x", " A=plain:joe", " A=plain:joe:x@y", " L.-", " L", " L.x",
		" PRDR", " K", " S=15", " S=", " DKIM=x.y", " RT=0.1s", " id=q@z", ` T="a b"`, ` T="S=5 x A=y"`,
		` T="x S=5"`, ` T="a\"b"`, ` T="\303\274"`, ` T=""`, " from <a@b>", " for x@y", " for x@y z@w", " for S=5", " [x]", " NEW=1", "  ", `"`, `\`, "@[", " 2026-11-23 01:53:50 x", "\x00"}
	heads := []string{head0, stamp0 + id0 + " (= ", "2026-11-23 01:53:50.123 [47] " + id0 + " <= ", "2026-11-23 01:53:50 +0100 [4] 1xVJFe-00000003lGb-2Iab <= ",
		"2026-11-23 01:53:61 " + id0 + " <= ", "2026-11-23 01:53:50.12 " + id0 + " <= ", "2026-11-23 01:53:50 1xVJFe-00/3lG-2I <= "}
	rapid.Check(t, func(t *rapid.T) {
		var log []byte
		for range rapid.IntRange(1, 6).Draw(t, "lines") {
			var line string
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				line = strings.TrimSuffix(string(rapid.SampledFrom(fixed).Draw(t, "line")), "\n")
			case 1:
				line = stamp0 + id0 + rapid.SampledFrom([]string{" => a@b R=x", " Completed", " ** x", " **** log string overflowed log buffer ****", " Sender identification U=x D=y", " <x", " <", ""}).Draw(t, "other")
			default:
				items := rapid.SliceOfN(rapid.IntRange(0, len(usual)-1), 0, 10).Draw(t, "items")
				if rapid.Bool().Draw(t, "sorted") {
					slices.Sort(items)
				}
				line = rapid.SampledFrom(heads).Draw(t, "head") + rapid.SampledFrom([]string{"a@b.c", "<>", "joe", `"x y"@z`, "a@[1.2.3.4]", ""}).Draw(t, "sender")
				for _, i := range items {
					line += usual[i]
				}
			}
			if n := len(line); n > 0 && rapid.IntRange(0, 5).Draw(t, "cut") == 0 {
				at := rapid.IntRange(0, n-1).Draw(t, "at")
				line = line[:at] + rapid.SampledFrom([]string{"", "\"", " ", "\x00", "[", "=", "é", "\\"}).Draw(t, "change") + line[at+rapid.IntRange(0, 1).Draw(t, "skip"):]
			}
			log = append(append(log, line...), '\n')
		}
		checkShortWay(t, log)
	})
}
