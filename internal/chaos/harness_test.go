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

// TestDifferences: what is lost, double or invented is told.
func TestDifferences(t *testing.T) {
	want := []listed{{ID: "once", Ended: new(time.Time)}, {ID: "lost"}, {ID: "double"}}
	want[0].Grew = append(want[0].Grew, struct{ Times int64 }{20})
	var mails []letter
	for _, name := range []string{"once.opened", "double.opened", "once.grew20", "double.ended", "once.ended",
		"double.opened"} {
		mails = append(mails, letter{events: []string{name}})
	}
	found := differences(want, mails, func(listed) string { return "x:1" })
	for i, told := range []string{"lost: lost", "mailed 2 times", "double.ended"} {
		if len(found) != 3 || !strings.Contains(found[i], told) {
			t.Fatalf("differences = %q, want one each of lost, double and invented", found)
		}
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
