package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// arrivalLines are arrivals, one a second from 8 o'clock on that day of November.
func arrivalLines(day, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2026-11-%02d 08:%02d:%02d 1xBB%02d-%011d-0001 <= v@lab.test ", day, i/60, i%60, day, i)
		fmt.Fprintf(&b, "H=(x) [192.0.2.9] P=esmtpa A=login:v%d S=10 T=\"s\"\n", i)
	}
	return b.String()
}

// writeHalf writes the first half of what text is in gzip.
func writeHalf(t *testing.T, name, text string) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	writeFile(t, name, b.String()[:b.Len()/2])
}

// TestLogBreaksOff: what comes before the break counts, and so do the other logs; the output is written, and then the
// status is 1.
func TestLogBreaksOff(t *testing.T) {
	dir := t.TempDir()
	half, whole := filepath.Join(dir, "mainlog.1.gz"), filepath.Join(dir, "mainlog")
	writeHalf(t, half, arrivalLines(22, 3000))
	writeFile(t, whole, arrivalLines(23, 2))
	for _, args := range []string{
		"replay", "replay --json", "replay --html -", "replay --suggest", "replay --suggest --json",
		"arrivals", "top account", "top sender --json",
	} {
		for _, files := range [][]string{{half, whole}, {whole, half}, {half}, {filepath.Join(dir, "none"), half}} {
			out, stderr, status := exiwatch(t, "", append(strings.Fields(args+" --config /dev/null"), files...)...)
			if status != exitFailure || strings.Count(stderr, "exiwatch: error: reading "+half) != 1 {
				t.Errorf("%s %q = %d, %q, want 1 and the file named once", args, files, status, stderr)
			}
			if len(out) < 50 || !strings.Contains(out, "v") {
				t.Errorf("%s %q wrote %q", args, files, out)
			}
		}
	}
	out, _, _ := exiwatch(t, "", "arrivals", "--config", "/dev/null", half, whole)
	if strings.Count(out, "\n") < 1000 || !strings.Contains(out, "1xBB23-00000000001-0001") {
		t.Errorf("%d arrivals in all", strings.Count(out, "\n"))
	}
}

// TestNothingToRead: nothing is reported where no log could be read.
func TestNothingToRead(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, args := range []string{"replay", "replay --json", "replay --suggest", "arrivals", "top account"} {
		out, stderr, status := exiwatch(t, "", append(strings.Fields(args+" --config /dev/null"), none, none+"2")...)
		if status != exitFailure || out != "" || strings.Count(stderr, "exiwatch: error: ") != 2 {
			t.Errorf("%s = %d, %q, %q, want 1 and two errors alone", args, status, out, stderr)
		}
	}
}

// TestCopyIsReadOnce: a copy of the beginning of a log counts once, as does a log of two names.
func TestCopyIsReadOnce(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "mainlog")
	copied, linked := log+"-20261123", log+".1"
	text := arrivalLines(23, 26)
	writeFile(t, log, text)
	writeFile(t, copied, text[:strings.LastIndex(text[:len(text)-1], "\n")+1])
	if err := os.Link(log, linked); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "exiwatch.toml")
	writeFile(t, config, fmt.Sprintf("log = %q\n", log))
	note := fmt.Sprintf("exiwatch: note: %s is a copy of the beginning of %s: read once\n", copied, log)
	for _, files := range [][]string{nil, {copied, log}, {log, copied}, {log, linked, copied, log}} {
		out, stderr, status := exiwatch(t, "", append([]string{"arrivals", "--config", config}, files...)...)
		if n := strings.Count(out, "\n"); n != 26 || status != exitDone || stderr != note {
			t.Errorf("arrivals %q: %d arrivals, status %d, %q; want 26, 0, %q", files, n, status, stderr, note)
		}
	}
	out, stderr, status := exiwatch(t, "", "replay", "--html", "-", "--suggest", "--config", config)
	if !strings.HasPrefix(out, "<!") || status != exitDone || stderr != note {
		t.Errorf("replay --html - --suggest = %d, %q; want 0, %q", status, stderr, note)
	}
}

// TestRefusedAmongOthers: an archive is named, and the others are read.
func TestRefusedAmongOthers(t *testing.T) {
	dir := t.TempDir()
	archive, log := filepath.Join(dir, "mainlog.2.zip"), filepath.Join(dir, "mainlog")
	writeFile(t, archive, "PK\x03\x04\x14\x00")
	writeFile(t, log, arrivalLines(23, 2))
	config := filepath.Join(dir, "exiwatch.toml")
	writeFile(t, config, fmt.Sprintf("log = %q\n", log))
	want := "exiwatch: error: " + archive + " is a zip archive: exiwatch doesn't read it; unpack it\n"
	for _, args := range [][]string{nil, {archive, log}, {"-", log}} {
		stdin := "PK\x03\x04\x14\x00" + strings.Repeat(arrivalLines(22, 1), 100_000/80)
		out, stderr, status := exiwatch(t, stdin, append([]string{"arrivals", "--config", config}, args...)...)
		if args != nil && args[0] == "-" {
			want = "exiwatch: error: input is a zip archive: exiwatch doesn't read it; unpack it\n"
		}
		if strings.Count(out, "\n") != 2 || status != exitFailure || stderr != want {
			t.Errorf("arrivals %q = %.300q, %d, %q, want two arrivals, 1, %q", args, out, status, stderr, want)
		}
	}
}

// TestSharedInput reads the samples of copies, damage and archives.
func TestSharedInput(t *testing.T) {
	const input = "../../../shared/cases/input/"
	if _, err := os.Stat(input); err != nil {
		t.Skip("no samples here")
	}
	for _, c := range []struct {
		files    string
		arrivals int // at least
		status   int
		stderr   string
	}{
		{"copy/mainlog copy/mainlog-20261128", 26, exitDone, "copy/mainlog-20261128 is a copy of the beginning of "},
		{"damaged/mainlog damaged/mainlog.1 damaged/mainlog.2.gz", 1400, exitFailure, "damaged/mainlog.2.gz at byte "},
		{"misc/l.lz4", 20, exitDone, ""},
		{"misc/old.Z", 0, exitFailure, "old.Z is compressed by compress (.Z)"},
		{"misc/t.tar.gz", 0, exitFailure, "t.tar.gz is a tar archive"},
		{"misc/z.zip copy/mainlog", 26, exitFailure, "z.zip is a zip archive"},
	} {
		args := []string{"arrivals", "--config", "/dev/null"}
		for file := range strings.FieldsSeq(c.files) {
			args = append(args, input+file)
		}
		out, stderr, status := exiwatch(t, "", args...)
		n := strings.Count(out, "\n")
		few, many := n < c.arrivals, c.arrivals < 100 && n > c.arrivals
		if few || many || status != c.status || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: %d arrivals, status %d, %q; want %v", c.files, n, status, stderr, c)
		}
	}
}
