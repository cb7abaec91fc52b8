package tailer

import (
	"bytes"
	"fmt"
	"io"
)

// packed is how a compressed segment is read: once, from its first byte to its end.
type packed struct {
	stored *source
	stream *stream // nil until the first read: uncompressing takes memory
	cutter
	over bool // read to its end, or to where it is broken
	// broke is where the file couldn't be read on, which is tried first: to uncompress up to there takes time.
	broke int64
}

// unpack hands over the lines of the next chunk of the first segment, which is compressed, but for those before its
// offset; false is its end.
func (c *chase) unpack(s *segment) (more bool, err error) {
	p := s.packed
	if p.over {
		return false, nil
	}
	var n int
	failed := p.open(s, c)
	switch {
	case failed != nil:
	case p.totals.Bytes < s.offset:
		failed = p.skip(p.stream, s.offset)
	default:
		n, failed = p.fill(p.stream)
	}
	if p.stored != nil && p.stored.failed != nil {
		failed, p.broke = p.stored.failed, p.stored.at
		p.close()
		return c.stop(s, s.explain(failed, p.broke)), nil
	}
	c.goOn(s)
	if err := p.cut(n); err != nil || failed == nil {
		return true, err
	}
	p.close()
	p.over = true
	if failed != io.EOF {
		c.tell(s.path, fmt.Errorf("%w: passing over the rest of it", failed))
	}
	return false, p.last()
}

// open begins to read s, if that hasn't been done.
func (p *packed) open(s *segment, c *chase) (err error) {
	if p.stream != nil {
		return nil
	}
	p.stored = fromStart(s.file)
	if p.broke > 0 {
		p.stored.at = p.broke
		p.stored.Read(make([]byte, 1))
		if p.stored.failed != nil {
			return p.stored.failed
		}
		p.stored.at = 0
	}
	handed := func(end *Position) {
		end.Device, end.Inode = s.device, s.inode
		s.offset, s.head = end.Offset, p.head
	}
	p.cutter = cutter{buf: make([]byte, chunkSize), file: s.path, fn: func(line Line) error {
		handed(&line.End)
		return c.hand(line)
	}}
	if c.Bulk != nil {
		p.bulk = func(run Batch) error {
			handed(&run.End)
			return c.handRun(run)
		}
	}
	p.stream, err = newStream(p.stored, s.path)
	return err
}

func (p *packed) close() {
	if p.stream != nil {
		p.stream.Close()
	}
	p.stream, p.stored = nil, nil
}

// skip passes over what lies before offset, a chunk at most, and counts its lines.
func (c *cutter) skip(r io.Reader, offset int64) error {
	n, err := r.Read(c.buf[:min(int64(len(c.buf)), offset-c.totals.Bytes)])
	c.keepHead(c.buf[:n])
	c.totals.Bytes += int64(n)
	c.totals.Lines += int64(bytes.Count(c.buf[:n], []byte{'\n'}))
	return err
}
