package tailer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// TestNamesOfCycledFiles: whatever scheme is in use, the files are found, and in their order.
func TestNamesOfCycledFiles(t *testing.T) {
	for _, names := range []string{ // oldest first
		"mainlog.2 mainlog.1 mainlog.0 mainlog",
		"mainlog-10.gz mainlog-2.gz mainlog-1 mainlog",
		"mainlog_2 mainlog_1 mainlog",
		"mainlog.03.gz mainlog.02.gz mainlog.01 mainlog",
		"mainlog.2.bak mainlog.1.bak mainlog",
		"mainlog.old mainlog", "mainlog~ mainlog", "mainlog.bak mainlog", "mainlog.orig mainlog", "old.mainlog mainlog",
		"mainlog-28102026 mainlog-04112026 mainlog-11112026 mainlog",
		"mainlog-28.10.2026 mainlog-4.11.2026 mainlog-11.11.2026 mainlog",
		"mainlog-20261231 mainlog-20270101 mainlog",
		"mainlog.1732147200.gz mainlog.1732233600 mainlog",
		"mainlog1763683200 mainlog1763769600 mainlog",
		"mainlog.1763683200123 mainlog.1763769600123 mainlog",
		"mainlog-202610.gz mainlog-202611 mainlog", "mainlog-2025 mainlog-2026 mainlog",
		"mainlog.2026-W09 mainlog.2026-W46 mainlog",
		"mainlog-2026112109.gz mainlog-2026112110.gz mainlog",
		"mainlog-20261121-2 mainlog-20261121-10 mainlog-20261122-1 mainlog",
		"mainlog.20261121T000000 mainlog.20261122T000000 mainlog",
		"mainlog.20261121T000000Z mainlog.20261122T000000Z mainlog",
		"mainlog-20261121T000000+0100 mainlog-20261122T000000+0100 mainlog",
		"mainlog.2026-11-21T06:25:01 mainlog.2026-11-22T06:25:01 mainlog",
		"mainlog-2026-11-21_06-25-01.gz mainlog-2026-11-22_06-25-01.gz mainlog",
		"mainlog.@40000000691fb8000000000a.s mainlog.@4000000069210980ffffffff.u mainlog",
		"mainlog-31-Oct-2026 mainlog-01-Nov-2026 mainlog", "mainlog.October2026 mainlog.November2026 mainlog",
		"20261121-mainlog.gz 20261122-mainlog mainlog", "20261121mainlog mainlog",
		"main-20261121.log.gz main-20261122.log main.log", "main.2.log.gz main.1.log main.log",
		"main.log-20261121-1730419200.gz main.log-20261122-1730422800 main.log", "main.log.2.gz main.log.1 main.log",
		"mainlog-20261121.log.gz mainlog-20261122.log mainlog.log", "mainlog-20261121.log mainlog-20261122.log mainlog",
		"mainlog.2.Z mainlog.1.lz4 mainlog", "mainlog-20261121.tar.gz mainlog-20261122.zip mainlog",
		"exim_mainlog-20261101.gz exim_mainlog.1 exim_mainlog", // two kinds: by their stamps
		"mainlog.1 mainlog.old mainlog.3 mainlog",
		// Words that tell nothing, and a weekday: by their stamps.
		"mainlog.Sat mainlog.Mon mainlog", "mainlog.yesterday mainlog", "mainlog-processed.gz mainlog",
		"mainlog-21-11-26 mainlog-20-12-26 mainlog",
	} {
		t.Run(names, func(t *testing.T) {
			folder := t.TempDir()
			all := strings.Fields(names)
			for i, name := range all {
				text := fmt.Sprintf("2026-11-%02d 08:00:00 1xAAA%d-00000000001-0001 <= v@lab.test\n", i+1, i)
				if strings.HasSuffix(name, ".gz") && !strings.HasSuffix(name, ".tar.gz") {
					text = compress(t, text, compressors()["gzip"])
				}
				testkit.Append(t, filepath.Join(folder, name), text)
			}
			got, err := MemberPaths(filepath.Join(folder, all[len(all)-1]))
			testkit.Must(t, err)
			for i := range got {
				got[i] = filepath.Base(got[i])
			}
			if !slices.Equal(got, all) {
				t.Errorf("found %q, want %q", got, all)
			}
		})
	}
}

