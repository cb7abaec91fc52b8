package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/testkit"

	"github.com/klauspost/compress/gzip"
)

// replace compresses a file as gzip and the like do: its compressed self is there before it goes, with its times.
func replace(t *testing.T, path, suffix string, writer func(io.Writer) (io.WriteCloser, error)) {
	t.Helper()
	info, err := os.Stat(path)
	testkit.Must(t, err)
	text, err := os.ReadFile(path)
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(path+suffix, []byte(compress(t, string(text), writer)), 0o640))
	testkit.Must(t, os.Chtimes(path+suffix, info.ModTime(), info.ModTime()))
	testkit.Must(t, os.Remove(path))
}

func gzipped(t *testing.T, path string) {
	t.Helper()
	replace(t, path, ".gz", compressors()["gzip"])
}

// moveIn makes a file that is whole when it is there: without a plain file beside it, nobody could tell that it isn't.
func moveIn(t *testing.T, path, text string) {
	t.Helper()
	made := filepath.Join(t.TempDir(), "made")
	testkit.Must(t, os.WriteFile(made, []byte(text), 0o640))
	testkit.Must(t, os.Rename(made, path))
}

// logLines are n lines of a log, longer together than a chunk if there are thousands; what tells logs apart.
func logLines(what string, n int) (lines []string, text string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("2026-11-23 10:00:00 %s %d %s", what, i, strings.Repeat("=", i%100)))
	}
	return lines, strings.Join(lines, "\n") + "\n"
}

func TestCompressedWhileDown(t *testing.T) {
	ways := map[string]func(t *testing.T, path string){
		".bz2": func(t *testing.T, path string) {
			testkit.Must(t, exec.Command(program(t, "/usr/bin/bzip2"), path).Run())
		},
	}
	for suffix, name := range map[string]string{".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".lzma": "lzma"} {
		ways[suffix] = func(t *testing.T, path string) { replace(t, path, suffix, compressors()[name]) }
	}
	for suffix, way := range ways {
		t.Run(suffix, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				log := filepath.Join(t.TempDir(), "mainlog")
				lines, text := logLines("first", 6000)
				testkit.Append(t, log, text)
				h := m.follow(t, Follower{Path: log})
				h.want(lines...)
				h.stop()
				testkit.Must(t, os.Rename(log, log+".2"))
				way(t, log+".2")
				more, text := logLines("second", 10)
				testkit.Append(t, log+".1", text)
				way(t, log+".1")
				testkit.Append(t, log, "now\n")
				for _, i := range []int{0, 3, 4711, 5999} {
					rest := m.follow(t, Follower{Path: log, From: h.at(i).End})
					rest.want(append(append(append([]string(nil), lines[i+1:]...), more...), "now")...)
					if i < 5999 {
						line := rest.at(0)
						if line.Number != int64(i)+2 || line.End.Offset != h.at(i+1).End.Offset ||
							line.End.Fingerprint != h.at(i+1).End.Fingerprint {
							t.Errorf("line %d is number %d, ending at %+v, want the content of %+v", i+1, line.Number,
								line.End, h.at(i+1).End)
						}
						if line.End.Inode == h.at(0).End.Inode {
							t.Error("the line's inode is the old one's")
						}
					}
					rest.stop()
					again := m.follow(t, Follower{Path: log, From: rest.at(5).End})
					again.want(rest.texts()[6:]...)
				}
			})
		})
	}
}

// What was cycled and compressed before it was looked at is in the row all the same.
func TestCompressedBetweenLooks(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "zero 0\n")
		h := m.follow(t, Follower{Path: log})
		h.want("zero 0")
		testkit.Append(t, log, "zero 1\n")
		testkit.Must(t, os.Rename(log, log+".3"))
		gzipped(t, log+".3")
		moveIn(t, log+".2.gz", compress(t, "one\n", compressors()["gzip"]))
		moveIn(t, log+".1.zst", compress(t, "two\n", compressors()["zstd"]))
		testkit.Append(t, log, "three\n")
		h.want("zero 0", "zero 1", "one", "two", "three")
	})
}

