package history

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

const id = "1xY6Hg-00083C-2p"

// find finds a message in a log, and gives what became of it, and its history in words.
func find(t *testing.T, id, log string) (*Finder, string) {
	t.Helper()
	return findIn(t, id, replay.Source{Name: testkit.Write(t, "mainlog", log)})
}

func findIn(t *testing.T, id string, sources ...replay.Source) (*Finder, string) {
	t.Helper()
	var b strings.Builder
	text := NewText(&b, false)
	f := &Finder{ID: id, Zone: time.UTC, Now: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Step: text.Step,
		EximUsers: []string{"exim"}, During: func(time.Time) bool { return true }}
	testkit.Must(t, f.Read(t.Context(), sources, nil))
	testkit.Must(t, text.End(&f.Fate, time.Time{}, func(id string) string { return "message " + id }))
	return f, b.String()
}

// TestEachMessageOfRealLogs: the steps of each message are as many as the lines that have its id behind their stamp.
func TestEachMessageOfRealLogs(t *testing.T) {
	head := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])? ([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}))(?: |$)`)
	messages, long := 0, 0
	for _, name := range realLogs(t) {
		text, err := os.ReadFile(name)
		testkit.Must(t, err)
		want := make(map[string]int64)
		for line := range strings.Lines(string(text)) {
			if m := head.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
				want[m[1]]++
			}
		}
		for id, lines := range want {
			if messages++; messages > 1500 {
				return
			}
			if len(id) == 23 {
				long++
			}
			if f, out := findIn(t, id, replay.Source{Name: name}); f.Fate.Lines != lines {
				t.Errorf("%s: message %s has %d steps, want %d:\n%s", name, id, f.Fate.Lines, lines, out)
			}
		}
	}
	if messages < 90 {
		t.Errorf("only %d messages were found", messages)
	}
	t.Logf("%d messages, %d of them with ids of 23 characters", messages, long)
}

// realLogs are those of real Exims; some stand beside the project only where it is developed.
func realLogs(t *testing.T) []string {
	t.Helper()
	logs := []string{"../../fixtures/deliveries/default.log", "../../fixtures/deliveries/all.log"}
	const corpora = "../../../shared/corpora"
	if _, err := os.Stat(corpora); err != nil {
		return logs
	}
	testkit.Must(t, filepath.WalkDir(corpora, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".log" {
			logs = append(logs, path)
		}
		return err
	}))
	return logs
}

// others are lines of other messages, n bytes at least.
func others(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "2026-11-30 18:39:28 1xY6Hg-%06d-2p <= eve@x.test H=x.test [192.0.2.1] P=esmtp S=%d\n", i, i)
	}
	return b.String()
}

// TestLinesFarApart: a message is the same whatever stands between its lines, and in compressed files, too.
func TestLinesFarApart(t *testing.T) {
	lines := []string{
		"2026-11-30 18:39:28 " + id + " <= ann@lab.test U=root P=local S=284\n",
		"2026-11-30 18:39:29 " + id + " SMTP error from somebody\n",
		"2026-11-30 18:39:30 " + id + " == bob@later.test R=r T=t defer (-44): no\n",
		"2026-11-30 18:39:31 " + id + " => bob@later.test R=r T=t H=mx [192.0.2.1] C=\"250 ok\"\n",
		"2026-11-30 18:39:32 " + id + " Completed\n",
	}
	_, want := find(t, id, strings.Join(lines, ""))
	for _, between := range []int{100, 8000, 100_000, 262_000, 262_144, 263_000, 600_000} {
		log := strings.Join(lines, others(between))
		f, got := find(t, id, others(between/3)+log+others(between/2))
		if diff := cmp.Diff(want, got); diff != "" || f.Fate.Lines != 5 {
			t.Errorf("%d bytes between lines: %d lines (-want +got):\n%s", between, f.Fate.Lines, diff)
		}
		file := replay.Source{Name: testkit.Write(t, "mainlog.1.gz", testkit.Gzip(t, log))}
		if _, got := findIn(t, id, file); got != want {
			t.Errorf("compressed, %d bytes between lines:\n%s", between, got)
		}
	}
}

// TestForgedLinesOfTheMessage: a line inside another entry is not believed, wherever the log is cut into chunks.
func TestForgedLinesOfTheMessage(t *testing.T) {
	forger := "2026-11-30 18:39:29 1xVabc-000001-01 <= \"a\n" +
		"2026-11-30 18:39:29 " + id + " <= victim@lab.test U=root P=local S=1\n" +
		"2026-11-30 18:39:29 " + id + " => bob@x.test R=r T=t\n" +
		"b\"@lab.test U=mallory P=local S=300\n"
	for _, before := range []int{0, 261_000, 261_600, 261_900, 262_000, 262_100, 262_144} {
		f, got := find(t, id, others(before)+forger+others(9000))
		if strings.Count(got, "not believed: the line stands inside another entry") != 2 ||
			!f.Fate.Arrived.IsZero() || f.Fate.Queued() {
			t.Errorf("behind %d bytes: %+v\n%s", before, f.Fate, got)
		}
	}
}

// TestPiecesOfSyslog: an entry that syslog has split is one step, though its later pieces don't hold the id.
func TestPiecesOfSyslog(t *testing.T) {
	const head, other = "Nov 30 18:39:28 mx exim[7]: ", "Nov 30 18:39:28 mx exim[8]: 2026-11-30 18:39:28 1xYzzz-000001-01 Completed\n"
	for _, test := range []struct{ before, between, after int }{{0, 0, 0}, {0, 50, 0},
		{261_500, 50, 0}, {261_500, 50, 600_000}} { // over two chunks
		log := others(test.before) + head + "[1/2] 2026-11-30 18:39:28 " + id + " <= ann@lab.test U=root P=local S=284 for a@x.test\n" +
			strings.Repeat(other, test.between) + head + "[2/2]  b@x.test\n" + others(test.after) +
			head + "[1\\2] 2026-11-30 18:39:28 " + id + " ** a@x.test R=r T=t: 550 no\n" + head + "[2/2] really\n" +
			head + "2026-11-30 18:39:30 " + id + " Completed\n"
		f, got := find(t, id, log)
		for _, want := range []string{"for a@x.test, b@x.test\n", `550 no\nreally`, "completed, 2 seconds after its arrival\n"} {
			if !strings.Contains(got, want) || f.Fate.Lines != 3 {
				t.Errorf("%+v: %d steps, want %q in\n%s", test, f.Fate.Lines, want, got)
			}
		}
	}
}

// TestMessagesThatCameOfIt: bounces, notices and what a filter hands back are told apart, and from what only looks so.
func TestMessagesThatCameOfIt(t *testing.T) {
	const own, refused = "2026-11-30 18:39:28 " + id + " <= ann@lab.test H=x [192.0.2.1] P=esmtps S=284 id=m1@x\n",
		"2026-11-30 18:39:29 " + id + " ** bob@x.test R=r T=t: 550 no\n"
	const come = "2026-11-30 18:39:30 1xYzzz-000001-01 <= "
	for _, test := range []struct {
		name, log string
		want      Fate
	}{
		{"bounce", own + refused + come + "<> R=" + id + " U=exim P=local S=9\n", Fate{BouncedAs: []string{"1xYzzz-000001-01"}}},
		{"warning", own + come + "<> R=" + id + " U=exim P=local S=9\n", Fate{Notices: []string{"1xYzzz-000001-01"}}},
		{"somebody's own", own + refused + come + "<> R=" + id + " U=mallory P=local S=9\n", Fate{}},
		{"handed back", own + come + "ann@lab.test H=localhost [127.0.0.1] P=esmtp S=9 id=m1@x\n",
			Fate{HandedBackAs: []string{"1xYzzz-000001-01"}}},
		{"handed back by a call", own + come + "ann@lab.test U=spam P=spam-scanned S=9 id=m1@x\n",
			Fate{HandedBackAs: []string{"1xYzzz-000001-01"}}},
		{"another id=", own + come + "ann@lab.test H=localhost [127.0.0.1] P=esmtp S=9 id=m1@xx\n", Fate{}},
		{"from elsewhere", own + come + "ann@lab.test H=y [192.0.2.2] P=esmtp S=9 id=m1@x\n", Fate{}},
		{"hours later", own + strings.Replace(come, " 18:", " 21:", 1) + "a@x H=l [127.0.0.1] P=esmtp S=9 id=m1@x\n", Fate{}},
		{"far behind", own + others(600_000) + come + "a@x H=l [127.0.0.1] P=esmtp S=9 id=m1@x\n",
			Fate{HandedBackAs: []string{"1xYzzz-000001-01"}}},
		{"of another", strings.Replace(own, "<= ann@lab.test H=x [192.0.2.1] P=esmtps", "<= <> R=1xYaaa-000001-01 U=exim P=local", 1),
			Fate{BounceOf: "1xYaaa-000001-01"}},
	} {
		f, _ := find(t, id, test.log)
		got := Fate{BounceOf: f.Fate.BounceOf, BouncedAs: f.Fate.BouncedAs, Notices: f.Fate.Notices,
			HandedBackAs: f.Fate.HandedBackAs}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestRepeatedDeferrals: each is said once, with how often; also where there are more steps than are held.
func TestRepeatedDeferrals(t *testing.T) {
	var b strings.Builder
	for i := range 30 {
		for _, line := range []string{"== bob@x.test R=r T=t defer (-44) H=mx [192.0.2.1]: 451 later", "== eve@x.test R=r T=t defer (-44) H=mx [192.0.2.1]: 451 later"} {
			fmt.Fprintf(&b, "2026-11-30 18:%02d:00 %s %s\n", i, id, line)
		}
	}
	_, got := find(t, id, b.String())
	for _, who := range []string{"bob", "eve"} {
		want := "2026-11-30 18:00:00 +0000  deferred for " + who + "@x.test, 30 times until 2026-11-30 18:29:00 +0000\n"
		if strings.Count(got, who+"@x.test") != 1 || !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	b.Reset()
	for i := range 25_000 {
		fmt.Fprintf(&b, "2026-11-30 18:30:00 %s => u%d@x.test R=r T=t\n", id, i)
	}
	if _, got := find(t, id, b.String()); strings.Count(got, "delivered to u") != 25_000 {
		t.Errorf("%d of 25,000 deliveries are told", strings.Count(got, "delivered to u"))
	}
}

// TestDocumentIsBounded: it says how many steps are left out.
func TestDocumentIsBounded(t *testing.T) {
	d := NewDocument(id)
	for range maxListed + 7 {
		d.Step(&Step{Kind: Delivered})
	}
	d.Step(&Step{Kind: Completed, Delivery: Delivery{Time: "2026-11-30T18:39:28Z"}})
	if len(d.Deliveries) != maxListed || d.LeftOut != 7 || d.Completed == nil {
		t.Errorf("%d deliveries, %d left out, completed %v", len(d.Deliveries), d.LeftOut, d.Completed)
	}
}
