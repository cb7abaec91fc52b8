package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"
)

// TestReadAhead gives what there is, and the error behind it, however little is read ahead.
func TestReadAhead(t *testing.T) {
	broken := errors.New("broken")
	for _, size := range []int{0, 1, blockSize - 1, blockSize, blockSize + 1, 5*blockSize + 7} {
		text := bytes.Repeat([]byte("x\n"), size)[:size]
		for blocks := range 3 {
			for name, end := range map[string]error{"whole": nil, "broken": broken} {
				in := io.Reader(bytes.NewReader(text))
				if end != nil {
					in = io.MultiReader(in, iotest.ErrReader(end))
				}
				from := newBuffers(1, blocks)
				a := prefetch(io.NopCloser(in), from, blocks)
				got, err := io.ReadAll(a)
				if !bytes.Equal(got, text) || !errors.Is(err, end) {
					t.Errorf("%s, %d bytes, %d blocks: %d bytes, %v", name, size, blocks, len(got), err)
				}
				testkit.Must(t, a.Close())
				if len(from) != cap(from) {
					t.Errorf("%s, %d bytes, %d blocks: %d buffers came back of %d", name, size, blocks, len(from),
						cap(from))
				}
			}
		}
	}
}

// TestReadAheadClosedEarly leaves no goroutine and no buffer behind.
func TestReadAheadClosedEarly(t *testing.T) {
	from := newBuffers(1, 2)
	a := prefetch(io.NopCloser(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 9*blockSize)))), from, 2)
	_, err := io.ReadFull(a, make([]byte, 10))
	testkit.Must(t, err)
	testkit.Must(t, a.Close())
	if len(from) != cap(from) {
		t.Errorf("%d buffers came back of %d", len(from), cap(from))
	}
}

// TestManyCompressedLogs are told of in their order. What one lacks is an error, and the others are read.
func TestManyCompressedLogs(t *testing.T) {
	dir := t.TempDir()
	var sources []Source
	for i := range 12 {
		path := filepath.Join(dir, fmt.Sprint(i))
		testkit.Must(t, os.WriteFile(path, []byte(testkit.Gzip(t, strings.Repeat("filling\n", 30_000)+arrivalAt(i))), 0o600))
		sources = append(sources, Source{Name: path})
	}
	ids, totals, err := replayed(t, sources...)
	if err != nil || len(ids) != 12 || totals.Lines != 12*30_001 {
		t.Fatalf("%d arrivals, %+v, %v", len(ids), totals, err)
	}
	for i, id := range ids {
		if id != idsOf(i)[0] {
			t.Errorf("arrival %d is %s", i, id)
		}
	}
	whole, err := os.ReadFile(sources[5].Name)
	testkit.Must(t, err)
	testkit.Must(t, os.WriteFile(sources[5].Name, whole[:len(whole)-20], 0o600))
	c := configtest.Parse(t, "")
	var told int
	p, err := pipeline.New(c.Scopes, nil, pipeline.Listener{Arrival: func(*parser.Arrival, *window.Arrival) { told++ }})
	testkit.Must(t, err)
	_, err = Run(t.Context(), p, sources, time.UTC, time.Now(), nil)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), sources[5].Name) || told < 11 {
		t.Errorf("told of %d arrivals, %v; want all of the others, and what is wrong with %s", told, err,
			sources[5].Name)
	}
}
