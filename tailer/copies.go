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
		heads[i] = headOf(path)
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

// headOf gives the first bytes of a log, uncompressed; none if they can't be read.
func headOf(path string) []byte {
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
	a, err := openCompared(first)
	if err != nil {
		return c, false
	}
	defer a.file.Close()
	b, err := openCompared(second)
	if err != nil {
		return c, false
	}
	defer b.file.Close()
	for {
		a.fill()
		b.fill()
		n := min(len(a.text), len(b.text))
		if !bytes.Equal(a.text[:n], b.text[:n]) {
			return c, false
		}
		a.text, b.text = a.text[n:], b.text[n:]
		overA, overB := a.err != nil && len(a.text) == 0, b.err != nil && len(b.text) == 0
		switch {
		case overB && (!overA || b.rank() > a.rank()):
			return Copy{second, first, b.failed()}, true
		case overA:
			return Copy{first, second, a.failed()}, true
		}
	}
}

// A comparedLog is a log that is read side by side with another.
type comparedLog struct {
	file *File
	buf  []byte
	text []byte // in buf: read and not compared yet
	err  error  // that came after text
}

func openCompared(path string) (*comparedLog, error) {
	file, err := Open(path)
	return &comparedLog{file: file, buf: make([]byte, bufferSize)}, err
}

// fill reads on when all was compared.
func (c *comparedLog) fill() {
	if len(c.text) == 0 && c.err == nil {
		var n int
		n, c.err = c.file.Read(c.buf)
		c.text = c.buf[:n]
	}
}

// failed is why the log can't be read to its end; nil if it can.
func (c *comparedLog) failed() error {
	if c.err == io.EOF {
		return nil
	}
	return c.err
}

// rank is higher for the log that is rather left out.
func (c *comparedLog) rank() int {
	rank := 0
	if c.file.Compressed() {
		rank = 1
	}
	if c.failed() != nil {
		rank = 2
	}
	return rank
}
