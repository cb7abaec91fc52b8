package tailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

func TestCycledOrder(t *testing.T) {
	for name, test := range map[string]struct {
		path string
		want string // oldest first
		not  string
	}{
		"logrotate": {"mainlog", "mainlog.10.gz mainlog.9.gz mainlog.2.gz mainlog.1 mainlog",
			"rejectlog.1 rejectlog paniclog mainlog.1.swp xmainlog mainlog.gz mainlogs.1 mainlog. mainlog.1a mainlog-submission.1 mainlog2.1"},
		"exicyclog": {"mainlog", "mainlog.10.gz mainlog.03.gz mainlog.02.gz mainlog.01 mainlog",
			"mainlog.$$"},
		"exicyclog, many": {"mainlog", "mainlog.100.bz2 mainlog.099.bz2 mainlog.002.xz mainlog.001 mainlog", ""},
		"both at once":    {"mainlog", "mainlog.3.gz mainlog.2 mainlog.1 mainlog", "mainlog.2.gz"},
		"two compressed":  {"mainlog", "mainlog.2.gz mainlog.1 mainlog", "mainlog.2.xz"},
		"dateext": {"mainlog", "mainlog-20251231.gz mainlog-20261121.zst mainlog-20261122 mainlog",
			"rejectlog-20261122 mainlog-backups"},
		"dates with time": {"mainlog",
			"mainlog-20261121 mainlog-20261122-1 mainlog-20261122-2 mainlog-2026-11-23 mainlog.20261124-10.lzma mainlog", ""},
		"numbers, then dates": {"mainlog", "mainlog.2.gz mainlog.1 mainlog-20261121.gz mainlog", ""},
		"cPanel": {"exim_mainlog", "exim_mainlog-20261115.gz exim_mainlog-20261122 exim_mainlog",
			"exim_rejectlog exim_mainlog-"},
		"no log now": {"mainlog", "mainlog.2.gz mainlog.1", ""},
		"%D": {"mainlog-%D", "mainlog-20261121.gz mainlog-20261122 mainlog-20261123",
			"mainlog mainlog-2026112 mainlog-202611234 mainlog-20261122.bak rejectlog-20261123 mainlog-20261121.xz"},
		"%D in front": {"%D-mainlog",
			"20261121-mainlog.gz 20261122-mainlog.2 20261122-mainlog.1 20261122-mainlog 20261123-mainlog",
			"mainlog 20261122-rejectlog"},
		"%D in the middle": {"exim-main-%D.log",
			"exim-main-20261121.log.gz exim-main-20261122.log exim-main-20261123.log", "exim-main-20261121xlog"},
		"%M": {"main.%M", "main.202512.gz main.202610 main.202611", "main.20261123 main.log"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for _, file := range slices.Concat(strings.Fields(test.not), strings.Fields(test.want)) {
				testkit.Append(t, filepath.Join(folder, file), "")
			}
			testkit.Must(t, os.Mkdir(filepath.Join(folder, "mainlog.7"), 0o755))
			got, err := MemberPaths(filepath.Join(folder, test.path))
			testkit.Must(t, err)
			for i := range got {
				got[i] = filepath.Base(got[i])
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("Cycled(%q) = %q, want %q", test.path, got, strings.Fields(test.want))
			}
		})
	}
}

func TestCycledFindsNothing(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{filepath.Join(folder, "mainlog"), filepath.Join(folder, "none", "mainlog")} {
		if got, err := MemberPaths(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Cycled(%q) = %q, %v, want %v", path, got, err, fs.ErrNotExist)
		}
	}
}

// TestMembersWhileNamesChange: logrotate renames a row one by one. Whoever lists it meanwhile gets all files, or is
// told that names are changing.
func TestMembersWhileNamesChange(t *testing.T) {
	const files, rotations = 30, 100
	path := filepath.Join(t.TempDir(), "mainlog")
	name := func(n int) string { return fmt.Sprintf("%s.%d", path, n) }
	testkit.Append(t, path, "")
	for n := range files {
		testkit.Append(t, name(n+1), "")
	}
	for first := range rotations {
		rotated := make(chan struct{})
		go func() {
			defer close(rotated)
			for n := first + files; n > first; n-- {
				os.Rename(name(n), name(n+1))
			}
		}()
		for done := false; !done; {
			select {
			case <-rotated: // a last look must succeed, for nothing changes any more
				done = true
			default:
			}
			members, err := Members(path)
			if errors.Is(err, errMoved) && !done {
				continue
			}
			testkit.Must(t, err)
			if len(members) != files+1 {
				t.Fatalf("%d files are listed during rotation %d, want %d", len(members), first+1, files+1)
			}
		}
	}
}
