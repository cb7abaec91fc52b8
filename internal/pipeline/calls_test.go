package pipeline

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// counted gives what each counted arrival of a log has for a key, in the order in which they count.
func counted(t *testing.T, key window.Key, config, log string) (values []string) {
	t.Helper()
	c := configtest.Parse(t, fmt.Sprintf("%s\n[[rule]]\nkey = %q\nlimit = 1000\n", config, key))
	p, err := New(c.Scopes, c.Rules, Listener{Counted: func(w *window.Arrival) {
		if value := w.Values[key]; value != nil {
			values = append(values, string(value))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	r, n := p.Reader(time.UTC, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)), int64(0)
	for line := range bytes.Lines([]byte(log)) {
		n++
		r.Line(parser.Place{File: "mainlog", Line: n}, bytes.TrimSuffix(line, []byte("\n")))
	}
	r.Flush()
	return values
}

// As Exim 4.96 writes them, without "purging the environment"; the stamps of callsLog are farther apart. Exim reads the
// message from a slowly. Meanwhile three messages come from b, and a session in a brings two.
const (
	callsLog = `2026-11-30 02:23:11 cwd=/lab/a 4 args: exim4 -C /lab/exim.conf x@y.test
2026-11-30 02:23:12 cwd=/lab/b 4 args: exim4 -C /lab/exim.conf x@y.test
2026-11-30 02:23:12 1xXr2u-0002kf-0Z <= root@mx.lab.test U=root P=local S=289 T="b"
2026-11-30 02:23:13 cwd=/lab/b 5 args: exim4 -C /lab/exim.conf -t -i
2026-11-30 02:23:13 1xXr2v-0002km-0c <= root@mx.lab.test U=root P=local S=303 T="b2"
2026-11-30 02:23:20 cwd=/lab/a 4 args: exim4 -C /lab/exim.conf -bs
2026-11-30 02:23:20 1xXr32-0002kr-0g <= a@b U=root P=local-esmtp S=272 T="s"
2026-11-30 02:23:20 1xXr32-0002kr-0h <= a@b U=root P=local-esmtp S=273 T="s2"
2026-11-30 02:23:30 cwd=/lab/b 5 args: exim4 -C /lab/exim.conf -odi x@y.test
2026-11-30 02:23:30 1xXr3C-0002l1-0m <= root@mx.lab.test U=root P=local S=289 T="b"
2026-11-30 02:23:30 cwd=/lab/spool 6 args: /usr/sbin/exim4 -C /lab/exim.conf -odi -Mc 1xXr3C-0002l1-0m
2026-11-30 02:23:30 1xXr3C-0002l1-0m => :blackhole: <x@y.test> R=everything
2026-11-30 02:23:30 1xXr3C-0002l1-0m Completed
2026-11-30 02:23:34 1xXr2t-0002jR-0Z <= root@mx.lab.test U=root P=local S=289 T="a"
`
	pidLog = `2026-11-30 02:23:14.196 [10787] cwd=/lab/a 4 args: exim4 -C /lab/pid.conf x@y.test
2026-11-30 02:23:15.199 [10898] cwd=/lab/b 4 args: exim4 -C /lab/pid.conf x@y.test
2026-11-30 02:23:15.204 [10898] 1xXr2x-0002pm-0e <= root@mx.lab.test U=root P=local S=289 T="b"
2026-11-30 02:23:15.213 [10904] cwd=/lab/b 5 args: exim4 -C /lab/pid.conf -t -i
2026-11-30 02:23:15.221 [10904] 1xXr2x-0002ps-0g <= root@mx.lab.test U=root P=local S=303 T="b2"
2026-11-30 02:23:15.237 [10909] cwd=/lab/a 4 args: exim4 -C /lab/pid.conf -bs
2026-11-30 02:23:15.241 [10909] 1xXr2x-0002px-0l <= a@b U=root P=local-esmtp S=272 T="s"
2026-11-30 02:23:15.242 [10909] 1xXr2x-0002px-0m <= a@b U=root P=local-esmtp S=273 T="s2"
2026-11-30 02:23:15.251 [10915] cwd=/lab/b 5 args: exim4 -C /lab/pid.conf -odi x@y.test
2026-11-30 02:23:15.254 [10915] 1xXr2x-0002q3-0o <= root@mx.lab.test U=root P=local S=289 T="b"
2026-11-30 02:23:15.300 [10917] cwd=/lab/spool 6 args: /usr/sbin/exim4 -C /lab/pid.conf -odi -Mc 1xXr2x-0002q3-0o
2026-11-30 02:23:15.306 [10917] 1xXr2x-0002q3-0o => :blackhole: <x@y.test> R=everything
2026-11-30 02:23:15.306 [10917] 1xXr2x-0002q3-0o Completed
2026-11-30 02:23:17.207 [10787] 1xXr2w-0002nz-0d <= root@mx.lab.test U=root P=local S=289 T="a"
`
)

// TestScripts: an arrival has the directory of its own call, or none.
func TestScripts(t *testing.T) {
	call := func(stamp, pid, directory string) string {
		return fmt.Sprintf("2026-11-30 %s %scwd=%s 2 args: sendmail -t\n", stamp, pid, directory)
	}
	arrival := func(stamp, pid, id, protocol string) string {
		return fmt.Sprintf("2026-11-30 %s %s1xXr%s-0002kf-0Z <= a@b U=root P=%s S=289\n", stamp, pid, id, protocol)
	}
	const id = "2u" // of 02:23:12
	for _, test := range []struct{ name, log, want string }{
		{"with +pid", pidLog, "/lab/b /lab/b /lab/a /lab/a /lab/b /lab/a"},
		// The first two messages from b may be of a's call as well. What a brings last began before b was called.
		{"without", callsLog, "/lab/b /lab/a"},
		{"alone", call("02:23:12", "", "/a") + arrival("02:23:12", "", id, "local"), "/a"},
		{"read for an hour", call("02:23:12", "", "/a") + arrival("03:23:11", "", id, "local"), "/a"},
		{"for longer", call("02:23:12", "", "/a") + arrival("03:23:12", "", id, "local"), ""},
		{"slow to start", call("02:23:10", "", "/a") + arrival("02:23:12", "", id, "local"), "/a"},
		{"of another call", call("02:23:09", "", "/a") + arrival("02:23:12", "", id, "local"), ""},
		{"of a later call", arrival("02:23:11", "", "2t", "local") + call("02:23:12", "", "/a") +
			arrival("02:23:12", "", "2t", "local"), ""},
		{"each call once", call("02:23:12", "", "/a") + arrival("02:23:12", "", id, "local") +
			arrival("02:23:12", "", id, "local"), "/a"},
		{"the next is free", call("02:23:12", "", "/a") + arrival("02:23:12", "", id, "utf8local") +
			call("02:23:12", "", "/b") + arrival("02:23:12", "", id, "local"), "/a /b"},
		{"two that differ", call("02:23:12", "", "/a") + call("02:23:12", "", "/b") +
			arrival("02:23:12", "", id, "local") + arrival("02:23:12", "", id, "local"), ""},
		{"two of one", call("02:23:12", "", "/a") + call("02:23:12", "", "/a") + arrival("02:23:12", "", id, "local") +
			arrival("02:23:12", "", id, "local"), "/a /a"},
		{"in SMTP", call("02:23:12", "", "/a") + arrival("02:23:12", "", id, "local-smtp"), ""},
		{"from a host", call("02:23:12", "", "/a") +
			"2026-11-30 02:23:12 1xXr2u-0002kf-0Z <= a@b H=h [127.0.0.1] P=esmtp S=9\n", ""},
		{"a pid again", call("02:23:12", "[7] ", "/a") + call("02:23:20", "[7] ", "/b") +
			arrival("02:23:20", "[7] ", id, "local"), "/b"},
		{"another pid", call("02:23:12", "[7] ", "/a") + arrival("02:23:12", "[8] ", id, "local"), ""},
		{"a long session", call("02:23:12", "[7] ", "/a") + arrival("03:23:11", "[7] ", id, "local-smtp") +
			arrival("03:23:12", "[7] ", id, "local-smtp"), "/a"},
		{"a stamp of the future", call("02:23:12", "[7] ", "/a") + call("23:00:00", "[8] ", "/b") +
			arrival("02:23:12", "[7] ", id, "local"), "/a"},
		{"a stamp of the future, and a pid again", call("23:00:00", "[8] ", "/b") + call("02:23:12", "[7] ", "/a") +
			arrival("03:23:12", "[7] ", id, "local"), ""},
		{"a quiet log", arrival("01:00:00", "", "00", "local") + call("02:23:12", "", "/a") +
			arrival("02:23:12", "", id, "local"), "/a"},
	} {
		if got := strings.Join(counted(t, window.Script, "", test.log), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestForgedCallsNameNobody: a call behind one that breaks off may stand in it, and makes others doubtful alone.
func TestForgedCallsNameNobody(t *testing.T) {
	const torn = "2026-11-30 02:23:12 cwd=/srv/x\n"
	for _, pid := range []string{"", "[7] "} {
		call := "2026-11-30 02:23:12 " + pid + "cwd=/home/ann 2 args: sendmail -t\n"
		arrival := "2026-11-30 02:23:12 " + pid + "1xXr2u-0002kf-0Z <= a@b U=root P=local S=289\n"
		if diff := cmp.Diff([]string{"/home/ann"}, counted(t, window.Script, "", call+arrival)); diff != "" {
			t.Error(diff)
		}
		for _, log := range []string{torn + call + arrival, call + torn + call + arrival} {
			if got := counted(t, window.Script, "", log); len(got) > 0 {
				t.Errorf("%s\ncounts for %q", log, got)
			}
		}
	}
}

// TestTwoReadingsHaveNoScript: only a pid tells whose such an arrival is.
func TestTwoReadingsHaveNoScript(t *testing.T) {
	for _, pid := range []int{0, 7} {
		c, want := newCalls(), ""
		if c.add(&parser.Entry{Time: time.Unix(1796005392, 0), PID: pid, Directory: []byte("/a")}, 0, 0); pid != 0 {
			want = "/a"
		}
		a := parser.Arrival{
			MessageID: []byte("1xXr2u-0002kf-0Z"), PID: pid, Ident: []byte("root"), Protocol: []byte("local"), Suspicious: true,
		}
		if got := string(c.directoryOf(&a, 0)); got != want {
			t.Errorf("with the pid %d it is %q, want %q", pid, got, want)
		}
		a.Suspicious = false
		if got := string(c.directoryOf(&a, 0)); got != "/a" {
			t.Errorf("with one reading it is %q", got)
		}
	}
}

// TestCallsAreBounded: however many there are, and none is kept for longer than it matters.
func TestCallsAreBounded(t *testing.T) {
	c := newCalls()
	for i := range 2 * maxCalls {
		c.add(&parser.Entry{Time: time.Unix(int64(i/100), 0), PID: i % 2 * i, Directory: []byte("/")}, int64(i/100),
			int64(i/100))
	}
	if n := len(c.byPID); len(c.all) != maxCalls || n != maxCalls/2 {
		t.Errorf("%d calls are remembered, %d with a pid", len(c.all), n)
	}
	if c.forget(1 << 20); len(c.all)+len(c.byPID)+len(c.bySecond) > 0 {
		t.Errorf("%d calls stay, %d pids, %d seconds", len(c.all), len(c.byPID), len(c.bySecond))
	}
}
