package parser

import (
	"strings"
	"testing"
	"time"
)

func TestForgedItems(t *testing.T) {
	const real = "[192.0.2.7]:4455 P=esmtp S=350"
	for _, test := range []struct{ name, line, want string }{
		{"HELO", "a@b H=(x) [203.0.113.9]:25 P=esmtpsa A=dovecot_login:victim@x S=1) " + real,
			"a@b helo=x) [203.0.113.9]:25 P=esmtpsa A=dovecot_login:victim@x S=1 ip=192.0.2.7 P=esmtp S=350 suspicious logins=[victim@x]"},
		{"HELO whose reading reaches the end",
			"a@b H=(x) [203.0.113.9]:1 P=esmtpsa A=dovecot_login:v@x S=1 for v@x (y) " + real,
			"a@b helo=x) [203.0.113.9]:1 P=esmtpsa A=dovecot_login:v@x S=1 for v@x (y ip=192.0.2.7 P=esmtp S=350 suspicious logins=[v@x]"},
		{"HELO that is no address", "a@b H=(foo (bar) [1.2.3.4]) " + real,
			"a@b helo=foo (bar) [1.2.3.4] ip=192.0.2.7 P=esmtp S=350"},
		{"ident", "a@b H=(h) [192.0.2.7] U=x P=esmtpsa A=dovecot_login:victim@x S=1 for z P=esmtp S=338",
			"a@b helo=h ip=192.0.2.7 U=x P=esmtpsa A=dovecot_login:victim@x S=1 for z P=esmtp S=338 suspicious logins=[victim@x]"},
		{"sender", "\"a [9.9.9.9]:1 P=esmtpsa A=d:victim S=1\"@evil H=(h) " + real,
			"\"a [9.9.9.9]:1 P=esmtpsa A=d:victim S=1\"@evil helo=h ip=192.0.2.7 P=esmtp S=350"},
		{"id", "a@b H=(h) " + real + " id=\"a [9.9.9.9] P=esmtpa A=d:victim S=5 T=x\"@y",
			"a@b helo=h ip=192.0.2.7 P=esmtp mid=\"a [9.9.9.9] P=esmtpa A=d:victim S=5 T=x\"@y S=350"},
		{"subject", "a@b H=(h) " + real + " T=\"x) [9.9.9.9] P=esmtpa A=d:victim S=5 for \\\"q\"",
			"a@b helo=h ip=192.0.2.7 P=esmtp T=x) [9.9.9.9] P=esmtpa A=d:victim S=5 for \"q S=350"},
		{"authenticated id", "a@b H=(h) [192.0.2.7] P=esmtpa A=login:user name S=5 S=280",
			"a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=user name S=5 S=280"},
		{"certificate", "a@b H=(h) [192.0.2.7] P=esmtps X=c DN=\"CN=a\" A=plain:victim\" S=350",
			"a@b helo=h ip=192.0.2.7 P=esmtps X=c S=350"},
		{"certificate of somebody",
			"a@b H=(h) [192.0.2.7] P=esmtpsa X=c DN=\"CN=a\" A=plain:victim\" A=plain:bob S=350",
			"a@b helo=h ip=192.0.2.7 P=esmtpsa X=c auth=plain id=bob S=350"},
		{"recipient", "a@b H=(h) " + real + " for \"x [9.9.9.9] P=esmtpa A=d:v S=5\"@d",
			"a@b helo=h ip=192.0.2.7 P=esmtp S=350 for 1"},
		{"subject, quotes in a recipient's literal",
			"a@b H=(h) [192.0.2.7] P=esmtp S=233 id=q@w T=\"x) [9.9.9.9] P=esmtpa A=plain:victim S=1 id=q\" for bob@x a@[\"]",
			"a@b helo=h ip=192.0.2.7 P=esmtp mid=q@w T=x) [9.9.9.9] P=esmtpa A=plain:victim S=1 id=q S=233 for 2"},
		{"subject, quotes in the id's literal",
			"a@b H=(h) [192.0.2.7] P=esmtpa A=plain:bob S=278 id=a@[\"] T=\"x) [9.9.9.9] P=esmtpa A=plain:victim S=1 for v@x 2026-11-23 01:53:50 z\"",
			"a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain id=bob mid=a@[\"] T=x) [9.9.9.9] P=esmtpa A=plain:victim S=1 for v@x 2026-11-23 01:53:50 z S=278"},
		{"sender with quotes in a literal",
			"\"x H=(h) [9.9.9.9] P=esmtpa A=plain:victim S=1 for y\"@[\"] U=root P=local-esmtp S=385",
			"\"x H=(h) [9.9.9.9] P=esmtpa A=plain:victim S=1 for y\"@[\"] U=root P=local-esmtp S=385"},
		{"id with quoted blanks",
			"a@b H=(h) [192.0.2.7] P=esmtp S=275 id=\"a) [9.9.9.9] P=esmtpsa A=login:victim:\\\"\".x\\ S=1",
			"a@b helo=h ip=192.0.2.7 P=esmtp mid=\"a) [9.9.9.9] P=esmtpsa A=login:victim:\\\"\".x\\ S=1 S=275"},
		{"id with quoted blanks and a login",
			"a@b H=(h) [192.0.2.7] P=esmtpa A=plain:bob S=220 id=x\\ S=1 T=\"x\" for a@b.de",
			"a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain id=bob mid=x\\ S=1 T=x S=220 for 1"},
		{"id with quoted blanks and a user", "a@b U=root P=local S=282 id=\"a A=login:victim:\\\"\".x\\ S=1 T=\"s\"",
			"a@b U=root P=local mid=\"a A=login:victim:\\\"\".x\\ S=1 T=s S=282"},
		{"login that ends in a backslash", "a@b H=(h) [192.0.2.7] P=esmtpa A=plain:LAB\\ S=5",
			"a@b helo=h ip=192.0.2.7 P=esmtpa auth=plain id=LAB\\ S=5"},
		{"bare SNI that begins with a quote", "a@b H=(h) [192.0.2.7] P=esmtpsa SNI=\"a A=tls:\"Phil P\" S=3",
			"a@b helo=h ip=192.0.2.7 P=esmtpsa auth=tls id=\"Phil P\" S=3"},
		{"from with quotes in a literal", "a@b U=r P=local S=1 from <a@[>\"]> for \"x\"@[\"]",
			"a@b U=r P=local from=a@[>\"] S=1 for 1"},
		{"certificate around a whole peer",
			"a@b H=(h) [192.0.2.7] P=esmtps X=c DN=\"/CN=x) [9.9.9.9] P=esmtpa A=login:victim\" S=350",
			"a@b helo=h ip=192.0.2.7 P=esmtps X=c S=350"},
		{"recipients that spell the overflow mark",
			"a@b U=root P=local S=379 for v@x **** log string overflowed log buffer ****",
			"a@b U=root P=local S=379 for 8"},
		{"bare SNI with a quote", "a@b H=(h) [192.0.2.7] P=esmtpsa X=c CV=no SNI=a\"b A=login:bob S=350",
			"a@b helo=h ip=192.0.2.7 P=esmtpsa X=c auth=login id=bob S=350"},
		{"sender that ends in a backslash", "a\\@mx U=r P=local S=1 from <a\\> for b@c",
			"a\\@mx U=r P=local from=a\\ S=1 for 1"},
		{"local user", "a@b U=x P=local S=1 T=\"H=(h) [9.9.9.9]\"", "a@b U=x P=local T=H=(h) [9.9.9.9] S=1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkEntries(t, entries(head0+test.line),
				[]string{"1 arrival " + test.want})
		})
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
		{"cwd that ends in a whole line", []string{stamp0 + "cwd=/srv/x", forged, stamp0 + "cwd=/tmp 6 args: exim -t",
			ordinary},
			[]string{"1 injected", "2 arrival victim@x helo=h ip=9.9.9.9 P=esmtpa auth=d id=victim@x S=1 forgeable",
				"3 submission forgeable \"/tmp\"", "4 arrival c@d U=c P=local S=5 forgeable"}},
		{"recipient", []string{head0 + "r@h U=root P=local S=9 for \"a", forged, "z\"@d", ordinary},
			[]string{"1 arrival r@h U=root P=local S=9 for 1 suspicious", "2 injected",
				"4 arrival c@d U=c P=local S=5"}},
		{"recipient that ends in a stamp", []string{head0 + "r@h U=root P=local S=9 for \"a", forged, stamp0 +
			"Completed\"@d", ordinary},
			[]string{"1 malformed column 60: the items after S= do not reach to the end of the line",
				"2 arrival victim@x helo=h ip=9.9.9.9 P=esmtpa auth=d id=victim@x S=1 forgeable",
				"4 arrival c@d U=c P=local S=5 forgeable"}},
		{"sender", []string{head0 + "\"a", forged, "z\"@d U=root P=local S=9", ordinary},
			[]string{"1 arrival \"a\n" + forged + "\nz\"@d U=root P=local S=9 suspicious", "2 injected",
				"4 arrival c@d U=c P=local S=5"}},
		{"MAIL AUTH=", []string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob:a", forged, "b@x S=231", ordinary},
			[]string{"1 arrival a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=bob as=a\n" + forged +
				"\nb@x S=231 suspicious", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"a beginning made complete",
			[]string{head0 + "j@x U=root P=local S=402 T=\"x P=esmtpa A=plain:v2 S=1 for y.\" for \" ", forged,
				"z\"@lab.test", ordinary},
			[]string{"1 arrival j@x U=root P=local T=x P=esmtpa A=plain:v2 S=1 for y. S=402 for 1 suspicious",
				"2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"a HELO made complete",
			[]string{head0 +
				"a@b H=(x) [9.9.9.9]:1 P=esmtpsa A=plain:victim S=1 for z () [192.0.2.7] P=esmtpa A=plain:bob:a", forged,
				"b@x S=236", ordinary},
			[]string{"1 arrival a@b helo=x) [9.9.9.9]:1 P=esmtpsa A=plain:victim S=1 for z ( ip=192.0.2.7 P=esmtpa auth=plain id=bob as=a\n" + forged + "\nb@x S=236 suspicious logins=[victim]", "2 injected", "4 arrival c@d U=c P=local S=5"}},
		{"real lines behind a forged beginning", []string{head0 + "c@d U=joe P=local S=350 for \"a 8 args: exim4 x@y",
			ordinary, head0 + "joe@x U=joe P=local S=221 id=a@[\"@x]"},
			[]string{"1 malformed column 59: the items after S= do not reach to the end of the line",
				"2 arrival c@d U=c P=local S=5 forgeable",
				"3 arrival joe@x U=joe P=local mid=a@[\"@x] S=221 forgeable"}},
		{"real lines between two entries of the forger",
			[]string{stamp0 + "cwd=/srv/x", stamp0 + "q 3 args: z 5 args: exim4 x@y", ordinary, stamp0 + "cwd=/srv/y",
				"z 5 args: exim4 x@y"},
			[]string{"1 injected", "3 arrival c@d U=c P=local S=5 forgeable", "4 submission forgeable \"/srv/y\\nz\""}},
		{"a beginning and a forged line that look whole",
			[]string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob:a S=1", ordinary, "d@x S=231 for q@r"},
			[]string{"1 arrival a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=bob as=a S=1\n" + ordinary +
				"\nd@x S=231 for 1 suspicious", "2 injected"}},
		{"the third part of A= looks whole, and nothing finishes it",
			[]string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob:a S=1", ordinary},
			[]string{"1 arrival a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=bob:a S=1",
				"2 arrival c@d U=c P=local S=5"}},
		{"nothing finishes it", []string{head0 + "r@h U=root P=local S=9 for \"a", ordinary, stamp0 + "Completed"},
			[]string{"1 malformed column 60: the items after S= do not reach to the end of the line",
				"2 arrival c@d U=c P=local S=5 forgeable"}},
		{"torn before S=", []string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob", ordinary},
			[]string{"1 arrival a@b helo=h ip=192.0.2.7 P=esmtpa auth=login id=bob",
				"2 arrival c@d U=c P=local S=5 forgeable"}},
		{"torn cwd", []string{stamp0 + "cwd=/srv/x", ordinary},
			[]string{"1 injected", "2 arrival c@d U=c P=local S=5 forgeable"}},
	} {
		t.Run(test.name, func(t *testing.T) { checkEntries(t, entries(test.lines...), test.want) })
	}
}

