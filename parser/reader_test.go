package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	stamp0 = "2026-11-23 01:53:50 "
	id0    = "1xVJFe-0003lG-2I"
	head0  = stamp0 + id0 + " <= "
)

// entries reads lines and writes each entry down in one line.
func entries(lines ...string) []string {
	var got []string
	r := NewReader(time.UTC, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		func(e *Entry) { got = append(got, describe(e)) })
	for i, line := range lines {
		r.Line(Place{"mainlog", int64(i + 1)}, []byte(line))
	}
	r.Flush()
	return got
}

var kindNames = [...]string{"arrival", "malformed", "overflow", "injected", "submission", "identification", "delivery"}

func describe(e *Entry) string {
	s := fmt.Sprintf("%d %s", e.Line, kindNames[e.Kind])
	if e.Forgeable {
		s += " forgeable"
	}
	switch e.Kind {
	case Submission:
		if e.PID != 0 {
			s += fmt.Sprintf(" [%d]", e.PID)
		}
		return fmt.Sprintf("%s %q", s, e.Directory)
	case Identification:
		return fmt.Sprintf("%s %s", s, e.User)
	case DeliveryLine:
		return fmt.Sprintf("%s %d of %s: %s", s, e.Delivery, e.MessageID, e.Text[e.Column-1:])
	case Malformed:
		return fmt.Sprintf("%s column %d: %s", s, e.Column, e.Reason)
	case Reception:
		a := e.Arrival
		s += fmt.Sprintf(" %s", a.EnvelopeSender)
		for _, item := range []struct {
			name  string
			value []byte
		}{{"R", a.BounceOf}, {"host", a.Host}, {"helo", a.Helo}, {"ip", a.HostAddress}, {"U", a.Ident},
			{"P", a.Protocol}, {"X", a.TLS},
			{"auth", a.Authenticator}, {"id", a.AuthenticatedID}, {"as", a.AuthenticatedSender},
			{"mid", a.HeaderMessageID},
			{"T", a.Subject}, {"from", a.ReceivedSender}} {
			if item.value != nil {
				s += fmt.Sprintf(" %s=%s", item.name, item.value)
			}
		}
		if a.Size >= 0 {
			s += fmt.Sprintf(" S=%d", a.Size)
		}
		if a.RecipientCount > 0 {
			s += fmt.Sprintf(" for %d", a.RecipientCount)
		}
		for _, flag := range []struct {
			name string
			is   bool
		}{{"(=", a.FakeReject}, {"suspicious", a.Suspicious}, {"forgeable", a.Forgeable},
			{"overflowed", a.Overflowed}, {"cut", a.Cut}} {
			if flag.is {
				s += " " + flag.name
			}
		}
		if a.Logins != nil {
			s += fmt.Sprintf(" logins=%s", a.Logins)
		}
	}
	return s
}

