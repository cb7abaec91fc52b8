package tailer

import (
	"bytes"
	"io"
	"os"
)

// A Copy is a finished log that needs no reading: all of it, uncompressed, is the beginning of another log.
type Copy struct {
	Path string
	Of   string // the other's path
	Err  error  // why Path can't be read to its end, if so; then its readable part is that beginning
}

// Copies finds the files among paths that are copies of others among them, plain or compressed. Of two with the same
// content it keeps the one that can be read to its end, then the plain one, then the later one. It reads more than the
// first bytes only where these are the same. An empty file, one that can't be opened, and one that isn't a regular file
// are no copies.
func Copies(paths []string) (found []Copy) {
	heads := make([][]byte, len(paths)) // nil for files that are left out
	for i, path := range paths {
		heads[i] = beginning(path)
	}
	for i := range paths {
		for j := i + 1; j < len(paths) && len(heads[i]) > 0; j++ {
			n := min(len(heads[i]), len(heads[j]))
			if n == 0 || !bytes.Equal(heads[i][:n], heads[j][:n]) {
				continue
			}
			if c, ok := compare(paths[i], paths[j]); ok {
				found = append(found, c)
				if c.Path == paths[i] {
					heads[i] = nil
				} else {
					heads[j] = nil
				}
			}
		}
	}
	return found
}

// beginning gives the first bytes of a log, uncompressed; none if they can't be read.
func beginning(path string) []byte {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil // a pipe can be read only once
	}
	file, err := Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	head := make([]byte, fingerprintLength)
	n, _ := io.ReadFull(file, head)
	return head[:n]
}

// compare tells which of two logs is the beginning of the other. ok is false if neither is.
func compare(first, second string) (c Copy, ok bool) {
	a, err := Open(first)
	if err != nil {
		return c, false
	}
	defer a.Close()
	b, err := Open(second)
	if err != nil {
		return c, false
	}
	defer b.Close()
	textA, textB := make([]byte, bufferSize), make([]byte, bufferSize)
	for {
		n, errA := io.ReadFull(a, textA)
		m, errB := io.ReadFull(b, textB)
		if both := min(n, m); !bytes.Equal(textA[:both], textB[:both]) {
			return c, false
		}
		overA, overB := errA != nil && n <= m, errB != nil && m <= n
		switch {
		case overB && (!overA || rank(b, errB) > rank(a, errA)):
			return Copy{second, first, notEOF(errB)}, true
		case overA:
			return Copy{first, second, notEOF(errA)}, true
		}
	}
}

// notEOF is why a log can't be read to its end; nil if it can. err is io.ReadFull's.
func notEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// rank is higher for the log that is rather left out.
func rank(log *File, err error) int {
	switch {
	case notEOF(err) != nil:
		return 2
	case log.Compressed():
		return 1
	}
	return 0
}