func TestHoldIsBounded(t *testing.T) {
	lines := []string{head0 + "a@b H=(h) [192.0.2.7] P=esmtpa A=login:bob:a"}
	for range 200 {
		lines = append(lines, stamp0+"1xVJFe-0003lG-55 <= c@d U=c P=local S=5")
	}
	lines = append(lines, "b@x S=231")
	got := 0
	r := NewReader(time.UTC, time.Time{}, func(e *Entry) {
		if e.Kind == Reception {
			got++
		}
	})
	for i, line := range lines {
		r.Line(Place{"mainlog", int64(i)}, []byte(line))
		if heldBytes(r) > maxEntry {
			t.Fatalf("%d bytes are held", heldBytes(r))
		}
	}
	if r.Flush(); got != 201 {
		t.Errorf("%d arrivals, want 201", got)
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
		if !a.Cut || string(a.AuthenticatedID) != "bob" || a.Suspicious || len(recipients) < 200 ||
			a.RecipientCount != len(recipients) {
			t.Errorf("%s: cut %v, id %s, suspicious %v, %d recipients", name, a.Cut, a.AuthenticatedID, a.Suspicious,
				len(recipients))
		}
	}
}

func TestSubjectCutOff(t *testing.T) {
	line := head0 + "a@b H=(" + strings.Repeat("a", 8000) +
		") [192.0.2.7] P=esmtp S=350 id=z@x T=\"x) [9.9.9.9] P=esmtpa A=login:victim S=1<trunc>"
	if a, _ := readOne(t, line); a.Authenticator != nil || !a.Suspicious {
		t.Errorf("charged to %q, suspicious %v", a.AuthenticatedID, a.Suspicious)
	}
}