// TestNamesOfOthers: what is written to by others, or isn't Exim's main log, doesn't count.
func TestNamesOfOthers(t *testing.T) {
	const entry = " 1xAAA1-00000000001-0001 <= v@lab.test\n"
	for name, text := range map[string]string{
		"mainlog-submission": "2026-11-20 08:00:00" + entry + "2026-11-22 09:00:00" + entry,
		"mainlog-part":       "2026-11-21 08:00:00" + entry + "2026-11-21 09:00:00" + entry, // as mainlog.1
		"mainlog.1-copy2":    "2026-11-21 07:00:00" + entry,                                 // as mainlog.1 begins
		"mainlog.log":        "2026-11-20 08:00:00" + entry + "2026-11-23 09:00:00" + entry,
		"mainlog-dpkg":       "2026-11-01 08:00:00 startup archives unpack\n",
		"mainlog.txtfile":    "notes\n",
		// holds what they hold
		"mainlog.bak":             "2026-11-21 08:00:00" + entry + "2026-11-22 09:00:00" + entry,
		"rejectlog.old":           "2026-11-01 08:00:00" + entry,
		"mainlog-panic":           "2026-11-01 08:00:00" + entry,
		"exim_mainlog":            "2026-11-20 08:00:00" + entry + "2026-11-23 09:00:00" + entry,
		"exim_mainlog.1":          "2026-11-01 08:00:00" + entry, // that log's
		"mainlog2":                "2026-11-20 08:00:00" + entry + "2026-11-23 09:00:00" + entry,
		"other":                   "2026-11-01 08:00:00" + entry,
		"mainlog-syslog-stamped":  "Nov  1 08:00:00 mx exim[7]:" + entry,
		"mainlog-submission.2.gz": compress(t, "2026-11-01 08:00:00"+entry, compressors()["gzip"]),
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			log := filepath.Join(folder, "mainlog")
			testkit.Append(t, log+".1", "2026-11-21 07:00:00"+entry+"2026-11-21 10:00:00"+entry)
			testkit.Append(t, log, "2026-11-22 08:00:00"+entry)
			testkit.Append(t, filepath.Join(folder, name), text)
			if base, more, ok := strings.Cut(name, "."); ok && (more == "1" || more == "2.gz") {
				testkit.Append(t, filepath.Join(folder, base), "2026-11-20 08:00:00"+entry+"2026-11-23 09:00:00"+entry)
			}
			if got, err := MemberPaths(log); err != nil || len(got) != 2 {
				t.Errorf("Cycled = %q, %v, want mainlog.1 and mainlog", got, err)
			}
		})
	}
}

// TestCycledTo: in another folder all names do, if the entries fit.
func TestCycledTo(t *testing.T) {
	const entry = " 1xAAA1-00000000001-0001 <= v@lab.test\n"
	folder, old := t.TempDir(), t.TempDir()
	log := filepath.Join(folder, "mainlog")
	testkit.Append(t, log, "2026-11-22 08:00:00"+entry)
	testkit.Append(t, log+".1", "2026-11-21 08:00:00"+entry)
	testkit.Append(t, filepath.Join(old, "mainlog.2"), "2026-11-20 08:00:00"+entry)
	gzipped(t, filepath.Join(old, "mainlog.2"))
	testkit.Append(t, filepath.Join(old, "mainlog"), "2026-11-19 08:00:00"+entry)
	testkit.Append(t, filepath.Join(old, "saved by hand"), "2026-11-18 08:00:00"+entry+"2026-11-18 18:00:00"+entry)
	gzipped(t, filepath.Join(old, "saved by hand"))
	testkit.Append(t, filepath.Join(old, "elsewhere"), "2026-11-18 12:00:00"+entry+"2026-11-22 18:00:00"+entry)
	testkit.Append(t, filepath.Join(old, "dpkg.log.1"), "2026-11-01 08:00:00 startup archives unpack\n")
	testkit.Append(t, filepath.Join(old, "rejectlog.1"), "2026-11-01 08:00:00"+entry)
	var want []string
	for _, name := range []string{"saved by hand.gz", "mainlog", "mainlog.2.gz"} {
		want = append(want, filepath.Join(old, name))
	}
	got, err := MemberPaths(log, filepath.Join(folder, "none yet"), old)
	if want = append(want, log+".1", log); err != nil || !slices.Equal(got, want) {
		t.Errorf("Cycled = %q, %v, want %q", got, err, want)
	}
	everyWay(t, func(t *testing.T, m mode) {
		h := m.follow(t, Follower{Path: log, CycledTo: []string{old}, From: startOf(t, want[0])})
		h.until("all lines", func() bool { return len(h.lines) >= 6 })
		var from []string
		for i := range h.lines {
			if n := len(from); n == 0 || from[n-1] != h.at(i).File {
				from = append(from, h.at(i).File)
			}
		}
		if !slices.Equal(from, want) {
			t.Errorf("followed %q, want %q", from, want)
		}
	})
}

// startOf is the first byte of a file.
func startOf(t *testing.T, path string) Position {
	t.Helper()
	info, err := os.Stat(path)
	testkit.Must(t, err)
	is := identify(info)
	return Position{Device: is.device, Inode: is.inode}
}

// TestRenamedToAnything: a file that is remembered is found again under any name.
func TestRenamedToAnything(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		folder := t.TempDir()
		log := filepath.Join(folder, "mainlog")
		testkit.Append(t, log, "one\ntwo\nthree\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", "two", "three")
		h.stop()
		testkit.Must(t, os.Rename(log, filepath.Join(folder, "put aside")))
		testkit.Append(t, log, "four\n")
		rest := m.follow(t, Follower{Path: log, From: h.at(0).End})
		rest.want("two", "three", "four")
	})
}

// TestSharedNames: in each folder of the samples all files are one log's.
func TestSharedNames(t *testing.T) {
	folders, err := filepath.Glob("../../shared/cases/input/names/*")
	testkit.Must(t, err)
	if len(folders) == 0 {
		t.Skip("no samples here")
	}
	for _, folder := range folders {
		files, err := os.ReadDir(folder)
		testkit.Must(t, err)
		names := []string{"mainlog", "main.log", "mainlog.log", "exim_mainlog"}
		i := slices.IndexFunc(names, func(name string) bool {
			return slices.ContainsFunc(files, func(f fs.DirEntry) bool { return f.Name() == name })
		})
		got, err := MemberPaths(filepath.Join(folder, names[i]))
		if err != nil || len(got) != len(files) {
			t.Errorf("%s: found %q, %v, want all %d", folder, got, err, len(files))
		}
	}
}