// A log of a few lines is compressed before the last of them is written, to a file that has lost its name.
func TestCompressedBeforeLastLine(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\ntwo\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one", "two")
		moveIn(t, log+".1.gz", compress(t, "one\n", compressors()["gzip"]))
		moveIn(t, log, "three\n")
		h.want("one", "two", "three")
		testkit.Must(t, os.Rename(log+".1.gz", log+".2.gz"))
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "three", "four")
	})
}

// The log is gone until its next line; what it was is compressed meanwhile, and is no other file.
func TestCompressedBeforeNextLine(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\n")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		gzipped(t, log+".1")
		h.want("one")
		testkit.Must(t, os.Rename(log+".1.gz", log+".2.gz"))
		testkit.Append(t, log+".1", "two\n")
		gzipped(t, log+".1")
		h.want("one", "two")
		testkit.Append(t, log, "three\n")
		h.want("one", "two", "three")
	})
}

// A compressed file beside the plain one is still being written.
func TestCompressedHalfWritten(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log+".1", "one\ntwo\n")
		whole := compress(t, "one\ntwo\n", compressors()["gzip"])
		testkit.Must(t, os.WriteFile(log+".1.gz", []byte(whole[:10]), 0o640))
		testkit.Append(t, log, "three\n")
		row, err := Members(log)
		testkit.Must(t, err)
		h := m.follow(t, Follower{Path: log, From: row[0].Start})
		h.want("one", "two", "three")
		testkit.Must(t, os.WriteFile(log+".1.gz", []byte(whole), 0o640))
		testkit.Must(t, os.Remove(log+".1"))
		testkit.Append(t, log, "four\n")
		h.want("one", "two", "three", "four")
	})
}

func TestCompressedIsBroken(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, "one\ntwo\nhal")
		testkit.Must(t, w.Flush())
		testkit.Must(t, os.WriteFile(log+".4.gz", b.Bytes(), 0o640))
		testkit.Must(t, os.WriteFile(log+".3.xz", []byte("\xfd7zXZ\x00 is not"), 0o640))
		testkit.Must(t, os.WriteFile(log+".2.gz", nil, 0o640))
		testkit.Must(t, os.WriteFile(log+".1.gz", []byte(compress(t, "three\nfo", compressors()["gzip"])), 0o640))
		testkit.Append(t, log, "five\n")
		row, err := Members(log)
		testkit.Must(t, err)
		h := m.follow(t, Follower{Path: log, From: row[0].Start})
		h.want("one", "two", "hal", "three", "fo", "five")
		h.untilTold(io.ErrUnexpectedEOF, 1)
		h.until("told of both", func() bool { return len(h.problems) >= 2 })
		var where *ReadError
		if !errors.As(h.problems[1], &where) || where.Name != log+".3.xz" {
			t.Errorf("told %q, want it to be of %s", h.problems[1], log+".3.xz")
		}
		for i, torn := range []bool{false, false, true, false, true, false} {
			if h.at(i).Torn != torn {
				t.Errorf("line %d torn = %v, want %v", i, h.at(i).Torn, torn)
			}
		}
		h.stop()
		for i, line := range h.lines {
			rest := m.follow(t, Follower{Path: log, From: line.End})
			rest.want(h.texts()[i+1:]...)
			rest.stop()
		}
	})
}

// Where a torn line ended is a place to begin, too, when the line has been finished since.
func TestCompressedAfterTornLine(t *testing.T) {
	everyWay(t, func(t *testing.T, m mode) {
		log := filepath.Join(t.TempDir(), "mainlog")
		testkit.Append(t, log, "one\nhal")
		h := m.follow(t, Follower{Path: log})
		h.want("one")
		testkit.Must(t, os.Rename(log, log+".1"))
		testkit.Append(t, log, "two\n")
		h.want("one", "hal", "two")
		h.stop()
		testkit.Append(t, log+".1", "f\n")
		gzipped(t, log+".1")
		rest := m.follow(t, Follower{Path: log, From: h.at(1).End})
		rest.want("f", "two")
	})
}
