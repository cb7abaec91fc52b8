package tailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// endOf is the position behind a file's last line.
func endOf(t *testing.T, path string) Position {
	t.Helper()
	found, err := search{path: path, heads: newHeadCache(nil)}.candidates()
	testkit.Must(t, err)
	end, err := newHeadCache(nil).endOf(found[len(found)-1])
	testkit.Must(t, err)
	return end
}

func TestFind(t *testing.T) {
	_, text := logLines("first", 100)
	for name, test := range map[string]struct {
		change func(t *testing.T, log string)
		held   string // "" for none
		cut    int64  // the offset lies so much before what it was
	}{
		"as it was": {func(t *testing.T, log string) {}, "mainlog", 0},
		"grown":     {func(t *testing.T, log string) { testkit.Append(t, log, "more\n") }, "mainlog", 0},
		"cycled": {func(t *testing.T, log string) {
			testkit.Must(t, os.Rename(log, log+".1"))
			testkit.Append(t, log,
				"new\n")
		}, "mainlog.1", 0},
		"compressed": {func(t *testing.T, log string) { testkit.Must(t, os.Rename(log, log+".1")); gzipped(t, log+".1") },
			"mainlog.1.gz", 0},
		"copytruncate": {func(t *testing.T, log string) { copied(t, log, log+".1"); testkit.Append(t, log, text[10:]) },
			"mainlog.1", 0},
		"copy, shorter": {func(t *testing.T, log string) {
			testkit.Append(t, log+".1", text[:1000])
			testkit.Must(t,
				os.Truncate(log, 0))
		}, "mainlog.1", int64(len(text)) - 1000},
		"both copies": {func(t *testing.T, log string) {
			testkit.Append(t, log+".1", text[:1000])
			copied(t, log, log+".2")
		}, "mainlog.2", 0},
		"head of a copy": {func(t *testing.T, log string) {
			testkit.Append(t, log+".1", text[:200])
			testkit.Must(t,
				os.Truncate(log, 0))
		}, "", 0},
		"deleted": {func(t *testing.T, log string) { testkit.Must(t, os.Remove(log)) }, "", 0},
		"other file, its age": {func(t *testing.T, log string) {
			testkit.Must(t,
				os.WriteFile(log, []byte(text[1:]+"x"), 0o640))
		}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "mainlog")
			testkit.Append(t, log, text)
			at := endOf(t, log)
			test.change(t, log)
			held, ok, err := (&Follower{Path: log}).Find(at)
			if err != nil || ok != (test.held != "") {
				t.Fatalf("Find = %+v, %v, %v, want %q", held, ok, err, test.held)
			}
			if !ok {
				return
			}
			info, err := os.Stat(filepath.Join(filepath.Dir(log), test.held))
			testkit.Must(t, err)
			want := at
			want.Device, want.Inode, want.Offset = identify(info).device, identify(info).inode, at.Offset-test.cut
			if held != want {
				t.Errorf("Find = %+v, want %+v", held, want)
			}
		})
	}
	nowhere := Follower{Path: filepath.Join(t.TempDir(), "none", "mainlog")}
	if _, _, err := nowhere.Find(Position{Inode: 1}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Find in no folder = %v, want %v", err, fs.ErrNotExist)
	}
}

// Whatever of a row Row names, a follower can begin there.
func TestBeginsWithMember(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		var want []string
		for i, name := range []string{"main-20261120.log.gz", "main-20261121.log.gz", "main-20261122.log",
			"main-20261123.log"} {
			lines, text := logLines(fmt.Sprint("file ", i), 3)
			path := filepath.Join(folder, name)
			if filepath.Ext(path) == ".gz" {
				testkit.Append(t, path[:len(path)-3], text)
				gzipped(t, path[:len(path)-3])
			} else {
				testkit.Append(t, path, text)
			}
			want = append(want, lines...)
		}
		pattern := filepath.Join(folder, "main-%D.log")
		row, err := Members(pattern)
		testkit.Must(t, err)
		if len(row) != 4 || !row[1].Compressed || row[2].Compressed {
			t.Fatalf("Row = %+v, want 4, of which the first 2 are compressed", row)
		}
		for i, member := range row {
			info, err := os.Stat(member.Path)
			testkit.Must(t, err)
			if member.Size != info.Size() {
				t.Errorf("size of %s = %d, want %d", member.Path, member.Size, info.Size())
			}
			h := m.follow(t, Follower{Path: pattern, From: member.Start})
			h.want(want[3*i:]...)
			if got := h.at(0).File; got != member.Path {
				t.Errorf("the first line is from %s, want %s", got, member.Path)
			}
			h.stop()
		}
	})
}