func checkEntries(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func TestItems(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"<> R=1xVJFe-0003lG-2H U=Debian-exim P=local S=1500", " R=1xVJFe-0003lG-2H U=Debian-exim P=local S=1500"},
		{"a@b DS H=h.lab [192.0.2.7] P=smtp S=1", "a@b host=h.lab ip=192.0.2.7 P=smtp S=1"},
		{"a@b H=(h) [192.0.2.7]:4455 I=[198.51.100.1]:587 TFO* U=jo Ci=12 P=esmtpsa L.- X=TLS1.3:C:256* CV=yes DN=\"C=UK,CN=x y\" SNI=x A=plain:bob PRDR PRX=10.0.0.1 K S=7 M8S=8 DKIM=d.example ARC DMARC RT=0.1s Q=slow id=x@y T=\"s\" from <c@d> for e@f g",
			"a@b helo=h ip=192.0.2.7 U=jo P=esmtpsa X=TLS1.3:C:256* auth=plain id=bob mid=x@y T=s from=c@d S=7 for 2"},
		{"a@b H=h (o) [2001:db8::1] P=esmtps X=c SNI=\"a b\" S=1", "a@b host=h helo=o ip=2001:db8::1 P=esmtps X=c S=1"},
		{"a@b H=(h) [192.0.2.7] P=esmtp SPF=pass S=1 DMARC=none id*=made@here",
			"a@b helo=h ip=192.0.2.7 P=esmtp mid=made@here S=1"},
		{"a@b NEW=1 H=(h) [192.0.2.7] NEU=\"x y\" U=jo WORD P=esmtp NEU=2 S=1 NEW=3 id=x T=\"s\" NEW=4 for c",
			"a@b helo=h ip=192.0.2.7 U=jo P=esmtp mid=x T=s S=1 for 1"},
		{"a@b U=example P=local T=\"x \\\"y\\\"\" for c@d", "a@b U=example P=local T=x \"y\" for 1"},
		{"a@b", "a@b"},
		{"a@b T=\"Notification\" for c@d", "a@b T=Notification for 1"},
		{"\"a b <= c\"@b H=(h) [192.0.2.7] P=smtp S=1", "\"a b <= c\"@b helo=h ip=192.0.2.7 P=smtp S=1"},
		{"\"spaced user\"@h U=spaced user P=local S=1", "\"spaced user\"@h U=spaced user P=local S=1"},
		{"a@b U=spam filter P=spam scanned S=1", "a@b U=spam filter P=spam scanned S=1"},
		{"a@b H=([]) [192.0.2.7]:1337 P=esmtp S=1", "a@b helo=[] ip=192.0.2.7 P=esmtp S=1"},
		{"a@b H=() [192.0.2.7] P=esmtp S=1", "a@b helo= ip=192.0.2.7 P=esmtp S=1"},
		{"a@b H=(12-12.lab [192.0.2.7]:65376 P=esmtp S=1", "a@b helo=12-12.lab ip=192.0.2.7 P=esmtp S=1"},
		{"a@b H=h ([h]) [192.0.2.7] P=esmtp S=1", "a@b host=h helo=[h] ip=192.0.2.7 P=esmtp S=1"},
		{"a@b H=(h) [fe80::1%eth0] P=esmtp S=1", "a@b helo=h ip=fe80::1%eth0 P=esmtp S=1"},
		{"a@b H=(h) [192.0.2.7] P=esmtpa A=plain S=5", "a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain S=5"},
		{"a@b H=(h) [192.0.2.7] P=esmtpa A=plain:dom\\u:x:o@b S=5",
			"a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain id=dom\\u:x as=o@b S=5"},
		{"a@b H=(h) [192.0.2.7] P=esmtpsa DN=\"CN=x\" A=tls:\"Phil P\" S=5",
			"a@b helo=h ip=192.0.2.7 P=esmtpsa auth=tls id=\"Phil P\" S=5"},
		{"a@b H=(h) [192.0.2.7] P=esmtp S=1 id=foo@[1.2.3.4] for \"x y\"@d localhost localhost",
			"a@b helo=h ip=192.0.2.7 P=esmtp mid=foo@[1.2.3.4] S=1 for 3"},
		{"a@b U=r P=local S=1 T=\"\"", "a@b U=r P=local T= S=1"},
		{"a@b U=r P=local S=1 T=\"foo\\\\\"", "a@b U=r P=local T=foo\\ S=1"},
		{"a@b U=r P=local S=1 for c@d 2014-10-01 15:30:35 1XZKvG-0002HW-ML => mark", "a@b U=r P=local S=1 for 1"},
	} {
		got := entries(head0 + test.line)
		checkEntries(t, got, []string{"1 arrival " + test.want})
	}
}

func TestSubjectUnescaped(t *testing.T) {
	for _, test := range []struct{ logged, want string }{
		{`plain`, "plain"},
		{`a \"b\" \\c`, `a "b" \c`},
		{`one\n  two\r\b\v\f\t`, "one\n  two\r\b\v\f\t"},
		{"raw\ttab", "raw\ttab"},
		{`\007\033[2J`, "\a\x1b[2J"},
		{`h\303\251llo`, "héllo"},
		{`F\344lt`, "Fält"},
		{`cut \342\202`, "cut \uFFFD"},
		{"raw \xe9 byte", "raw é byte"},
		{`\8 \400`, "8 400"},
		{`<= a@b H=h [1.1.1.1] A=p:q S=9 T=\"z\" for me`, `<= a@b H=h [1.1.1.1] A=p:q S=9 T="z" for me`},
	} {
		a, _ := readOne(t, head0+`a@b U=r P=local S=1 T="`+test.logged+`" for x@y`)
		if string(a.Subject) != test.want {
			t.Errorf("T=%s is %q, want %q", test.logged, a.Subject, test.want)
		}
	}
}

