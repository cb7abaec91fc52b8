package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// The folder is replaced by a copy of it, and the log goes on there.
func TestFolderRestoredFromCopy(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := filepath.Join(t.TempDir(), "exim4")
		log := filepath.Join(folder, "mainlog")
		testkit.Must(t, os.Mkdir(folder, 0o755))
		testkit.Append(t, log, "one\ntwo\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", "two")
		testkit.Must(t, os.CopyFS(folder+".new", os.DirFS(folder)))
		testkit.Must(t, os.Rename(folder, folder+".old"))
		testkit.Must(t, os.Rename(folder+".new", folder))
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
		if n := h.at(2).Number; n != 3 {
			t.Errorf("number of the line added to the copy = %d, want 3", n)
		}
	})
}

func TestSymlinkMoved(t *testing.T) {
	for name, targets := range map[string][2]string{
		"elsewhere":         {"a/log", "b/log"},
		"in the row itself": {"mainlog-20261122", "mainlog-20261123"},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				folder := t.TempDir()
				log := filepath.Join(folder, "mainlog")
				for _, target := range targets {
					testkit.Must(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, target)), 0o755))
				}
				testkit.Append(t, filepath.Join(folder, targets[0]), "one\n")
				testkit.Must(t, os.Symlink(targets[0], log))
				h := m.follow(t, Follower{Path: log, Grace: 2 * time.Second})
				h.want("one")
				testkit.Append(t, log, "two\n")
				h.want("one", "two")
				testkit.Append(t, filepath.Join(folder, targets[1]), "four\n")
				testkit.Must(t, os.Symlink(targets[1], log+".new"))
				testkit.Must(t, os.Rename(log+".new", log))
				testkit.Append(t, filepath.Join(folder, targets[0]), "three\n")
				h.want("one", "two", "three", "four")
				testkit.Append(t, log, "five\n")
				h.want("one", "two", "three", "four", "five")
				h.stop()
				rest := m.follow(t, Follower{Path: log, From: h.at(3).End})
				rest.want("five")
				if name == "in the row itself" {
					rest.stop()
					rest = m.follow(t, Follower{Path: log, From: h.at(1).End})
					rest.want("three", "four", "five")
				}
				if names, err := MemberPaths(log); err != nil || len(names) == 0 || names[len(names)-1] != log {
					t.Errorf("Cycled = %q, %v", names, err)
				}
			})
		})
	}
}

// Exim opens the new day's file for the first line after midnight, which may still bear the old day's last second.
func TestLastSecondInNewDatestampedFile(t *testing.T) {
	for _, names := range [][3]string{
		{"mainlog-%D", "mainlog-20261122", "mainlog-20261123"},
		{"main-%M.log", "main-202611.log", "main-202612.log"},
		{"%M-main", "202611-main", "202612-main"},
	} {
		t.Run(names[0], func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				folder := t.TempDir()
				old, young := filepath.Join(folder, names[1]), filepath.Join(folder, names[2])
				lines := []string{"2026-11-22 23:59:59 one", "2026-11-23 00:00:00 late", "2026-11-22 23:59:59 first",
					"2026-11-23 00:00:00 next"}
				testkit.Append(t, old, lines[0]+"\n")
				f := Follower{Path: filepath.Join(folder, names[0]), Grace: 2 * time.Second}
				h := m.follow(t, f)
				h.want(lines[0])
				testkit.Append(t, young, lines[2]+"\n")
				testkit.Append(t, old, lines[1]+"\n")
				testkit.Append(t, young, lines[3]+"\n")
				h.want(lines...)
				h.stop()
				gzipped(t, old)
				for i := range lines {
					f.From = h.at(i).End
					rest := m.follow(t, f)
					rest.want(lines[i+1:]...)
					rest.stop()
				}
			})
		})
	}
}

func TestManyFiles(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		const files = 100
		log := filepath.Join(t.TempDir(), "mainlog")
		var want []string
		for i := range files { // more than are held open or remembered
			name := fmt.Sprintf("%s.%d", log, files-i)
			lines, text := logLines(fmt.Sprint("file ", i), 3)
			testkit.Append(t, name, text)
			if i%10 == 0 {
				gzipped(t, name)
			}
			want = append(want, lines...)
		}
		testkit.Append(t, log, "last\n")
		row, err := Members(log)
		testkit.Must(t, err)
		h := m.follow(t, Follower{Path: log, From: row[0].Start, Tick: time.Millisecond})
		h.until("all lines, and quiet", func() bool { return h.idleCount > 0 && len(h.lines) > 3*files })
		h.want(append(want, "last")...)
	})
}

// TestDeletedAfterOlderWasCompressed: the file before the beginning is compressed meanwhile, which makes it no news
// when the log is deleted and another one begins.
func TestDeletedAfterOlderWasCompressed(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		older, log := filepath.Join(folder, "main-20261125.log"), filepath.Join(folder, "main-20261126.log")
		testkit.Append(t, older, strings.Repeat("the day before\n", 30))
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: filepath.Join(folder, "main-%D.log")})
		h.want("one")
		gzipped(t, older)
		testkit.Must(t, os.Remove(log))
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
	})
}

// TestDeletedAndYesterdaysIsThere: while there is no log of today, that of yesterday isn't it.
func TestDeletedAndYesterdaysIsThere(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		log := filepath.Join(folder, "main-20261126.log")
		testkit.Append(t, filepath.Join(folder, "main-20261125.log"), "the day before\n")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: filepath.Join(folder, "main-%D.log")})
		h.want("one")
		testkit.Must(t, os.Remove(log))
		ticks := len(h.idleCalls())
		h.until("looked at some times", func() bool { return len(h.calls) > ticks+3 })
		h.want("one")
		testkit.Append(t, log, "two\n")
		h.want("one", "two")
	})
}

// TestInodeOfAnEmptyDay: a day's log that nothing was written to is deleted, and a later one gets its inode.
func TestInodeOfAnEmptyDay(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		day := func(n int) string { return filepath.Join(folder, fmt.Sprintf("main-2026112%d.log", n)) }
		testkit.Append(t, day(1), "one\n")
		h := m.follow(t, Follower{Path: filepath.Join(folder, "main-%D.log"), lateness: time.Nanosecond})
		h.want("one")
		for n := range 2 {
			testkit.Append(t, day(2+n), "")
			ticks := len(h.idleCalls())
			h.until("at its end", func() bool { return len(h.calls) > ticks+3 && !h.calls[len(h.calls)-1].at.IsZero() })
		}
		testkit.Must(t, os.Remove(day(3)))
		ticks := len(h.idleCalls())
		h.until("looked at some times", func() bool { return len(h.calls) > ticks+3 })
		testkit.Must(t, os.Rename(day(2), day(4)))
		testkit.Append(t, day(4), "two\n")
		h.want("one", "two")
	})
}
