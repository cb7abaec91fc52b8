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
	r := NewReader(time.UTC, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), func(e *Entry) { got = append(got, describe(e)) })
	for i, line := range lines {
		r.Line(Place{"mainlog", int64(i + 1)}, []byte(line))
	}
	r.Flush()
	return got
}

var kindNames = [...]string{"arrival", "malformed", "overflow", "injected", "submission", "identification"}

func describe(e *Entry) string {
	s := fmt.Sprintf("%d %s", e.Line, kindNames[e.Kind])
	switch e.Kind {
	case Submission:
		return fmt.Sprintf("%s %q", s, e.Directory)
	case Identification:
		return fmt.Sprintf("%s %s", s, e.User)
	case Malformed:
		return fmt.Sprintf("%s column %d: %s", s, e.Column, e.Reason)
	case Reception:
		a := e.Arrival
		s += fmt.Sprintf(" %s", a.EnvelopeSender)
		for _, item := range []struct {
			name  string
			value []byte
		}{{"R", a.BounceOf}, {"host", a.Host}, {"helo", a.Helo}, {"ip", a.HostAddress}, {"U", a.Ident}, {"P", a.Protocol}, {"X", a.TLS},
			{"auth", a.Authenticator}, {"id", a.AuthenticatedID}, {"as", a.AuthenticatedSender}, {"mid", a.HeaderMessageID},
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
		}{{"(=", a.FakeReject}, {"suspicious", a.Suspicious}, {"overflowed", a.Overflowed}, {"cut", a.Cut}} {
			if flag.is {
				s += " " + flag.name
			}
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
		{"a@b H=(h) [192.0.2.7] P=esmtp SPF=pass S=1 DMARC=none id*=made@here", "a@b helo=h ip=192.0.2.7 P=esmtp mid=made@here S=1"},
		{"a@b NEW=1 H=(h) [192.0.2.7] NEU=\"x y\" U=jo WORD P=esmtp NEU=2 S=1 NEW=3 id=x T=\"s\" NEW=4 for c", "a@b helo=h ip=192.0.2.7 U=jo P=esmtp mid=x T=s S=1 for 1"},
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
		{"a@b H=(h) [192.0.2.7] P=esmtpa A=plain:dom\\u:x:o@b S=5", "a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain id=dom\\u:x as=o@b S=5"},
		{"a@b H=(h) [192.0.2.7] P=esmtpsa DN=\"CN=x\" A=tls:\"Phil P\" S=5", "a@b helo=h ip=192.0.2.7 P=esmtpsa auth=tls id=\"Phil P\" S=5"},
		{"a@b H=(h) [192.0.2.7] P=esmtp S=1 id=foo@[1.2.3.4] for \"x y\"@d localhost localhost", "a@b helo=h ip=192.0.2.7 P=esmtp mid=foo@[1.2.3.4] S=1 for 3"},
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
		{`F\344lt`, "F\uFFFDlt"},
		{`cut \342\202`, "cut \uFFFD"},
		{"raw \xe9 byte", "raw \uFFFD byte"},
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
		if got := a.Time.Format(time.RFC3339Nano); got != test.time || string(a.MessageID) != test.id || a.PID != test.pid {
			t.Errorf("%q is of %s, id %s, pid %d, want %s, %s, %d", test.head, got, a.MessageID, a.PID, test.time, test.id, test.pid)
		}
	}
}

// TestLooksLikeArrival are lines that hold the flag, or more, and are none.
func TestLooksLikeArrival(t *testing.T) {
	for _, line := range []string{
		"", "\x00\x00", "<= a@b S=1", "  <= root@h U=root P=local S=2075", "LOG: MAIN",
		stamp0 + id0 + " => x@y R=r T=t S=1", stamp0 + id0 + " Completed", stamp0 + "SMTP connection from [192.0.2.7]:25 <= a@b S=1",
		stamp0 + id0 + "x <= a@b S=1", stamp0 + "1xVJFe-0003l-2I <= a@b S=1", stamp0 + id0 + " <=a@b S=1", stamp0 + id0 + " <", stamp0 + id0,
		"2026-11-23 01:53 " + id0 + " <= a@b S=1", "x" + head0 + "a@b S=1", stamp0 + "H=(x) [192.0.2.7] F=<a@b> rejected RCPT <= x: no",
		stamp0 + id0 + " H=x Warning: <= a@b",
		"[15:03:30 hosts5 root /var/log]# grep x mainlog " + head0 + "<> R=x U=mailnull P=local S=5445",
	} {
		if got := entries(line); len(got) > 0 {
			t.Errorf("%q gives %q, want nothing", line, got)
		}
	}
}

func TestForgedItems(t *testing.T) {
	const real = "[192.0.2.7]:4455 P=esmtp S=350"
	for _, test := range []struct{ name, line, want string }{
		{"HELO", "a@b H=(x) [203.0.113.9]:25 P=esmtpsa A=dovecot_login:victim@x S=1) " + real,
			"a@b helo=x) [203.0.113.9]:25 P=esmtpsa A=dovecot_login:victim@x S=1 ip=192.0.2.7 P=esmtp S=350 suspicious"},
		{"HELO whose reading reaches the end", "a@b H=(x) [203.0.113.9]:1 P=esmtpsa A=dovecot_login:v@x S=1 for v@x (y) " + real,
			"a@b helo=x) [203.0.113.9]:1 P=esmtpsa A=dovecot_login:v@x S=1 for v@x (y ip=192.0.2.7 P=esmtp S=350 suspicious"},
		{"HELO that is no address", "a@b H=(foo (bar) [1.2.3.4]) " + real, "a@b helo=foo (bar) [1.2.3.4] ip=192.0.2.7 P=esmtp S=350"},
		{"ident", "a@b H=(h) [192.0.2.7] U=x P=esmtpsa A=dovecot_login:victim@x S=1 for z P=esmtp S=338",
			"a@b helo=h ip=192.0.2.7 U=x P=esmtpsa A=dovecot_login:victim@x S=1 for z P=esmtp S=338 suspicious"},
		{"sender", "\"a [9.9.9.9]:1 P=esmtpsa A=d:victim S=1\"@evil H=(h) " + real, "\"a [9.9.9.9]:1 P=esmtpsa A=d:victim S=1\"@evil helo=h ip=192.0.2.7 P=esmtp S=350"},
		{"id", "a@b H=(h) " + real + " id=\"a [9.9.9.9] P=esmtpa A=d:victim S=5 T=x\"@y", "a@b helo=h ip=192.0.2.7 P=esmtp mid=\"a [9.9.9.9] P=esmtpa A=d:victim S=5 T=x\"@y S=350"},
		{"subject", "a@b H=(h) " + real + " T=\"x) [9.9.9.9] P=esmtpa A=d:victim S=5 for \\\"q\"", "a@b helo=h ip=192.0.2.7 P=esmtp T=x) [9.9.9.9] P=esmtpa A=d:victim S=5 for \"q S=350"},
		{"authenticated id", "a@b H=(h) [192.0.2.7] P=esmtpa A=login:user name S=5 S=280", "a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=user name S=5 S=280"},
		{"certificate", "a@b H=(h) [192.0.2.7] P=esmtps X=c DN=\"CN=a\" A=plain:victim\" S=350", "a@b helo=h ip=192.0.2.7 P=esmtps X=c S=350"},
		{"certificate of somebody", "a@b H=(h) [192.0.2.7] P=esmtpsa X=c DN=\"CN=a\" A=plain:victim\" A=plain:bob S=350", "a@b helo=h ip=192.0.2.7 P=esmtpsa X=c auth=plain id=bob S=350"},
		{"recipient", "a@b H=(h) " + real + " for \"x [9.9.9.9] P=esmtpa A=d:v S=5\"@d", "a@b helo=h ip=192.0.2.7 P=esmtp S=350 for 1"},
		{"subject, quotes in a recipient's literal", "a@b H=(h) [192.0.2.7] P=esmtp S=233 id=q@w T=\"x) [9.9.9.9] P=esmtpa A=plain:victim S=1 id=q\" for bob@x a@[\"]",
			"a@b helo=h ip=192.0.2.7 P=esmtp mid=q@w T=x) [9.9.9.9] P=esmtpa A=plain:victim S=1 id=q S=233 for 2"},
		{"subject, quotes in the id's literal", "a@b H=(h) [192.0.2.7] P=esmtpa A=plain:bob S=278 id=a@[\"] T=\"x) [9.9.9.9] P=esmtpa A=plain:victim S=1 for v@x 2026-11-23 01:53:50 z\"",
			"a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain id=bob mid=a@[\"] T=x) [9.9.9.9] P=esmtpa A=plain:victim S=1 for v@x 2026-11-23 01:53:50 z S=278"},
		{"sender with quotes in a literal", "\"x H=(h) [9.9.9.9] P=esmtpa A=plain:victim S=1 for y\"@[\"] U=root P=local-esmtp S=385",
			"\"x H=(h) [9.9.9.9] P=esmtpa A=plain:victim S=1 for y\"@[\"] U=root P=local-esmtp S=385"},
		{"from with quotes in a literal", "a@b U=r P=local S=1 from <a@[>\"]> for \"x\"@[\"]", "a@b U=r P=local from=a@[>\"] S=1 for 1"},
		{"certificate around a whole peer", "a@b H=(h) [192.0.2.7] P=esmtps X=c DN=\"/CN=x) [9.9.9.9] P=esmtpa A=login:victim\" S=350", "a@b helo=h ip=192.0.2.7 P=esmtps X=c S=350"},
		{"recipients that spell the overflow mark", "a@b U=root P=local S=379 for v@x **** log string overflowed log buffer ****", "a@b U=root P=local S=379 for 8"},
		{"bare SNI with a quote", "a@b H=(h) [192.0.2.7] P=esmtpsa X=c CV=no SNI=a\"b A=login:bob S=350", "a@b helo=h ip=192.0.2.7 P=esmtpsa X=c auth=login id=bob S=350"},
		{"sender that ends in a backslash", "a\\@mx U=r P=local S=1 from <a\\> for b@c", "a\\@mx U=r P=local from=a\\ S=1 for 1"},
		{"local user", "a@b U=x P=local S=1 T=\"H=(h) [9.9.9.9]\"", "a@b U=x P=local T=H=(h) [9.9.9.9] S=1"},
	} {
		t.Run(test.name, func(t *testing.T) { checkEntries(t, entries(head0+test.line), []string{"1 arrival " + test.want}) })
	}
}

const forged = "2026-11-23 01:53:51 1xVJFe-0003lG-99 <= victim@x H=(h) [9.9.9.9] P=esmtpa A=d:victim@x S=1"

func TestInjectedLines(t *testing.T) {
	ordinary := stamp0 + "1xVJFe-0003lG-55 <= c@d U=c P=local S=5"
	for _, test := range []struct {
		name        string
		lines, want []string
	}{
		{"cwd", []string{stamp0 + "cwd=/srv/x", forged, "shop 6 args: exim -t", ordinary},
			[]string{"1 submission \"/srv/x\\n" + forged + "\\nshop\"", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"cwd that ends in a whole line", []string{stamp0 + "cwd=/srv/x", forged, stamp0 + "cwd=/tmp 6 args: exim -t", ordinary},
			[]string{"1 submission \"/srv/x\\n" + forged + "\\n" + stamp0 + "cwd=/tmp\"", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"recipient", []string{head0 + "r@h U=root P=local S=9 for \"a", forged, "z\"@d", ordinary},
			[]string{"1 arrival r@h U=root P=local S=9 for 1 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"recipient that ends in a stamp", []string{head0 + "r@h U=root P=local S=9 for \"a", forged, stamp0 + "Completed\"@d", ordinary},
			[]string{"1 arrival r@h U=root P=local S=9 for 1 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"sender", []string{head0 + "\"a", forged, "z\"@d U=root P=local S=9", ordinary},
			[]string{"1 arrival \"a\n" + forged + "\nz\"@d U=root P=local S=9 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"MAIL AUTH=", []string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob:a", forged, "b@x S=231", ordinary},
			[]string{"1 arrival a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=bob as=a\n" + forged + "\nb@x S=231 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"a beginning made complete", []string{head0 + "j@x U=root P=local S=402 T=\"x P=esmtpa A=plain:v2 S=1 for y.\" for \" ", forged, "z\"@lab.test", ordinary},
			[]string{"1 arrival j@x U=root P=local T=x P=esmtpa A=plain:v2 S=1 for y. S=402 for 1 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"a HELO made complete", []string{head0 + "a@b H=(x) [9.9.9.9]:1 P=esmtpsa A=plain:victim S=1 for z () [192.0.2.7] P=esmtpa A=plain:bob:a", forged, "b@x S=236", ordinary},
			[]string{"1 arrival a@b helo=x) [9.9.9.9]:1 P=esmtpsa A=plain:victim S=1 for z ( ip=192.0.2.7 P=esmtpa auth=plain id=bob as=a\n" + forged + "\nb@x S=236 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"real lines behind a forged beginning", []string{head0 + "c@d U=joe P=local S=350 for \"a 8 args: exim4 x@y", ordinary, head0 + "joe@x U=joe P=local S=221 id=a@[\"@x]"},
			[]string{"1 malformed column 59: the items after S= do not reach to the end of the line", "2 arrival c@d U=c P=local S=5", "3 arrival joe@x U=joe P=local mid=a@[\"@x] S=221"}},
		{"nothing finishes it", []string{head0 + "r@h U=root P=local S=9 for \"a", ordinary, stamp0 + "Completed"},
			[]string{"1 malformed column 60: the items after S= do not reach to the end of the line", "2 arrival c@d U=c P=local S=5"}},
		{"torn before S=", []string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob", ordinary},
			[]string{"1 arrival a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=bob", "2 arrival c@d U=c P=local S=5"}},
		{"torn cwd", []string{stamp0 + "cwd=/srv/x", ordinary}, []string{"2 arrival c@d U=c P=local S=5"}},
	} {
		t.Run(test.name, func(t *testing.T) { checkEntries(t, entries(test.lines...), test.want) })
	}
}

// TestHoldIsBounded: no more is held than Exim writes at once.
func TestHoldIsBounded(t *testing.T) {
	lines := []string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob:a"}
	for range 200 {
		lines = append(lines, stamp0+"1xVJFe-0003lG-55 <= c@d U=c P=local S=5")
	}
	lines = append(lines, "b@x S=231")
	got := 0
	r := NewReader(time.UTC, time.Time{}, func(*Entry) { got++ })
	for i, line := range lines {
		r.Line(Place{"mainlog", int64(i)}, []byte(line))
		if len(r.held.text) > maxEntry {
			t.Fatalf("%d bytes are held", len(r.held.text))
		}
	}
	if r.Flush(); got != 201 {
		t.Errorf("%d arrivals, want 201", got)
	}
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

func TestLinesThatEximCut(t *testing.T) {
	many := strings.Repeat(" u@recipients.example", 500)
	full := head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=plain:bob S=9 T=\"s\" for c@d"
	trunc := (full + many)[:8184] + "<trunc>"
	old := (full + many)[:8179]
	quoted := full + strings.Repeat(" \"u v\"@d", 1200)
	quoted = quoted[:8183] + "<trunc>"
	for name, line := range map[string]string{"trunc": trunc, "until 4.97": old, "inside quotes": quoted} {
		a, recipients := readOne(t, line)
		if !a.Cut || string(a.AuthenticatedID) != "bob" || a.Suspicious || len(recipients) < 200 || a.RecipientCount != len(recipients) {
			t.Errorf("%s: cut %v, id %s, suspicious %v, %d recipients", name, a.Cut, a.AuthenticatedID, a.Suspicious, len(recipients))
		}
	}
}

// TestSubjectCutOff: the end of a cut line may lie in the subject, of which then the rest isn't an end.
func TestSubjectCutOff(t *testing.T) {
	line := head0 + "a@b H=(" + strings.Repeat("a", 8000) + ") [192.0.2.7] P=esmtp S=350 id=z@x T=\"x) [9.9.9.9] P=esmtpa A=login:victim S=1<trunc>"
	if a, _ := readOne(t, line); a.Authenticator != nil || !a.Suspicious {
		t.Errorf("charged to %q, suspicious %v", a.AuthenticatedID, a.Suspicious)
	}
}

// TestCostOfHostileLines: free text that can be cut in ever so many ways costs no more than some hundred ordinary lines.
func TestCostOfHostileLines(t *testing.T) {
	fill := func(before, unit, after string) string {
		return head0 + before + strings.Repeat(unit, (8000-len(before)-len(after))/len(unit)) + after
	}
	lines := map[string]string{
		"idents":       fill("a@b H=(x) [192.0.2.7] U=x", ` P=x DN="x" SNI="`, " (bad S=1"),
		"HELO":         fill("a@b H=(x) [1.1.1.1] U=x", ` P=x DN="x" SNI="`, " () [192.0.2.7] P=esmtp S=350"),
		"peers":        fill("a@b H=(x", `) [1.1.1.1] P=x DN="x" SNI="`, ") [192.0.2.7] P=esmtp S=350"),
		"certificates": fill("a@b H=(x) [192.0.2.7] U=x", ` DN="`, ` SNI="x S=1`),
		"no size":      fill("a@b H=(x) [192.0.2.7]", " x=y", ""),
		"recipients":   fill("a@b H=(h) [192.0.2.7] P=esmtp S=3 for a", " S=1 for x", ""),
		"id":           fill(`a@b H=(h) [192.0.2.7] P=esmtp S=3 id="`, " S=1 for x", `"@x`),
		"subject":      fill(`a@b H=(h) [192.0.2.7] P=esmtp S=3 T="`, " S=1 for x", `"`),
		"sizes":        fill("a@b H=(h", " S=1", ") [192.0.2.7] P=esmtp S=3"),
		"held":         fill("a@b U=r P=local S=1 for \"", "x\" \"\n", ""),
		"held sizes":   fill("a@b H=(h) [192.0.2.7] P=esmtpa A=l:b:a", "\n S=1 for x", ""),
	}
	const many = 1000
	var ordinary []string
	for range many {
		ordinary = append(ordinary, head0+`a@b H=(h) [192.0.2.7] P=esmtpa A=plain:bob S=280 id=x@y T="s" for c@d`)
	}
	unit := least(ordinary) / many
	for name, line := range lines {
		took := least(strings.Split(line, "\n"))
		t.Logf("%-13s %v, that of %d lines", name, took, took/unit)
		if took > 5000*unit {
			t.Errorf("%s: %v for a line of %d bytes, an ordinary one takes %v", name, took, len(line), unit)
		}
	}
}

// least gives the shortest of some times that reading the lines takes.
func least(lines []string) time.Duration {
	took := time.Hour
	for range 5 {
		start := time.Now()
		entries(lines...)
		took = min(took, time.Since(start))
	}
	return took
}

// TestCutLineThatCanBeReadInTwoWays charges nobody: its end may hold the other half of a forged beginning.
func TestCutLineThatCanBeReadInTwoWays(t *testing.T) {
	line := head0 + "a@b H=(h) [192.0.2.7] P=esmtp S=9 T=\"x) [9.9.9.9] P=esmtpa A=d:victim S=1 for \" for"
	line += strings.Repeat(" \".\"@d", 2000)
	a, _ := readOne(t, line[:8184]+"<trunc>")
	if a.Authenticator != nil || !a.Suspicious {
		t.Errorf("charged to %q, suspicious %v", a.AuthenticatedID, a.Suspicious)
	}
}

func TestOverflowedEntries(t *testing.T) {
	checkEntries(t, entries(
		stamp0+id0+" **** log string overflowed log buffer ****",
		" from <a@b> for c@d",
		head0+"a@b H=(x) [9.9.9.9] P=esmtpa A=d:victim S=1 "+strings.Repeat("A", 8000)+"**** log string overflowed log buffer ****",
		stamp0+"**** log string overflowed log buffer ****",
	), []string{"1 overflow", "3 arrival a@b suspicious overflowed cut"})
}

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

func TestSubmissions(t *testing.T) {
	checkEntries(t, entries(
		stamp0+"cwd=/home/shop/public html 5 args: /usr/sbin/sendmail -t -i -f a@b",
		stamp0+"cwd=/var/spool/exim 3 args: /usr/sbin/exim -Mc "+id0,
		stamp0+"cwd=/ 2 args: exim -bpc",
		stamp0+"cwd=/ 2 args: exim -qff",
		stamp0+"[77] cwd=/srv 4 args: exim -bs -oMa 192.0.2.7",
		stamp0+"cwd=/var/spool/exim 7 args: exim -t -oem -oi -f <> -E"+id0,
		stamp0+id0+" Sender identification U=shop D=lab.test S=shop@lab.test",
	), []string{"1 submission \"/home/shop/public html\"", "5 submission \"/srv\"", "7 identification shop"})
}