func TestCostOfHostileLines(t *testing.T) {
	fill := func(before, unit, after string) string {
		return head0 + before + strings.Repeat(unit, (8000-len(before)-len(after))/len(unit)) + after
	}
	full := func(before, unit, after string) string {
		line := fill(before, unit, "") + strings.Repeat("x", 200)
		return line[:maxEntry-3-len(after)] + after
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
		"cut items":    full("a@b H=(x", " A=b:c S=1 x=y", overflowMark),
		"cut quotes":   full("a@b H=(x", `) [1.1.1.1] P=x DN="x" A="x x=`, overflowMark),
		"cut peers":    full("a@b H=(x", ") [1.1.1.1] P=esmtpa A=l:x S=1", " fo<trunc>"),
		"cut idents":   full("a@b H=(x) [192.0.2.7] U=x", ` P=x A="x" S=1 id="`, "****"),
		"cut names":    full("a@b H=(x) [192.0.2.7] U=x", " x", "****<trunc>"),
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

// TestCutLineThatCanBeReadInTwoWays: its end may hold the other half of a forged beginning. The rightmost peer wins.
func TestCutLineThatCanBeReadInTwoWays(t *testing.T) {
	line := head0 + "a@b H=(h) [192.0.2.7] P=esmtp S=9 T=\"x) [9.9.9.9] P=esmtpa A=d:victim S=1 for \" for"
	line += strings.Repeat(" \".\"@d", 2000)
	a, _ := readOne(t, line[:8184]+"<trunc>")
	if string(a.AuthenticatedID) != "victim" || !a.Suspicious {
		t.Errorf("charged to %q, suspicious %v, want the login of the rightmost peer, suspicious", a.AuthenticatedID, a.Suspicious)
	}
}

func TestOverflowedEntries(t *testing.T) {
	checkEntries(t, entries(
		stamp0+id0+" **** log string overflowed log buffer ****",
		" from <a@b> for c@d",
		head0+"a@b H=(x) [9.9.9.9] P=esmtpa A=d:victim S=1 "+strings.Repeat("A", 8000)+"**** log string overflowed log buffer ****",
		stamp0+"**** log string overflowed log buffer ****",
	), []string{"1 overflow", "3 arrival a@b helo=x ip=9.9.9.9 P=esmtpa suspicious overflowed cut"})
}

// heldBytes are those of the lines that a Reader holds.
func heldBytes(r *Reader) (n int) {
	for _, it := range r.pending.items {
		n += len(it.line) + 1
	}
	return n
}