// TestHeads reads every form of what stands before the items.
func TestHeads(t *testing.T) {
	berlin := "2026-11-23T01:53:50+01:00"
	for _, test := range []struct {
		head, time, id string
		pid            int
	}{
		{"2026-11-23 01:53:50 " + id0, "2026-11-23T01:53:50Z", id0, 0},
		{"2026-11-23 01:53:50.712 " + id0, "2026-11-23T01:53:50.712Z", id0, 0},
		{"2026-11-23 01:53:50 +0100 " + id0, berlin, id0, 0},
		{"2026-11-23 01:53:50.001 -0330 [7] " + id0, "2026-11-23T01:53:50.001-03:30", id0, 7},
		{"2026-11-23 01:53:50 [4711] 1xVJFe-000000003lG-0002", "2026-11-23T01:53:50Z", "1xVJFe-000000003lG-0002", 4711},
		{strings.Repeat("\x00", 300) + "2026-11-23 01:53:50 " + id0, "2026-11-23T01:53:50Z", id0, 0},
		{"Nov 23 10:28:30 mx01 exim[27789]: 2026-11-23 01:53:50 " + id0, "2026-11-23T01:53:50Z", id0, 0},
		{"Nov  3 10:28:30 mx01 exim[27789]: " + id0, "2026-11-03T10:28:30Z", id0, 0},
		{"Dec 31 23:59:59 mx01 exim: [1252] " + id0, "2025-12-31T23:59:59Z", id0, 1252},
		{"<22>Nov 23 10:28:30 mx01 exim4[1]: " + id0, "2026-11-23T10:28:30Z", id0, 0},
		{"2026-11-23T01:53:50.263+01:00 info exim[8001]: [8001] " + id0, "2026-11-23T01:53:50.263+01:00", id0, 8001},
		{"2026-11-23T01:53:50.263104Z mx01 exim[8001]: " + id0, "2026-11-23T01:53:50.263Z", id0, 0},
	} {
		a, _ := readOne(t, test.head+" <= a@b U=r P=local S=1")
		if got := a.Time.Format(time.RFC3339Nano); got != test.time || string(a.MessageID) != test.id ||
			a.PID != test.pid {
			t.Errorf("%q is of %s, id %s, pid %d, want %s, %s, %d", test.head, got, a.MessageID, a.PID, test.time,
				test.id, test.pid)
		}
	}
}

// TestLooksLikeArrival are lines that hold the flag, or more, and are none.
func TestLooksLikeArrival(t *testing.T) {
	for _, line := range []string{
		"", "\x00\x00", "<= a@b S=1", "  <= root@h U=root P=local S=2075", "LOG: MAIN",
		stamp0 + id0 + " => x@y R=r T=t S=1", stamp0 + id0 + " Completed", stamp0 +
			"SMTP connection from [192.0.2.7]:25 <= a@b S=1",
		stamp0 + id0 + "x <= a@b S=1", stamp0 + "1xVJFe-0003l-2I <= a@b S=1", stamp0 + id0 + " <=a@b S=1", stamp0 +
			id0 + " <", stamp0 + id0,
		"2026-11-23 01:53 " + id0 + " <= a@b S=1", "x" + head0 + "a@b S=1", stamp0 +
			"H=(x) [192.0.2.7] F=<a@b> rejected RCPT <= x: no",
		stamp0 + id0 + " H=x Warning: <= a@b",
		"[15:03:30 hosts5 root /var/log]# grep x mainlog " + head0 + "<> R=x U=mailnull P=local S=5445",
	} {
		if got := entries(line); len(got) > 0 {
			t.Errorf("%q gives %q, want nothing", line, got)
		}
	}
}

// TestHoldIsBounded: no more is held than Exim writes at once.
// TestCipherWithBlank: GnuTLS named protocols so, up to Exim 4.70.
func TestCipherWithBlank(t *testing.T) {
	checkEntries(t, entries(
		head0+`a@b H=pc [192.0.2.1] P=esmtps X=SSL 3.0:DES-CBC3-SHA:168 S=9 T="hi"`,
		head0+`a@b H=pc [192.0.2.1] P=esmtpsa X=TLS 1.0:RSA_AES_256_CBC_SHA:32 DN="C=x y" A=l:bob S=9`,
		head0+`a@b H=pc [192.0.2.1] P=esmtps X=SSL S=9`,
		head0+`a@b H=pc [192.0.2.1] P=esmtps X=SSL 3.0 S=9`,
	), []string{
		"1 arrival a@b host=pc ip=192.0.2.1 P=esmtps X=SSL 3.0:DES-CBC3-SHA:168 T=hi S=9",
		"2 arrival a@b host=pc ip=192.0.2.1 P=esmtpsa X=TLS 1.0:RSA_AES_256_CBC_SHA:32 auth=l id=bob S=9",
		"3 arrival a@b host=pc ip=192.0.2.1 P=esmtps X=SSL S=9",
		"4 malformed column 62: the items before S= are not in Exim's order",
	})
}

