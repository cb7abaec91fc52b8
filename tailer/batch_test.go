package tailer

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// Lines of any length, plain and compressed: together they are what they are one by one, and most come together.
func TestRunsAreTheLines(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	lengths := []int{0, 1, fingerprintLength - 1, fingerprintLength, MaxLine - 1, MaxLine, MaxLine + 1, chunkSize - 1,
		chunkSize, 3 * chunkSize}
	for range 8 {
		var text bytes.Buffer
		for range 400 {
			n := r.IntN(300)
			if r.IntN(20) == 0 {
				n = lengths[r.IntN(len(lengths))]
			}
			text.Write(bytes.Repeat([]byte{'a' + byte(r.IntN(26))}, n))
			text.WriteByte('\n')
		}
		folder := t.TempDir()
		cycled, plain := filepath.Join(folder, "mainlog.1.gz"), filepath.Join(folder, "mainlog")
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(text.Bytes())
		testkit.Must(t, errors.Join(err, w.Close(), os.WriteFile(cycled, packed.Bytes(), 0o600),
			os.WriteFile(plain, append(text.Bytes(), "the end\n"...), 0o600)))
		from := Position{}.withOffset(1<<10, text.Bytes())
		row, err := Members(plain)
		testkit.Must(t, err)
		from.Device, from.Inode = row[0].Start.Device, row[0].Start.Inode
		if text.Bytes()[from.Offset-1] != '\n' {
			from.Offset += int64(bytes.IndexByte(text.Bytes()[from.Offset:], '\n')) + 1
		}
		one, _ := followed(t, Follower{Path: plain, From: from})
		many, together := followed(t, Follower{Path: plain, From: from, Bulk: func(Batch) error { return nil }})
		if diff := cmp.Diff(one, many); diff != "" {
			t.Fatalf("seed %d: in runs come (-one by one +in runs):\n%.2000s", seed, diff)
		}
		if together < int64(len(many))/2 {
			t.Errorf("seed %d: of %d lines %d came together", seed, len(many), together)
		}
	}
}

// followed gives the lines of a log up to the last, each with the beginning of its text, and how many came together.
func followed(t *testing.T, f Follower) (lines []Line, together int64) {
	t.Helper()
	take := func(line Line) error {
		if string(line.Text) == "the end" {
			return io.EOF
		}
		line.Text = bytes.Clone(line.Text[:min(len(line.Text), 10)])
		lines = append(lines, line)
		return nil
	}
	if f.Bulk != nil {
		f.Bulk = func(r Batch) error {
			together += r.Lines
			return oneByOne(r, take)
		}
	}
	if err := f.Follow(t.Context(), take, nil); err != io.EOF {
		t.Fatal(err)
	}
	return lines, together
}
