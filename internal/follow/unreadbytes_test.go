package follow

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"exiwatch/internal/testkit"
	"exiwatch/tailer"
)

func TestUnreadBytes(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, size int) (at tailer.Position) {
		path := filepath.Join(folder, name)
		testkit.Must(t, os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600))
		info, err := os.Stat(path)
		testkit.Must(t, err)
		stat := info.Sys().(*syscall.Stat_t)
		return tailer.Position{Device: uint64(stat.Dev), Inode: stat.Ino}
	}
	packed := file("mainlog.3.gz", 7)
	oldest, older, now := file("mainlog.2", 1000), file("mainlog.1", 200), file("mainlog", 30)
	file("mainlog.1.swp", 5000) // none of the log's
	stamped := file("main-20261122", 400)
	file("main-20261123", 50)
	gone := tailer.Position{Device: now.Device, Inode: 1<<63 - 1}
	for _, c := range []struct {
		hazard string
		log    string
		in     tailer.Position
		offset int64
		want   int64
	}{
		{"at the end", "mainlog", now, 30, 0},
		{"in it", "mainlog", now, 10, 20},
		{"at its start", "mainlog", now, 0, 30},
		{"cycled", "mainlog", older, 150, 50 + 30},
		{"cycled twice", "mainlog", oldest, 1000, 200 + 30},
		{"in a compressed one", "mainlog", packed, 999, 1000 + 200 + 30},
		{"truncated", "mainlog", now, 31, 30},
		{"gone", "mainlog", gone, 100, 30},
		{"nothing read yet", "mainlog", tailer.Position{}, 0, 30},
		{"datestamped", "main-%D", stamped, 399, 1 + 50},
		{"not there", "elsewhere", now, 10, 0},
	} {
		c.in.Offset = c.offset
		if got := UnreadBytes(filepath.Join(folder, c.log), nil, c.in); got != c.want {
			t.Errorf("%s: %d bytes behind, want %d", c.hazard, got, c.want)
		}
	}
	testkit.Must(t, os.Remove(filepath.Join(folder, "mainlog")))
	if got := UnreadBytes(filepath.Join(folder, "mainlog"), nil, older); got != 200 {
		t.Errorf("cycled and not begun again: %d bytes behind, want 200", got)
	}
}
