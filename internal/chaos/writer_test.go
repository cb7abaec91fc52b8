package chaos

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A writer writes the log as Exim does: before each write it looks whether the name still is the file that it has
// open, and opens it anew if not; every entry is one write(2). The truth is what it wrote, file after file: each file
// has a second name, NNNN, in the folder truth, so that whatever becomes of its first one nothing is lost.
//
// Whoever writes, or changes names, holds mu. So the order of what happened to the log is known.
type writer struct {
	t       *testing.T
	pattern string // path of the log; its last element may hold %D
	truth   string

	mu      sync.Mutex
	traffic *traffic
	file    *os.File // nil: to be opened
	files   int      // in truth
}

func newWriter(t *testing.T, dir, base string, traffic *traffic) *writer {
	w := &writer{t: t, pattern: filepath.Join(dir, "log", base), truth: filepath.Join(dir, "truth"), traffic: traffic}
	for _, folder := range []string{w.truth, filepath.Dir(w.pattern)} {
		testkit.Must(t, os.Mkdir(folder, 0o755))
	}
	return w
}

// path is the log's name by now.
func (w *writer) path() string {
	return strings.ReplaceAll(w.pattern, "%D", w.traffic.at.Format("20060102"))
}

// write writes an entry.
func (w *writer) write(text string) {
	w.reopen()
	_, err := w.file.WriteString(text)
	testkit.Must(w.t, err)
}

// writeHalves writes an entry in two parts, between which everybody can look. Nobody else writes there.
func (w *writer) writeHalves(text string, n int, pause time.Duration) {
	w.reopen()
	_, err := w.file.WriteString(text[:n])
	testkit.Must(w.t, err)
	time.Sleep(pause) // the hazard is that the half stays for a while
	_, err = w.file.WriteString(text[n:])
	testkit.Must(w.t, err)
}

// reopen opens the log unless it is open.
func (w *writer) reopen() {
	info, err := os.Stat(w.path())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		testkit.Must(w.t, err)
	}
	if w.file != nil && err == nil {
		if open, err := w.file.Stat(); err == nil && os.SameFile(open, info) {
			return
		}
	}
	w.detach().Close()
	w.file, err = os.OpenFile(w.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	testkit.Must(w.t, err)
	w.record(w.path())
}

// detach gives away the open file, as to a process that goes on with it.
func (w *writer) detach() *os.File {
	f := w.file
	w.file = nil
	return f
}

// record gives the file at path its name in truth.
func (w *writer) record(path string) {
	w.files++
	testkit.Must(w.t, os.Link(path, w.truthPath(w.files)))
}

// recordCopy says that what the log held is in its copy now, and that the log begins again.
func (w *writer) recordCopy(path string) {
	testkit.Must(w.t, os.Remove(w.truthPath(w.files)))
	testkit.Must(w.t, os.Link(path, w.truthPath(w.files)))
	w.record(w.path())
}

func (w *writer) truthPath(n int) string { return filepath.Join(w.truth, fmt.Sprintf("%04d", n)) }

// truthPaths are the files of the truth in their order.
func (w *writer) truthPaths() []string {
	var paths []string
	for n := range w.files {
		paths = append(paths, w.truthPath(n+1))
	}
	return paths
}
