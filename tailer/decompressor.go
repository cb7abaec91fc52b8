package tailer

import (
	"bytes"
	"fmt"
	"io"
)

// A decompressor reads a compressed segment once, from its first byte to its end.
type decompressor struct {
	stored *fileReader
	stream *stream // nil until the first read: uncompressing takes memory
	lineScanner
	done bool // read to its end, or to where it is broken
	// failedAt is where the file could not be read. The next attempt begins there, as uncompressing takes time.
	failedAt int64
}

// readCompressed hands over the lines of the first segment's next chunk, except those before its offset. It returns
// false at the end.
func (c *followLoop) readCompressed(s *segment) (more bool, err error) {
	p := s.decompressor
	if p.done {
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
		failed, p.failedAt = p.stored.failed, p.stored.at
		p.close()
		return c.readFailed(s, s.wrapError(failed, p.failedAt)), nil
	}
	c.readSucceeded(s)
	if err := p.split(n); err != nil || failed == nil {
		return true, err
	}
	p.close()
	p.done = true
	if failed != io.EOF {
		c.report(s.path, fmt.Errorf("%w: passing over the rest of it", failed))
	}
	return false, p.emitLast()
}

// open begins to read s, if that hasn't been done.
func (p *decompressor) open(s *segment, c *followLoop) (err error) {
	if p.stream != nil {
		return nil
	}
	p.stored = &fileReader{file: s.file}
	if p.failedAt > 0 {
		p.stored.at = p.failedAt
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
	p.lineScanner = lineScanner{buf: make([]byte, chunkSize), file: s.path, fn: func(line Line) error {
		handed(&line.End)
		return c.emit(line)
	}}
	if c.Bulk != nil {
		p.bulk = func(run Batch) error {
			handed(&run.End)
			return c.emitBatch(run)
		}
	}
	p.stream, err = newStream(p.stored, s.path)
	return err
}

func (p *decompressor) close() {
	if p.stream != nil {
		p.stream.Close()
	}
	p.stream, p.stored = nil, nil
}

// skip passes over what lies before offset, at most a chunk, and counts its lines.
func (c *lineScanner) skip(r io.Reader, offset int64) error {
	n, err := r.Read(c.buf[:min(int64(len(c.buf)), offset-c.totals.Bytes)])
	c.keepHead(c.buf[:n])
	c.totals.Bytes += int64(n)
	c.totals.Lines += int64(bytes.Count(c.buf[:n], lineFeed))
	return err
}
