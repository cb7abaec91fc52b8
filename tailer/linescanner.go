package tailer

import (
	"bytes"
	"fmt"
	"io"
)

const chunkSize = 256 << 10 // bytes read at once; more brings nothing

// ScanLines cuts what r gives into lines, at LF only, and calls fn for each. file is the name that the lines carry. A
// last line without LF is handed over as torn, before r's error if r fails. A line beyond MaxLine comes once, cut
// short. No more than one chunk is held in memory. Positions have no Device and Inode. The error is r's, with file and
// byte, or fn's as it is.
func ScanLines(r io.Reader, file string, fn func(Line) error) (Totals, error) {
	c := lineScanner{buf: make([]byte, chunkSize), file: file, fn: fn}
	for {
		n, err := c.fill(r)
		if ferr := c.split(n); ferr != nil {
			return c.totals, ferr
		}
		if err == nil {
			continue
		}
		if ferr := c.emitLast(); ferr != nil {
			return c.totals, ferr
		}
		if err != io.EOF {
			return c.totals, readingError(err, c.file, c.totals.Bytes)
		}
		return c.totals, nil
	}
}

// A lineScanner holds the unfinished line at the start of buf: held bytes, none of them LF, behind which dropped bytes
// were thrown away because there were too many.
type lineScanner struct {
	buf     []byte
	held    int
	dropped int64
	head    []byte   // the stream's, as much as was read
	at      Position // of the last line that was emitted
	file    string
	fn      func(Line) error
	bulk    func(Batch) error // nil: all lines go to fn
	totals  Totals
}

// fill reads behind what is held: n bytes, at least one, or an error.
func (c *lineScanner) fill(r io.Reader) (n int, err error) {
	for range 100 {
		n, err = r.Read(c.buf[c.held:])
		if n > 0 || err != nil {
			c.keepHead(c.buf[c.held : c.held+n])
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (c *lineScanner) keepHead(p []byte) {
	if !isWhole(c.head) {
		c.head = extendHead(c.head, p)
	}
}

// split hands over the lines that n new bytes behind the held ones complete, and holds the rest.
func (c *lineScanner) split(n int) error {
	data := c.buf[:c.held+n]
	start, search := 0, c.held
	for {
		if n := c.batchLength(data[start:]); n > 0 {
			if err := c.emitBatch(data[start : start+n]); err != nil {
				return err
			}
			start += n
			search = start
		}
		i := bytes.IndexByte(data[search:], '\n')
		if i < 0 {
			break
		}
		end := search + i
		if err := c.emit(data[start:end], 1, false); err != nil {
			return err
		}
		start, search = end+1, end+1
	}
	c.keep(data[start:])
	return nil
}

// batchLength is how much of text, which comes next, may be handed over together.
func (c *lineScanner) batchLength(text []byte) int {
	if nuls, _ := splitHead(c.head); c.bulk == nil || c.dropped > 0 || c.totals.Bytes < nuls+headLength {
		return 0
	}
	return batchLength(text)
}

func (c *lineScanner) emitBatch(text []byte) error {
	r := Batch{Text: text, File: c.file, Number: c.totals.Lines + 1, Lines: int64(bytes.Count(text, lineFeed))}
	c.totals.Bytes += int64(len(text))
	c.totals.Lines += r.Lines
	r.End = c.position()
	return c.bulk(r)
}

// keep holds rest, or as many bytes of it as show that the line is too long.
func (c *lineScanner) keep(rest []byte) {
	if more := len(rest) - (MaxLine + 1); more > 0 {
		c.dropped += int64(more)
		rest = rest[:MaxLine+1]
	}
	c.held = copy(c.buf, rest)
}

func (c *lineScanner) emitLast() error {
	if c.held == 0 {
		return nil
	}
	text := c.buf[:c.held]
	c.held = 0
	return c.emit(text, 0, true)
}

// emit hands text to fn. lf is how many bytes its line end took.
func (c *lineScanner) emit(text []byte, lf int64, torn bool) error {
	c.totals.Bytes += int64(len(text)) + c.dropped + lf
	c.totals.Lines++
	c.dropped = 0
	long := len(text) > MaxLine
	if long {
		text = text[:MaxLine]
		c.totals.Long++
	}
	return c.fn(Line{Text: text, File: c.file, Number: c.totals.Lines, End: c.position(), Torn: torn, Long: long})
}

func (c *lineScanner) position() Position {
	c.at = c.at.withOffset(c.totals.Bytes, c.head)
	return c.at
}

// readingError says where a file can't be read, unless that is its end, or the error says so itself.
func readingError(err error, file string, at int64) error {
	if err == nil || err == io.EOF || NamesFile(err) {
		return err
	}
	return fmt.Errorf("reading %s at byte %d: %w", file, at, err)
}
