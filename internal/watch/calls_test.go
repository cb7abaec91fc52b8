package watch

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/pipeline"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// callsLog is a log with +arguments: a cwd= line before each arrival, so that a reader holds lines nearly everywhere.
// Here and there somebody forges lines. Stamps pass so many seconds from call to call.
func callsLog(size int, pause time.Duration) []byte {
	var log bytes.Buffer
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for i := 0; log.Len() < size; i++ {
		at = at.Add(pause)
		stamp := at.Format(time.DateTime)
		fmt.Fprintf(&log, "%s cwd=/home/u%d 3 args: /usr/sbin/sendmail -t -i\n", stamp, i%7)
		fmt.Fprintf(&log, "%s 1xV%03d-%06d-01 <= u%d@lab.test U=u%d P=local S=300 T=\"x %d\" for a@b.test\n", stamp,
			i%1000, i, i%7, i%7, i)
		fmt.Fprintf(&log, "%s 1xV%03d-%06d-01 => a@b.test R=r T=t\n", stamp, i%1000, i)
		ahead := at.Add(10 * time.Minute).Format(time.DateTime)
		switch i % 31 {
		case 3:
			fmt.Fprintf(&log,
				"%s cwd=/srv/k 1 args: x\n%s 1xVFFF-000000-01 <= v@lab.test U=v P=local S=1\nz 2 args: sendmail -bp\n", stamp, stamp)
		case 11:
			fmt.Fprintf(&log, "%s cwd=/srv/k\n%s x\n", stamp, stamp)
		case 23:
			fmt.Fprintf(&log,
				"%s cwd=/srv/k 1 args: x\n%s 1xVFFF-000000-02 <= w@lab.test U=w P=local S=1\n%s cwd=/ 1 args: x\nz 2 args: sendmail -bp\n", stamp, ahead, ahead)
		}
	}
	return log.Bytes()
}

// TestPoolReadsCallsOnce: chunks of a log with a cwd= line before each arrival are parsed again only at their beginnings,
// and the pool tells what one reader tells, wherever a chunk ends.
func TestPoolReadsCallsOnce(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nkey = \"user\"\nlimit = 3\nwindow = \"5m\"\n")
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, pause := range []time.Duration{0, time.Second, time.Minute} {
		log := callsLog(200_000, pause)
		var want transcript
		one, err := pipeline.New(c.Scopes, c.Rules, want.listener())
		testkit.Must(t, err)
		r := one.Reader(time.UTC, now)
		n := int64(0)
		for line := range bytes.Lines(log) {
			n++
			r.Line(parser.Place{File: "0", Line: n}, bytes.TrimSuffix(line, []byte("\n")))
		}
		r.Flush()
		for _, size := range []int{9_001, 20_011, 40_009, 60_013} {
			var got transcript
			many, err := pipeline.New(c.Scopes, c.Rules, got.listener())
			testkit.Must(t, err)
			sources := []Source{{Name: "0", Stream: bytes.NewReader(log)}}
			pool := newWorkerPool(t.Context(), many, sources, []int{size, size}, time.UTC, now, nil)
			_, err = pool.run()
			testkit.Must(t, err)
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Fatalf("in chunks of %d, %v from call to call (-one reader +pool):\n%.2000s", size, pause, diff)
			}
			if chunks := int64(len(log)/size + 1); pool.reparsed > chunks*3*parser.Reach {
				t.Errorf("in chunks of %d, %v from call to call: %d of %d bytes were read again", size, pause,
					pool.reparsed, len(log))
			}
		}
	}
}

// TestArrivalBehindACall: on a quiet log an arrival behind a cwd= line counts long before the log is looked at anyway.
func TestArrivalBehindACall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mainlog")
	lines := strings.SplitAfter(string(callsLog(3_000, time.Minute)), "\n")
	testkit.Append(t, path, lines[0])
	c := configtest.Parse(t, "")
	arrivals := 0
	v, err := NewViewer(&c, path, 0, pipeline.Listener{Arrival: func(*parser.Arrival, *window.Arrival) { arrivals++ }})
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

// TestRestartAmongCalls: a daemon that goes on behind a checkpoint, wherever that is, tells what one that went on
// would have.
func TestRestartAmongCalls(t *testing.T) {
	c := configtest.Parse(t, "[count]\nonly = [\"all\"]\n[[rule]]\nkey = \"user\"\nlimit = 3\nwindow = \"5m\"\n")
	stops := 0
	rapid.Check(t, func(t *rapid.T) {
		log := callsLog(30_000, rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "pause"))
		lines := bytes.SplitAfter(log, []byte("\n"))
		quiet := rapid.IntRange(1, 40).Draw(t, "quiet") // how many lines apart
		first, at := newReading(t, c, tailer.Position{}), tailer.Position{Inode: 1, Fingerprint: 1, Offset: 1000}
		stop := rapid.IntRange(1, len(lines)-1).Draw(t, "stop")
		var goal tailer.Position
		told := 0 // of the first one's transcript, at the goal
		for i, text := range lines[:len(lines)-1] {
			begins := lines[i+1]
			at.Offset += int64(len(text))
			first.line(tailer.Line{File: "0", Number: int64(i + 1), Text: text[:len(text)-1], End: at}, first.arrived)
			if i%quiet == 0 && bytes.Contains(begins, []byte("cwd=/home")) {
				first.quiet(false, first.now())
				first.quiet(true, first.now())
			}
			if goal.Offset == 0 && i >= stop && !first.reader.Holding() {
				goal, told = first.at.Position, first.transcript.Len()
			}
		}
		first.reader.Flush()
		if goal.Offset == 0 {
			return
		}
		stops++
		second := newReading(t, c, goal)
		at.Offset = 1000
		for i, text := range lines[:len(lines)-1] {
			at.Offset += int64(len(text))
			second.line(tailer.Line{File: "0", Number: int64(i + 1), Text: text[:len(text)-1], End: at}, second.arrived)
		}
		second.reader.Flush()
		want, got := "arrived\n"+first.String()[told:], second.String()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("behind %+v (-the first +the second):\n%.3000s", goal, diff)
		}
	})
	if stops == 0 {
		t.Error("there was never a checkpoint")
	}
}
