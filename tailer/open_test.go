package tailer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"exiwatch/internal/testkit"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// small is what the literals hold.
const small = "one\ntwo\nthree\n"

// Made by bzip2 1.0 and by lzma of XZ Utils, for want of a writer or for being the real thing.
const (
	smallBzip2 = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x08\x7b\x7d\xd7\x00\x00\x04\xc1\x80\x00\x10\x02\x41\x94\x80\x20\x00\x31\x0c\x08\x21\xa3\xd4\xc8\x85\x47\x32\x38\xa8\xf1\x77\x24\x53\x85\x09\x00\x87\xb7\xdd\x70"
	smallLZMA  = "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x37\x9b\x88\xcc\xf6\xc6\x60\x33\xc5\x47\x91\xf9\xa5\x8c\x5e\x4b\x34\x9a\xff\xfd\x7f\x70\x00"
)

func compress(t *testing.T, text string, writer func(io.Writer) (io.WriteCloser, error)) string {
	t.Helper()
	var b bytes.Buffer
	w, err := writer(&b)
	testkit.Must(t, err)
	_, err = io.WriteString(w, text)
	testkit.Must(t, err)
	testkit.Must(t, w.Close())
	return b.String()
}

func compressors() map[string]func(io.Writer) (io.WriteCloser, error) {
	return map[string]func(io.Writer) (io.WriteCloser, error){
		"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		"xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
		"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
		"lzma": func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) },
		"lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
	}
}

func TestOpenByContent(t *testing.T) {
	stored := map[string][2]string{ // what is in the file, what is to be read
		"plain":               {small, small},
		"empty":               {"", ""},
		"one byte":            {"x", "x"},
		"as long as a header": {"]\x00\x00\x10 is not ", "]\x00\x00\x10 is not "},
		"bzip2":               {smallBzip2, small},
		"bzip2, two streams":  {smallBzip2 + smallBzip2, small + small},
		"lzma of XZ Utils":    {smallLZMA, small},
		"zstd after skippable": {"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + compress(t, small, compressors()["zstd"]),
			small},
	}
	large := strings.Repeat(small, 50_000)
	for name, writer := range compressors() {
		one := compress(t, small, writer)
		stored[name] = [2]string{one, small}
		stored[name+", large"] = [2]string{compress(t, large, writer), large}
		if name != "lzma" {
			stored[name+", two members"] = [2]string{one + one, small + small}
		}
	}
	for name, test := range stored {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mainlog.2.xz") // which it is or isn't
			testkit.Must(t, os.WriteFile(path, []byte(test[0]), 0o640))
			file, err := Open(path)
			testkit.Must(t, err)
			defer file.Close()
			got, err := io.ReadAll(file)
			if string(got) != test[1] || err != nil {
				t.Errorf("read %d bytes, %v; want %d", len(got), err, len(test[1]))
			}
			if done, size := file.Progress(); done != int64(len(test[0])) || size != done || file.Size() != size {
				t.Errorf("Progress = %d, %d, want %d", done, size, len(test[0]))
			}
			r, err := OpenReader(iotest.OneByteReader(strings.NewReader(test[0])))
			testkit.Must(t, err)
			got, err = io.ReadAll(r)
			if string(got) != test[1] || err != nil {
				t.Errorf("OpenReader in single bytes: read %d bytes, %v; want %d", len(got), err, len(test[1]))
			}
			testkit.Must(t, r.Close())
			if _, err := r.Read(make([]byte, 1)); err == nil {
				t.Error("reading after Close succeeds")
			}
		})
	}
}

func TestTruncatedCompressed(t *testing.T) {
	large := strings.Repeat(small, 20_000)
	stored := map[string][2]string{"bzip2": {smallBzip2, small}, "lzma of XZ Utils": {smallLZMA, small}}
	for name, writer := range compressors() {
		stored[name] = [2]string{compress(t, large, writer), large}
		if name != "lzma" {
			stored[name+", second member"] = [2]string{compress(t, large, writer) + compress(t, small, writer),
				large + small}
		}
	}
	for name, test := range stored {
		t.Run(name, func(t *testing.T) {
			for _, cut := range []int{1, 2, 5, 9, 17, len(test[0]) / 2} {
				path := filepath.Join(t.TempDir(), "mainlog.2.gz")
				length := len(test[0]) - cut
				testkit.Must(t, os.WriteFile(path, []byte(test[0][:length]), 0o640))
				checkTruncated(t, path, length, test[1])
			}
		})
	}
}

