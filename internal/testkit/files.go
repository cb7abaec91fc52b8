// Package testkit is what the tests of several packages share: files as Exim writes them, logs of a given shape, and
// waiting as long as something moves, rather than for so many seconds: the machines that tests run on are slow and
// shared.
package testkit

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// T is what a test and a property of one have in common.
type T interface {
	Helper()
	Fatal(...any)
}

// Must ends the test at an error.
func Must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Append writes as Exim does: to a file that it opens by name for each entry.
func Append(t T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	Must(t, err)
	_, err = f.WriteString(text)
	Must(t, err)
	Must(t, f.Close())
}

// Write makes a file in a folder of its own, which ends with the test, and returns its path.
func Write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	Must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// Gzip compresses a text.
func Gzip(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	Must(t, err)
	Must(t, w.Close())
	return b.String()
}
