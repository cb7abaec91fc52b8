package tailer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"github.com/fsnotify/fsnotify"
	"github.com/nxadm/tail"
)

// Without a tick there is only what the folder's watch tells. (A tail can miss what is written just while it begins,
// which is what the tick is for.)
func TestToldWithoutTick(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "mainlog")
	h := mode{noProc: true}.follow(t, Follower{Path: log, Tick: time.Hour})
	h.untilTold(fs.ErrNotExist, 1)
	for i := range 30 {
		testkit.Append(t, log, fmt.Sprint("line ", i, "\n"))
		h.until("the line", func() bool { return len(h.lines) == i+1 })
		if i%10 == 9 {
			testkit.Must(t, os.Rename(log, log+".1"))
		}
	}
}

// When events were too many to be told, the folder is looked at.
func TestQueueOverflow(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "mainlog")
	testkit.Append(t, log, "one\n")
	c := newFollowLoop(Follower{Path: log, Tick: time.Hour, Grace: time.Millisecond}, nil, nil)
	defer c.close()
	info, err := os.Stat(filepath.Dir(log))
	testkit.Must(t, err)
	c.folder.watched = identify(info) // it isn't: nothing will be told
	overflow := func() { go func() { c.folder.watcher.Errors <- fsnotify.ErrEventOverflow }() }
	enough := errors.New("enough")
	c.fn = func(line Line) error {
		switch string(line.Text) {
		case "one":
			testkit.Must(t, os.Rename(log, log+".1"))
			testkit.Append(t, log, "two\n")
			overflow()
		case "two":
			return enough
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), testkit.HardEnd)
	defer cancel()
	if err := c.run(ctx); err != enough {
		t.Errorf("run = %v before the new file's line", err)
	}
}

// The lines of a quiet log come from nxadm/tail, before and after it was cycled. This doesn't run beside others: a tail
// that is starved is left.
func TestTailGivesLines(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	testkit.Append(t, log, "0\n")
	enough := errors.New("enough")
	var c *followLoop
	var settled *liveTail // was there a tick ago, so that its watch is on
	taken := 0
	fn := func(Line) error {
		if c.tail != nil {
			taken++
		}
		switch taken {
		case 5:
			taken++
			return os.Rename(log, log+".1")
		case 11:
			return enough
		}
		return nil
	}
	idle := func(time.Time) error {
		if c.tail != nil && c.tail == settled {
			testkit.Append(t, log, "1\n")
		}
		if len(c.segments) == 1 {
			settled = c.tail
		}
		return nil
	}
	c = newFollowLoop(Follower{Path: log, Tick: 200 * time.Millisecond, Grace: 10 * time.Millisecond}, fn, idle)
	defer c.close()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.HardEnd)
	defer cancel()
	if err := c.run(ctx); err != enough {
		t.Errorf("run = %v after %d lines from a tail", err, taken)
	}
}

// What a tail gives is believed only where it continues what was handed over.
func TestTailIsChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given tail.Line
		text  string // of the file when it is given
		ok    bool
	}{
		"the next line": {tail.Line{Text: "two", SeekInfo: tail.SeekInfo{Offset: 8}}, "one\ntwo\nthree\n", true},
		"one left out":  {tail.Line{Text: "three", SeekInfo: tail.SeekInfo{Offset: 14}}, "one\ntwo\nthree\n", false},
		"one twice":     {tail.Line{Text: "one", SeekInfo: tail.SeekInfo{Offset: 4}}, "one\ntwo\nthree\n", false},
		"its complaint": {tail.Line{Text: "two", SeekInfo: tail.SeekInfo{Offset: 8}, Err: os.ErrClosed},
			"one\ntwo\nthree\n", false},
		"of another file": {tail.Line{Text: "two", SeekInfo: tail.SeekInfo{Offset: 8}}, "ONE\ntwo\nthree\n", false},
		"of a truncated":  {tail.Line{Text: "two", SeekInfo: tail.SeekInfo{Offset: 8}}, "", false},
		"longer than the bound": {tail.Line{Text: strings.Repeat("x", 2*MaxLine),
			SeekInfo: tail.SeekInfo{Offset: 5 + 2*MaxLine}},
			"one\n" + strings.Repeat("x", 2*MaxLine) + "\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "mainlog")
			testkit.Append(t, log, "one\n")
			found, err := search{path: log, heads: newHeadCache(nil)}.candidates()
			testkit.Must(t, err)
			s, err := found[0].openSegment(time.Now())
			testkit.Must(t, err)
			defer s.file.Close()
			buf := make([]byte, chunkSize)
			_, err = s.fill(buf)
			testkit.Must(t, err)
			if line, ok := s.nextLine(); !ok || string(line.Text) != "one" {
				t.Fatalf("first line = %+v, %v", line, ok)
			}
			testkit.Must(t, os.WriteFile(log, []byte(test.text), 0o640))
			line, ok := (&liveTail{segment: s}).accept(&test.given)
			if ok != test.ok {
				t.Fatalf("accept(%q) = %v, want %v", brief([]string{test.given.Text}), ok, test.ok)
			}
			if !ok && s.offset != 4 || ok && s.offset != test.given.SeekInfo.Offset {
				t.Errorf("offset = %d after %v", s.offset, ok)
			}
			if ok && (len(line.Text) != min(MaxLine, len(test.given.Text)) ||
				line.Long != (len(test.given.Text) > MaxLine)) {
				t.Errorf("line of %d bytes, long %v", len(line.Text), line.Long)
			}
		})
	}
}