// checkTruncated opens a file of that length, which must give a beginning of whole and then say where it ended.
func checkTruncated(t *testing.T, path string, length int, whole string) {
	t.Helper()
	file, err := Open(path)
	testkit.Must(t, err)
	defer file.Close()
	got, err := io.ReadAll(file)
	if !strings.HasPrefix(whole, string(got)) {
		t.Errorf("%d bytes: read %d bytes that are not the good part", length, len(got))
	}
	var at *ReadError
	if !errors.As(err, &at) || at.Name != path || at.Byte != int64(length) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes: error = %v, want unexpected EOF in %s at byte %d", length, err, path, length)
	}
}

// TestHalfIsRead: whatever the format, half a file gives a good part of what is in it.
func TestHalfIsRead(t *testing.T) {
	var text strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 40_000 {
		fmt.Fprintf(&text, "%d %d\n", i, random.Uint64())
	}
	for name, writer := range compressors() {
		if name == "lz4" { // its blocks are of four megabytes
			writer = func(w io.Writer) (io.WriteCloser, error) {
				z := lz4.NewWriter(w)
				return z, z.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
			}
		}
		stored := compress(t, text.String(), writer)
		file, err := OpenReader(strings.NewReader(stored[:len(stored)/2]))
		testkit.Must(t, err)
		got, err := io.ReadAll(file)
		good := len(got) > text.Len()/3 && strings.HasPrefix(text.String(), string(got))
		if !good || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: half the file gives %d of %d bytes, and %v", name, len(got), text.Len(), err)
		}
	}
}

// A damaged file gives lines as far as it goes, then its error once.
func TestTruncatedGzip(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), i%60) + "\n")
	}
	stored := compress(t, text.String(), compressors()["gzip"])
	path := filepath.Join(t.TempDir(), "mainlog.2.gz")
	testkit.Must(t, os.WriteFile(path, []byte(stored[:len(stored)*2/3]), 0o640))
	file, err := Open(path)
	testkit.Must(t, err)
	defer file.Close()
	var read strings.Builder
	totals, err := ScanLines(file, path, func(line Line) error {
		read.Write(line.Text)
		if !line.Torn {
			read.WriteByte('\n')
		}
		return nil
	})
	if !strings.HasPrefix(text.String(), read.String()) || totals.Lines < 1000 {
		t.Errorf("the good part is wrong after %d lines", totals.Lines)
	}
	if err == nil || strings.Count(err.Error(), path) != 1 {
		t.Errorf("error = %v, want one that names %s once", err, path)
	}
}

func TestOpenFails(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{filepath.Join(folder, "none"), folder} {
		if file, err := Open(name); err == nil {
			file.Close()
			t.Errorf("Open(%q) succeeds", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("Open(%q) = %v, which doesn't name it", name, err)
		}
	}
	if _, err := OpenReader(strings.NewReader("\x1f\x8b\x08")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("OpenReader of a gzip header's beginning = %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// TestOpenRefuses: an archive is no log, nor is what holds one compressed.
func TestOpenRefuses(t *testing.T) {
	var tarball bytes.Buffer
	w := tar.NewWriter(&tarball)
	testkit.Must(t, w.WriteHeader(&tar.Header{Name: "mainlog", Mode: 0o640, Size: int64(len(small))}))
	_, err := io.WriteString(w, small)
	testkit.Must(t, err)
	testkit.Must(t, w.Close())
	old := bytes.Clone(tarball.Bytes()) // as before POSIX: no magic, another checksum
	clear(old[257:265])
	sum := 0
	for i, b := range old[:512] {
		if i < 148 || i > 155 {
			sum += int(b)
		}
	}
	copy(old[148:156], fmt.Sprintf("%06o\x00 ", sum+8*' '))
	for format, stored := range map[string]string{
		"a tar archive":               tarball.String(),
		"a tar archive ":              compress(t, tarball.String(), compressors()["gzip"]),
		" a tar archive":              compress(t, tarball.String(), compressors()["zstd"]),
		" a tar archive ":             string(old),
		"a zip archive":               "PK\x03\x04\x14\x00",
		"a 7z archive":                "7z\xbc\xaf\x27\x1c\x00\x04",
		"compressed by compress (.Z)": "\x1f\x9d\x90o\xdc\xb8I",
		"UTF-16 text":                 "\xff\xfe2\x000\x00",
		"UTF-16 text ":                "\xfe\xff\x002\x000",
	} {
		path := filepath.Join(t.TempDir(), "mainlog.2.gz")
		testkit.Must(t, os.WriteFile(path, []byte(stored), 0o640))
		_, err := Open(path)
		var refused *FormatError
		if !errors.As(err, &refused) || refused.Name != path || refused.Format != strings.Trim(format, " ") {
			t.Errorf("Open of %s fails with %v", format, err)
		}
	}
}
