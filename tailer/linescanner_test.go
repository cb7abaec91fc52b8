package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"exiwatch/internal/testkit"
)

// chunks reads at most size bytes at once.
type chunks struct {
	r    io.Reader
	size int
}

func (c chunks) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.size)]) }

func cutAll(t *testing.T, r io.Reader) ([]Line, Totals) {
	t.Helper()
	var lines []Line
	totals, err := ScanLines(r, "mainlog", func(line Line) error {
		line.Text = bytes.Clone(line.Text)
		lines = append(lines, line)
		return nil
	})
	testkit.Must(t, err)
	return lines, totals
}

func describe(lines []Line) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "%d %q end %d %x torn %v long %v\n", line.Number, line.Text, line.End.Offset,
			line.End.Fingerprint, line.Torn, line.Long)
	}
	return b.String()
}

func TestCutEveryChunkSize(t *testing.T) {
	logs := map[string]string{
		"nothing":       "",
		"only LF":       "\n",
		"empty lines":   "\n\n\na\n\n",
		"CR, NUL, junk": "a\r\n\x00\x00b\n\xff\xfe\n\r\n\u2028\n",
		"torn":          "one\ntwo",
		"beyond the head": strings.Repeat("2026-11-23 10:00:00 1xVJ4Z-0001uh-14 <= a@b.example\n", 20) +
			"torn",
	}
	for name, log := range logs {
		t.Run(name, func(t *testing.T) {
			want, wantTotals := cutAll(t, strings.NewReader(log))
			checkAgainstSplit(t, log, want, wantTotals)
			for size := 1; size <= len(log)+1; size++ {
				for way, r := range map[string]io.Reader{
					"chunks":        chunks{strings.NewReader(log), size},
					"data with EOF": iotest.DataErrReader(chunks{strings.NewReader(log), size}),
				} {
					got, totals := cutAll(t, r)
					if describe(got) != describe(want) || totals != wantTotals {
						t.Fatalf("%s of %d bytes:\n%s%+v\nwant\n%s%+v", way, size, describe(got), totals,
							describe(want), wantTotals)
					}
				}
			}
		})
	}
}

// checkAgainstSplit holds the lines against what bytes.Split and the documented fingerprint say.
func checkAgainstSplit(t *testing.T, log string, lines []Line, totals Totals) {
	t.Helper()
	pieces := strings.SplitAfter(log, "\n")
	pieces = slices.DeleteFunc(pieces, func(s string) bool { return s == "" })
	if len(lines) != len(pieces) || totals.Lines != int64(len(lines)) || totals.Bytes != int64(len(log)) {
		t.Fatalf("%d lines, totals %+v; want %d lines of %d bytes", len(lines), totals, len(pieces), len(log))
	}
	var offset int64
	for i, piece := range pieces {
		offset += int64(len(piece))
		text, whole := strings.CutSuffix(piece, "\n")
		begin := strings.TrimLeft(log[:offset], "\x00")
		print, longer := fingerprints([]byte(begin[:min(len(begin), headLength)]))
		line := lines[i]
		if string(line.Text) != text || line.Torn == whole || line.End.Offset != offset || line.Number != int64(i+1) ||
			line.End != (Position{Fingerprint: print, Offset: offset, NULs: offset - int64(len(begin)),
				Longer: longer}) {
			t.Errorf("line %d = %+v, want %q ending at %d", i, line, text, offset)
		}
	}
}

func TestCutLongLines(t *testing.T) {
	for _, test := range []struct {
		length int
		long   bool
	}{
		{MaxLine - 1, false}, {MaxLine, false}, {MaxLine + 1, true}, {MaxLine + 2, true},
		{chunkSize - 1, true}, {chunkSize, true}, {chunkSize + 1, true}, {3*chunkSize + 7, true},
	} {
		for _, size := range []int{511, 4096, MaxLine, chunkSize, 4 * chunkSize} {
			for _, end := range []string{"\nlast\n", ""} {
				log := "first\n" + strings.Repeat("x", test.length) + end
				lines, totals := cutAll(t, chunks{strings.NewReader(log), size})
				line := lines[1]
				if line.Long != test.long || line.Torn != (end == "") || len(line.Text) != min(test.length, MaxLine) {
					t.Fatalf("%d bytes in chunks of %d: long %v torn %v, %d bytes", test.length, size, line.Long,
						line.Torn, len(line.Text))
				}
				if last := lines[len(lines)-1]; last.End.Offset != int64(len(log)) || totals.Bytes != int64(len(log)) {
					t.Fatalf("%d bytes in chunks of %d: end at %d of %d", test.length, size, last.End.Offset, len(log))
				}
				if totals.Long > 0 != test.long {
					t.Fatalf("%d bytes: %d long lines, want %v", test.length, totals.Long, test.long)
				}
			}
		}
	}
}

func TestCutReaderFails(t *testing.T) {
	broken := errors.New("broken")
	var texts []string
	totals, err := ScanLines(io.MultiReader(strings.NewReader("one\ntw"), iotest.ErrReader(broken)), "mainlog",
		func(line Line) error {
			texts = append(texts, fmt.Sprint(string(line.Text), line.Torn))
			return nil
		})
	if !errors.Is(err, broken) || err.Error() != "reading mainlog at byte 6: broken" {
		t.Errorf("error = %v", err)
	}
	if got := fmt.Sprint(texts, totals.Lines); got != "[onefalse twtrue] 2" {
		t.Errorf("lines = %s", got)
	}
}

func TestCutCallbackFails(t *testing.T) {
	enough := errors.New("enough")
	totals, err := ScanLines(strings.NewReader("one\ntwo\n"), "mainlog", func(Line) error { return enough })
	if err != enough || totals.Lines != 1 {
		t.Errorf("Cut = %+v, %v, want one line and %v", totals, err, enough)
	}
}

// What a fuzzer finds must be cut the same way in whatever pieces it comes.
func FuzzScanLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nthree"), 2)
	f.Fuzz(func(t *testing.T, log []byte, size int) {
		size = 1 + max(0, size)%(len(log)+1)
		lines, totals := cutAll(t, chunks{bytes.NewReader(log), size})
		if len(log) < MaxLine {
			checkAgainstSplit(t, string(log), lines, totals)
		}
	})
}
