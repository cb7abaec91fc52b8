package daemon

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// neverRead is a regular file that can be opened, and not read: its first page is never mapped.
const neverRead = "/proc/self/mem"

// at10 is when the lines of these tests were logged.
var at10 = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// leftUnread makes a state of a log, which was cycled then with lines of alice unread, and in its place a file that
// can't be read. readable puts it back.
func leftUnread(t *testing.T) (conf config.Config, log string, readable func()) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "mainlog")
	testkit.Append(t, log, testkit.Sentinel("before", at10, 20))
	conf = configtest.Parse(t, fmt.Sprintf("log = %q", log))
	conf.State = t.TempDir()
	w := goOn(t, conf, false, &post{})
	w.until("the end", func() bool { return w.says("read to their ends") })
	w.stop()
	testkit.Append(t, log, testkit.Sentinel("alice", at10.Add(time.Second), 20))
	aside := filepath.Join(t.TempDir(), "aside")
	testkit.Must(t, os.Rename(log, aside))
	testkit.Must(t, os.Symlink(neverRead, log+".1"))
	testkit.Append(t, log, testkit.Sentinel("bob", at10.Add(2*time.Second), 20))
	return conf, log, func() { testkit.Must(t, os.Rename(aside, log+".1")) }
}

// TestBeginsWhenFilesCanBeRead: at a start the file can't be read that has to be looked at to know where to begin.
func TestBeginsWhenFilesCanBeRead(t *testing.T) {
	if _, err := os.Stat(neverRead); err != nil {
		t.Skip(err)
	}
	conf, _, readable := leftUnread(t)
	before, err := os.ReadFile(filepath.Join(conf.State, checkpointFile))
	testkit.Must(t, err)
	var beats atomic.Int64
	w := goOn(t, conf, false, &post{}, func(d *Daemon) { d.Beat = func() { beats.Add(1) } })
	w.untilSays("waiting until it can be read")
	w.until("beats while it waits", func() bool { return beats.Load() >= 3 })
	if n := w.said("WARN", "waiting until it can be read"); n != 1 || w.says("is gone") || len(w.opened()) > 0 {
		t.Errorf("said so %d times, and %v", n, w.opened())
	}
	stopped := time.Now()
	w.stop()
	if took := time.Since(stopped); took > 2*time.Second {
		t.Errorf("stopping took %v", took)
	}
	var was, is checkpoint
	after, err := os.ReadFile(filepath.Join(conf.State, checkpointFile))
	testkit.Must(t, err)
	testkit.Must(t, json.Unmarshal(before, &was))
	testkit.Must(t, json.Unmarshal(after, &is))
	for path, p := range was.Logs {
		if is.Logs[path] == nil || is.Logs[path].Position != p.Position {
			t.Errorf("the checkpoint went from %+v to %+v", p.Position, is.Logs[path])
		}
	}

	w = goOn(t, conf, false, &post{})
	w.untilSays("waiting until it can be read")
	readable()
	w.untilRead("alice")
	w.untilRead("bob")
	w.untilSays("reading the log again")
	if w.says("is gone") || w.says("left out") {
		t.Error("the file was taken for gone")
	}
}

// TestGapIsNamed: what is left out is said, kept in the checkpoint, counted, and named in the next mail, once.
func TestGapIsNamed(t *testing.T) {
	if _, err := os.Stat(neverRead); err != nil {
		t.Skip(err)
	}
	conf, log, _ := leftUnread(t)
	conf.WaitForFile = 10 * time.Millisecond
	p := &post{}
	w := goOn(t, conf, false, p)
	w.untilSays("a file of the log was left out")
	w.untilRead("bob")
	w.until("a mail", func() bool { return len(p.ids()) > 0 })
	testkit.Append(t, log, testkit.Sentinel("carol", at10.Add(3*time.Second), 20))
	w.untilRead("carol")
	w.until("another mail", func() bool { return len(p.ids()) > 1 })
	if n := w.daemon.snapshot(t.Context()).Skipped; n != 1 {
		t.Errorf("%d files skipped, want 1", n)
	}
	w.stop()

	named := "Not counted: " + log + ".1."
	for i, want := range []bool{true, false} {
		text := strings.ReplaceAll(strings.ReplaceAll(string(p.mails[i].Data), "=\r\n", ""), "\r\n", " ")
		if got := strings.Contains(strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(named, " ", "")); got != want {
			t.Errorf("mail %d names the gap: %v, want %v\n%s", i, got, want, p.mails[i].Data)
		}
	}
	gaps, err := Gaps(conf.State, time.Now())
	if err != nil || len(gaps) != 1 {
		t.Fatalf("Gaps = %+v, %v, want one", gaps, err)
	}
	if g := gaps[0]; g.Path != log+".1" || g.Log != log || !g.Mailed || g.Error == "" || g.Until.Before(g.Since) {
		t.Errorf("the gap is %+v", g)
	}
	if gaps, err := Gaps(conf.State, time.Now().Add(gapTime)); err != nil || len(gaps) > 0 {
		t.Errorf("after %v: %+v, %v", gapTime, gaps, err)
	}
	conf.WaitForFile = 0
	w = goOn(t, conf, false, &post{}) // doesn't wait for it again
	w.untilSays(ready)
	testkit.Append(t, log, testkit.Sentinel("dave", at10.Add(4*time.Second), 20))
	w.untilRead("dave")
	w.stop()
	if gaps, err := Gaps(conf.State, time.Now()); err != nil || len(gaps) != 1 {
		t.Errorf("in the next checkpoint: %+v, %v", gaps, err)
	}
}

// TestRecentGaps: as many as are kept, the latest.
func TestRecentGaps(t *testing.T) {
	now := time.Now()
	var gaps []Gap
	for i := range maxGaps + 3 {
		gaps = append(gaps, Gap{Path: fmt.Sprint(i), Until: now.Add(-time.Duration(i) * time.Hour)})
	}
	gaps[5].Until = now.Add(-gapTime)
	kept := recent(gaps, now)
	if len(kept) != maxGaps || kept[0].Path != "2" || kept[maxGaps-1].Path != fmt.Sprint(maxGaps+2) {
		t.Errorf("kept %+v", kept)
	}
}

// TestGapsBeforeLargeParts: a checkpoint of other fields, or of none, has none.
func TestGapsBeforeLargeParts(t *testing.T) {
	for text, want := range map[string]int{
		`{"version":1}`: 0,
		`{"version":1,"later":{"a":[1]},"gaps":[{"path":"/a"},{"path":"/b"}],"logs":{broken`: 2,
		`{"version":1,"own":[],"gaps":[{"path":"/a"}]}`:                                      0,
	} {
		gaps, err := readGaps(strings.NewReader(text))
		if err != nil || len(gaps) != want {
			t.Errorf("readGaps(%s) = %+v, %v, want %d", text, gaps, err, want)
		}
	}
	if _, err := readGaps(strings.NewReader(`{"gaps":[{`)); err == nil {
		t.Error("a checkpoint that is cut has gaps")
	}
}
