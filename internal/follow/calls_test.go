package follow

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestArrivalBehindACall: on a quiet log an arrival behind a cwd= line counts long before the log is looked at anyway.
func TestArrivalBehindACall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mainlog")
	lines := strings.SplitAfter(string(testkit.CallsLog(3_000, time.Minute)), "\n")
	testkit.Append(t, path, lines[0])
	c := configtest.Parse(t, "")
	arrivals := 0
	v, err := NewViewer(&c, path, 0, nil, pipeline.Listener{
		Arrival: func(*parser.Arrival, *window.Arrival) { arrivals++ },
	})
	testkit.Must(t, err)
	l := look(t, v)
	least := time.Hour
	for i := range 3 {
		l.until("the log is quiet", v.AtEnd)
		began := time.Now()
		testkit.Append(t, path, strings.Join(lines[3*i:3*i+2], ""))
		l.until("the arrival counts", func() bool { return arrivals > i })
		least = min(least, time.Since(began))
	}
	if least > viewTick/3 {
		t.Errorf("an arrival takes %v", least)
	}
}

// TestIsWhole: a line that may go on behind a call hasn't been counted before a pause. Who waits for it doesn't for
// ever.
func TestIsWhole(t *testing.T) {
	c := configtest.Parse(t, "")
	rapid.Check(t, func(t *rapid.T) {
		l, now := newReading(t, c, tailer.Position{}, nil), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		wants := func(when string, want bool) {
			if got := l.IsWhole(now); got != want {
				t.Fatalf("%s: IsWhole = %t, want %t", when, got, want)
			}
		}
		line := func(text string) {
			l.CountLine(tailer.Line{File: "mainlog", Text: []byte(text), End: tailer.Position{Offset: 1}})
		}
		const arrival = "2026-11-23 10:00:02 1xV004-000031-01 <= a@lab.test H=(x) [192.0.2.1] P=esmtp S=5"
		wants("nothing was read", true)
		line("2026-11-23 10:00:01 cwd=/home/web3 3 args: /usr/sbin/sendmail -t -i")
		line(arrival)
		l.Quiet(false, now)
		wants("behind a call", false)
		l.Quiet(true, now)
		wants("after a pause", true)
		line(arrival)
		l.Quiet(false, now)
		now = now.Add(time.Hour)
		wants("behind a call again", false)
		now = now.Add(holdPatience)
		wants("long after", true)
	})
}

// TestRestartAmongCalls: a daemon that goes on behind a checkpoint, wherever that is, tells what one that went on
// would have, also if lines were held there.
func TestRestartAmongCalls(t *testing.T) {
	c := configtest.Parse(t, "[count]\nonly = [\"all\"]\n[[rule]]\nkey = \"user\"\nlimit = 3\nwindow = \"5m\"\n")
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		log := testkit.CallsLog(30_000, rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "pause"))
		if rapid.Bool().Draw(t, "busy") {
			seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
			traffic, _ := testkit.Traffic(seed, 300)
			log = []byte(strings.Join(testkit.Joinable(seed, traffic), ""))
		}
		lines := bytes.SplitAfter(log, []byte("\n"))
		quiet := rapid.IntRange(1, 40).Draw(t, "quiet") // how many lines apart
		first, at := newReading(t, c, tailer.Position{}, nil), tailer.Position{Inode: 1, Fingerprint: 1, Offset: 1000}
		stop := rapid.IntRange(1, len(lines)-2).Draw(t, "stop")
		var goal tailer.Position
		var was *Checkpoint
		told := 0 // of the first one's transcript, at the goal
		for i, text := range lines[:len(lines)-1] {
			begins := lines[i+1]
			at.Offset += int64(len(text))
			first.CountLine(tailer.Line{File: "0", Number: int64(i + 1), Text: text[:len(text)-1], End: at})
			if i%quiet == 0 && bytes.Contains(begins, []byte("cwd=/home")) {
				first.Quiet(false, first.Now())
				first.Quiet(true, first.Now())
			}
			if i == stop {
				told, was = first.Transcript.Len(), first.Checkpoint()
				if goal = was.Position; first.Holding() {
					held++
				}
			}
		}
		first.reader.Flush()
		second := newReading(t, c, goal, was)
		at.Offset = 1000
		for i, text := range lines[:len(lines)-1] {
			at.Offset += int64(len(text))
			second.CountLine(tailer.Line{File: "0", Number: int64(i + 1), Text: text[:len(text)-1], End: at})
		}
		second.reader.Flush()
		want, got := "caught up\n"+first.String()[told:], second.String()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("behind %+v (-the first +the second):\n%.3000s", goal, diff)
		}
	})
	if held == 0 {
		t.Error("nothing was held at any checkpoint")
	}
}
