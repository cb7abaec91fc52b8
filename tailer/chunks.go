package tailer

import (
	"bytes"
	"io"
)

// Chunks cuts what a reader gives into blocks of whole lines, each as large as the caller's buffer.
type Chunks struct {
	r      io.Reader
	file   string
	held   []byte // the beginning of a line, which comes next
	failed error
	totals Totals
}

// NewChunks makes Chunks of a log. file is the name for errors.
func NewChunks(r io.Reader, file string) *Chunks { return &Chunks{r: r, file: file} }

// Next fills buf and returns the whole lines in it, each with its LF; the last line of the log may lack it. The result
// lies in another buffer if buf is too small for one line. A line beyond MaxLine is cut to that. The error comes after
// the last line, or before what can't be read: io.EOF, or one that names file and byte.
func (c *Chunks) Next(buf []byte) ([]byte, error) {
	if len(buf) <= len(c.held) {
		buf = make([]byte, len(c.held)+1)
	}
	n := copy(buf, c.held)
	c.held = c.held[:0]
	for from := 0; ; {
		n = c.fill(buf, n)
		if c.failed != nil {
			break
		}
		if end := bytes.LastIndexByte(buf[from:n], '\n') + 1; end > 0 {
			c.held = append(c.held, buf[from+end:n]...)
			n = from + end
			break
		}
		if len(buf) < 2*MaxLine {
			buf = append(buf, make([]byte, len(buf))...)
			from = n
			continue
		}
		n = MaxLine + 1 // the buffer is full of one line
		from = n
	}
	if n == 0 {
		return nil, c.failed
	}
	return c.shorten(buf[:n]), nil
}

// fill reads until buf, of which n bytes are full, is full. It returns how many bytes are.
func (c *Chunks) fill(buf []byte, n int) int {
	for idle := 0; n < len(buf) && c.failed == nil; {
		m, err := c.r.Read(buf[n:])
		if n += m; m > 0 {
			idle = 0
		} else if idle++; idle == 100 && err == nil {
			err = io.ErrNoProgress
		}
		c.totals.Bytes += int64(m)
		c.failed = readingError(err, c.file, c.totals.Bytes)
	}
	return n
}

// shorten removes what is beyond MaxLine from lines.
func (c *Chunks) shorten(text []byte) []byte {
	for at := 0; len(text)-at > MaxLine; {
		if end := bytes.LastIndexByte(text[at:at+MaxLine+1], '\n'); end >= 0 {
			at += end + 1
			continue
		}
		c.totals.Long++
		at += MaxLine
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			return text[:at]
		}
		text = append(text[:at], text[at+end:]...)
		at++
	}
	return text
}

// Totals count what was read so far. Lines is left to the caller, who counts them.
func (c *Chunks) Totals() Totals { return c.totals }