func TestBeginsSince(t *testing.T) {
	then := time.Now().Add(-time.Hour)
	nowhere := Position{Inode: 1, Fingerprint: 2, Offset: 4}
	for name, test := range map[string]struct {
		from  Position
		since time.Time
		want  []string
	}{
		"nothing known":               {Position{}, time.Time{}, []string{"four"}},
		"not found":                   {nowhere, time.Time{}, []string{"four"}},
		"zero, since":                 {Position{}, then, []string{"two", "three", "four"}},
		"not found, since":            {nowhere, then, []string{"two", "three", "four"}},
		"since long before":           {nowhere, then.Add(-time.Hour), []string{"one", "two", "three", "four"}},
		"since just now":              {nowhere, then.Add(40 * time.Minute), []string{"four"}},
		"nothing written to since":    {nowhere, then.Add(2 * time.Hour), nil},
		"zero, nothing written since": {Position{}, then.Add(2 * time.Hour), nil},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				log := filepath.Join(t.TempDir(), "mainlog")
				for i, file := range []string{"one", "two", "three", "four"} {
					path := fmt.Sprint(log, ".", 4-i)
					if file == "four" {
						path = log
					}
					testkit.Append(t, path, file+"\n")
					changed := then.Add(time.Duration(20*i-10) * time.Minute)
					testkit.Must(t, os.Chtimes(path, changed, changed))
					if i < 2 {
						gzipped(t, path)
					}
				}
				h := m.follow(t, Follower{Path: log, From: test.from, Since: test.since})
				h.want(test.want...)
				if test.from != (Position{}) {
					h.untilTold(errFromNotFound, 1)
				}
				testkit.Append(t, log, "five\n")
				h.want(append(test.want, "five")...)
			})
		})
	}
}

// TestHeadOfAFileThatWasCycledOn: between the look at the folder and at the file another has got the name.
func TestHeadOfAFileThatWasCycledOn(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	for name, text := range map[string]string{log + ".2": "first\n", log + ".1": "second\n"} {
		testkit.Append(t, name, text)
		gzipped(t, name)
	}
	found, err := search{path: log, heads: newHeadCache(nil)}.candidates()
	testkit.Must(t, err)
	testkit.Must(t, os.Rename(log+".2.gz", log+".3.gz"))
	testkit.Must(t, os.Rename(log+".1.gz", log+".2.gz"))
	h := newHeadCache(nil)
	if head, err := h.head(found[0]); head != nil || !errors.Is(err, errMoved) {
		t.Errorf("before the folder is read again: %q, %v, want %v", head, err, errMoved)
	}
	found, err = search{path: log, heads: newHeadCache(nil)}.candidates()
	testkit.Must(t, err)
	for i, want := range []string{"first\n", "second\n"} {
		if head, err := h.head(found[i]); err != nil || string(head) != want {
			t.Errorf("%s begins with %q, %v, want %q", found[i].path, head, err, want)
		}
	}
}

// TestBeginsWhileNamesAreShifted: between the look at the folder and at the file to begin with, that gets another name.
func TestBeginsWhileNamesAreShifted(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	_, text := logLines("first", 30)
	testkit.Append(t, log+".1", text)
	gzipped(t, log+".1")
	testkit.Append(t, log, "new\n")
	from := Position{}.withOffset(int64(len(text)), []byte(text))
	c := newFollowLoop(Follower{Path: log, Poll: true, From: from}, nil, nil)
	defer c.close()
	found, err := c.stable()
	testkit.Must(t, err)
	testkit.Must(t, os.Rename(log+".1.gz", log+".2.gz"))
	if list, err := c.successors(found); !errors.Is(err, errMoved) {
		t.Errorf("coming are %v, %v, want %v", list, err, errMoved)
	}
	testkit.Must(t, c.openSuccessors(time.Now()))
	if got := c.segments[0].path; len(c.segments) != 2 || got != log+".2.gz" || c.reported["from"] != "" {
		t.Errorf("it begins with %s, told %q", got, c.reported["from"])
	}
}

// Names are shifted just then: each file loses its name and gets another.
func TestFindWhileNamesAreShifted(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	const files = 12
	var at Position
	for n := files; n >= 0; n-- {
		_, text := logLines(fmt.Sprint("file ", n), 30)
		name := fmt.Sprint(log, ".", n)
		if n == 0 {
			name = log
		}
		testkit.Append(t, name, text)
		if n == files/2 {
			info, err := os.Stat(name)
			testkit.Must(t, err)
			at = Position{}.withOffset(int64(len(text)), []byte(text))
			at.Device, at.Inode = identify(info).device, identify(info).inode
		}
	}
	for round := range 300 {
		shifted := make(chan error, 1)
		go func() {
			var errs []error
			for n := files + round; n >= round+1; n-- {
				errs = append(errs, os.Rename(fmt.Sprint(log, ".", n), fmt.Sprint(log, ".", n+1)))
			}
			shifted <- errors.Join(errs...)
		}()
		_, ok, err := (&Follower{Path: log}).Find(at)
		testkit.Must(t, errors.Join(err, <-shifted))
		if !ok {
			t.Fatalf("round %d: Find has found none", round)
		}
	}
}
