package tailer

import (
	"bytes"
	"fmt"
	"io"
)

const chunkSize = 256 << 10 // bytes read at once; more brings nothing

// ScanLines cuts what r gives into lines at LF only and hands each to fn; file is what they are said to come from. After r's
// end, and before its error if it fails, a last line without LF is handed over as torn. A line beyond MaxLine is
// handed over once, cut short; no more than one chunk is ever held. Positions have no Device and Inode. Returns r's
// error, naming file and byte, or fn's as it is.
func ScanLines(r io.Reader, file string, fn func(Line) error) (Totals, error) {
	c := cutter{buf: make([]byte, chunkSize), file: file, fn: fn}
	for {
		n, err := c.fill(r)
		if ferr := c.cut(n); ferr != nil {
			return c.totals, ferr
		}
		if err == nil {
			continue
		}
		if ferr := c.last(); ferr != nil {
			return c.totals, ferr
		}
		if err != io.EOF {
			return c.totals, c.explain(err)
		}
		return c.totals, nil
	}
}

// A cutter holds the line being read at the start of buf: held bytes of it, none of them LF, after which dropped bytes
// were thrown away because there were too many.
type cutter struct {
	buf     []byte
	held    int
	dropped int64
	head    []byte   // the stream's, as far as it was read
	at      Position // the last one that was told
	file    string
	fn      func(Line) error
	bulk    func(Batch) error // nil: all lines go to fn
	totals  Totals
}

// fill reads behind what is held: n bytes, at least one or an error.
func (c *cutter) fill(r io.Reader) (n int, err error) {
	for range 100 {
		n, err = r.Read(c.buf[c.held:])
		if n > 0 || err != nil {
			c.keepHead(c.buf[c.held : c.held+n])
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (c *cutter) keepHead(p []byte) {
	if !isWhole(c.head) {
		c.head = extendHead(c.head, p)
	}
}

// cut hands over the lines that n new bytes behind the held ones complete, and holds the rest.
func (c *cutter) cut(n int) error {
	data := c.buf[:c.held+n]
	start, search := 0, c.held
	for {
		if n := c.runLength(data[start:]); n > 0 {
			if err := c.handRun(data[start : start+n]); err != nil {
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
		if err := c.hand(data[start:end], 1, false); err != nil {
			return err
		}
		start, search = end+1, end+1
	}
	c.hold(data[start:])
	return nil
}

// runLength is how much of text, which comes next, can be handed over together.
func (c *cutter) runLength(text []byte) int {
	if nuls, _ := splitHead(c.head); c.bulk == nil || c.dropped > 0 || c.totals.Bytes < nuls+headLength {
		return 0
	}
	return runLength(text)
}

func (c *cutter) handRun(text []byte) error {
	r := Batch{Text: text, File: c.file, Number: c.totals.Lines + 1, Lines: int64(bytes.Count(text, lineFeed))}
	c.totals.Bytes += int64(len(text))
	c.totals.Lines += r.Lines
	r.End = c.position()
	return c.bulk(r)
}

// hold keeps rest, or the first bytes of it that make it known as too long.
func (c *cutter) hold(rest []byte) {
	if more := len(rest) - (MaxLine + 1); more > 0 {
		c.dropped += int64(more)
		rest = rest[:MaxLine+1]
	}
	c.held = copy(c.buf, rest)
}

func (c *cutter) last() error {
	if c.held == 0 {
		return nil
	}
	text := c.buf[:c.held]
	c.held = 0
	return c.hand(text, 0, true)
}

// hand gives text, after which lf bytes of line end came, to fn.
func (c *cutter) hand(text []byte, lf int64, torn bool) error {
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

func (c *cutter) position() Position {
	c.at = c.at.moved(c.totals.Bytes, c.head)
	return c.at
}

// explain says where r failed, unless it was a File, which has said so itself.
func (c *cutter) explain(err error) error {
	if NamesFile(err) {
		return err
	}
	return fmt.Errorf("reading %s at byte %d: %w", c.file, c.totals.Bytes, err)
}
