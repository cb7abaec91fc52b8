package chaos

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// TestSeedRepeats: the log's content and the lines at which something happens follow from the seed.
func TestSeedRepeats(t *testing.T) {
	content := func(seed uint64) string {
		traffic, text := newTraffic(seed), new(strings.Builder)
		for range 5000 {
			text.WriteString(traffic.next())
		}
		return text.String()
	}
	when := func(seed uint64) (lines []int) {
		for _, e := range plan(rand.New(rand.NewPCG(seed, 3)),
			options{lines: 5000, kills: 9, cycles: 9, outages: 9, faults: 9, loops: 2, storms: 2, ways: wayNames}) {
			lines = append(lines, e.line)
		}
		return lines
	}
	if one := content(1); one != content(1) || one == content(2) {
		t.Error("the content doesn't follow from the seed")
	}
	if one := when(1); !slices.Equal(one, when(1)) || slices.Equal(one, when(2)) {
		t.Error("the plan doesn't follow from the seed")
	}
}

// TestDifferences: what is lost, double or invented is told; what another mail tells isn't lost.
func TestDifferences(t *testing.T) {
	over := func(id string, times ...int64) listed {
		a := listed{ID: id, Value: id + "@lab.test", Ended: new(time.Time), Closes: true}
		for _, n := range times {
			a.Grew = append(a.Grew, struct{ Times int64 }{n})
		}
		return a
	}
	mail := func(event, text string, alerts ...string) letter {
		return letter{alerts: alerts, event: event, text: []byte(text), messageID: alerts[0] + event}
	}
	want := []listed{over("once", 20), over("lost"), {ID: "double"}, over("late", 2, 5), over("past", 2), over("held")}
	mails := []letter{
		mail("opened", "", "once", "double"), mail("grew20", "", "once"), mail("ended", "", "double"),
		mail("ended", "", "once"), mail("opened", "", "double"),
		mail("opened", "By now it has come to =\r\n2 times the limit", "late"), mail("ended", "", "late"),
		mail("dended", "past@lab.test sent at most 9 messages", "past", "held"),
		mail("dopened", "", "other"), mail("dopened", "", "other"),
	}
	found := strings.Join(differences(want, mails, func(listed) string { return "x:1" }), "\n")
	for _, told := range []string{"lost: lost.opened", "lost: lost.ended", "mailed 2 times, at 00:00:00.000 00:00:00.000: d",
		"it: double.ended", "lost: late.grew5", "lost: held.ended", "mailed 2 times, at 00:00:00.000 00:00:00.000: other",
		"list it: alert other"} {
		if !strings.Contains(found, told) {
			t.Errorf("no %q in\n%s", told, found)
		}
	}
	if n := strings.Count(found, "\n"); n != 7 {
		t.Errorf("%d differences, want 8:\n%s", n+1, found)
	}
}

// TestFaultIsFelt: a call that is to fail does so where it is to, and nowhere else.
func TestFaultIsFelt(t *testing.T) {
	if !mayInject(t) {
		t.Skip("there is no strace, or it may not trace")
	}
	folder := t.TempDir()
	log, other := filepath.Join(folder, "mainlog"), filepath.Join(t.TempDir(), "other")
	for _, path := range []string{log, other} {
		testkit.Must(t, os.WriteFile(path, []byte("is there\n"), 0o644))
	}
	for _, where := range places {
		f := fault{call: "openat", errno: "EACCES", every: 1, where: where}
		d := disturbance{f, f.strace(os.DevNull, f.paths(t, log))}
		out, _ := d.command([]string{"cat", log, other}).CombinedOutput()
		failed, felt := bytes.Contains(out, []byte("Permission denied")), where != atFolder // which isn't opened here
		if failed != felt || bytes.Count(out, []byte("is there")) != map[bool]int{true: 1, false: 2}[felt] {
			t.Errorf("%v: cat says %q", f, out)
		}
	}
}

// TestIsGone: a client that was killed is known to be gone.
func TestIsGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	testkit.Must(t, err)
	conn, err := l.Accept()
	testkit.Must(t, err)
	defer conn.Close()
	if isGone(conn) {
		t.Error("a client that is there is taken to be gone")
	}
	testkit.Must(t, client.Close())
	for deadline := time.Now().Add(patience); !isGone(conn); time.Sleep(time.Millisecond) { // until the kernel shows it
		if time.Now().After(deadline) {
			t.Fatal("a client that is gone isn't known to be")
		}
	}
}
