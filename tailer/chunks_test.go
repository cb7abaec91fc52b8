package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"exiwatch/internal/testkit"
)

// chunked gives what Cut would hand over, by way of Chunks.
func chunked(r io.Reader, size int) (lines []string, totals Totals, err error) {
	c := NewChunks(r, "mainlog")
	for {
		text, err := c.Next(make([]byte, size))
		if err != nil {
			totals := c.Totals()
			totals.Lines = int64(len(lines))
			return lines, totals, err
		}
		for line := range bytes.Lines(text) {
			lines = append(lines, string(line))
		}
	}
}

// TestChunksAreWhatIsCut: whatever the sizes of the buffers and of the pieces that are read, long and torn lines
// included.
func TestChunksAreWhatIsCut(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	for name, log := range map[string]string{
		"nothing":   "",
		"only LF":   "\n\n",
		"torn":      "one\n\ntwo\r\nthree",
		"as long":   "one\n" + long + "\ntwo\n" + long,
		"too long":  "one\n" + long + "x\ntwo\n" + long + "yy\n\nthree\n",
		"torn long": long + long + long + long + "\n" + long + "y",
		"far too":   strings.Repeat(long, 7) + "\nlast\n",
	} {
		var want []string
		totals, err := ScanLines(strings.NewReader(log), "mainlog", func(line Line) error {
			text := string(line.Text)
			if !line.Torn {
				text += "\n"
			}
			want = append(want, text)
			return nil
		})
		testkit.Must(t, err)
		for _, size := range []int{1, 2, 3, 7, 100, MaxLine, MaxLine + 1, MaxLine + 2, 2 * MaxLine, 2*MaxLine + 1,
			1 << 20} {
			for _, piece := range []int{1, 3, 4096, 1 << 20} {
				if piece < 4096 && len(log) > 2*MaxLine || len(log) > MaxLine && size < 100 {
					continue // takes long, and tells nothing more
				}
				got, gotTotals, err := chunked(iotest.DataErrReader(chunks{strings.NewReader(log), piece}), size)
				if err != io.EOF || strings.Join(got, "|") != strings.Join(want, "|") || gotTotals != totals {
					t.Fatalf("%s: buffers of %d, pieces of %d: %d lines, %+v, %v; want %d, %+v", name, size, piece,
						len(got), gotTotals, err, len(want), totals)
				}
			}
		}
	}
}

func TestChunksReaderFails(t *testing.T) {
	broken := errors.New("broken")
	lines, _, err := chunked(io.MultiReader(strings.NewReader("one\ntw"), iotest.ErrReader(broken)), 100)
	if !errors.Is(err, broken) || err.Error() != "reading mainlog at byte 6: broken" {
		t.Errorf("error = %v", err)
	}
	if got := fmt.Sprintf("%q", lines); got != `["one\n" "tw"]` {
		t.Errorf("lines = %s", got)
	}
}

// TestPlainLogIsReadOnce: what is read of a plain log goes into the buffer that asks for it, and isn't copied from
// another.
func TestPlainLogIsReadOnce(t *testing.T) {
	asked := &asking{Reader: strings.NewReader(strings.Repeat("a line of the log\n", 100_000))}
	in, err := OpenReader(asked)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	c := NewChunks(in, "mainlog")
	for buf := make([]byte, chunkSize); err == nil; {
		_, err = c.Next(buf)
	}
	if err != io.EOF || asked.most <= bufferSize {
		t.Errorf("read at most %d bytes at once, then %v; want more than %d", asked.most, err, bufferSize)
	}
}

// asking notes the most that is asked of it at once.
type asking struct {
	io.Reader
	most int // bytes
}

func (a *asking) Read(p []byte) (int, error) {
	a.most = max(a.most, len(p))
	return a.Reader.Read(p)
}