func TestSplitSyslogLines(t *testing.T) {
	prefix := func(pid int) string { return fmt.Sprintf("Nov 23 01:53:50 mx exim[%d]: ", pid) }
	checkEntries(t, entries(
		prefix(1)+"[1/3] "+head0+"a@b U=r P=local S=1 T=\"one ",
		prefix(2)+head0+"x@y U=r P=local S=2",
		prefix(1)+"[2/3] two\" for c@d \"q",
		prefix(1)+"[3/3]  r\"@d",
		prefix(3)+"[1\\2] "+id0+" <= a@b U=r P=local S=1 for \"a",
		prefix(3)+"[2/2] "+forged+"\"@d",
		prefix(4)+"[2/2] lost its beginning",
		prefix(5)+"[1/2] "+head0+"never@ends",
	), []string{
		"2 arrival x@y U=r P=local S=2",
		"1 arrival a@b U=r P=local T=one two S=1 for 2",
		"5 arrival a@b U=r P=local S=1 for 1 suspicious",
		"8 malformed column 1: pieces of the entry are missing",
	})
}

// TestLostPieceIsGivenUp: a log that is never quiet isn't held by an entry of which a piece was lost.
func TestLostPieceIsGivenUp(t *testing.T) {
	var told []int64
	r := NewReader(time.UTC, time.Time{}, func(e *Entry) { told = append(told, e.Line) })
	r.Line(Place{Line: 1},
		[]byte("Nov 23 01:53:50 mx exim[1]: [1/2] 2026-11-23 01:53:50 1xVabc-000001-01 <= a@b U=r P=local S=1"))
	for n := range maxAway {
		if !r.Holding() {
			t.Fatalf("given up after %d lines", n)
		}
		r.Line(Place{}, []byte("Nov 23 01:53:50 mx exim[2]: 2026-11-23 01:53:50 Start queue run: pid=2"))
	}
	r.Line(Place{}, []byte("Nov 23 01:53:50 mx exim[2]: 2026-11-23 01:53:50 End queue run: pid=2"))
	if r.Holding() || len(told) != 1 || told[0] != 1 {
		t.Errorf("holding = %t, told of lines %d, want line 1", r.Holding(), told)
	}
}

func TestSplitIsBounded(t *testing.T) {
	r := NewReader(time.UTC, time.Time{}, func(*Entry) {})
	for pid := range 10 * maxParts {
		line := fmt.Sprintf("Nov 23 01:53:50 mx exim[%d]: [1/2] %s", pid, strings.Repeat("x", 1000))
		r.Line(Place{}, []byte(line))
	}
	if n := len(r.split.parts); n != maxParts {
		t.Errorf("%d entries are kept in pieces, want %d", n, maxParts)
	}
}

// TestSubjectCutOff: the end of a cut line may lie in the subject, of which then the rest isn't an end.
// TestCostOfHostileLines: free text that can be cut in ever so many ways costs no more than some hundred ordinary
// lines.
func TestMalformedArrivals(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{stamp0 + id0 + " <=", "column 40: there is no sender, or it is no address"},
		{head0, "column 41: there is no sender, or it is no address"},
		{head0 + "\"a@b S=1", "column 41: there is no sender, or it is no address"},
		{head0 + "a@b H=(x S=1", "column 45: H= holds no peer address"},
		{head0 + "a@b H=(x) [192.0.2.999.1] P=esmtp S=1", "column 45: H= holds no peer address"},
		{head0 + "a@b U=x P=local S=1 T=\"open", "column 57: the items after S= do not reach to the end of the line"},
		{head0 + "a@b H=(x) [192.0.2.7] X=c P=smtp S=1", "column 63: the items before S= are not in Exim's order"},
		{"2026-13-41 01:53:50 " + id0 + " <= a@b S=1", "column 1: the stamp names no time"},
	} {
		checkEntries(t, entries(test.line), []string{"1 malformed " + test.want})
	}
}

// TestStampAlone: a line may end anywhere in what stands before its text.
func TestStampAlone(t *testing.T) {
	const prefix = "2026-11-22 10:00:00.123 +0100 [4711] "
	for n := range len(prefix) + 1 {
		if got := entries(prefix[:n]); got != nil {
			t.Errorf("%q: %q", prefix[:n], got)
		}
	}
}
