package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// arrivalLines are arrivals, one a second from 8 o'clock on that day of November.
func arrivalLines(day, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2026-11-%02d 08:%02d:%02d 1xBB%02d-%011d-0001 <= v@lab.test H=(x) [192.0.2.9] P=esmtpa A=login:v%d S=10 T=\"s\"\n",
			day, i/60, i%60, day, i, i)
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

// TestLogBreaksOff: what comes before the break counts, and so do the other logs; the output is written, and then the status
// is 1.
func TestLogBreaksOff(t *testing.T) {
	dir := t.TempDir()
	half, whole := filepath.Join(dir, "mainlog.1.gz"), filepath.Join(dir, "mainlog")
	writeHalf(t, half, arrivalLines(22, 3000))
	writeFile(t, whole, arrivalLines(23, 2))
	for _, args := range []string{
		"replay", "replay --json", "replay --html -", "replay --suggest", "replay --suggest --json", "arrivals", "top account", "top sender --json",
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
