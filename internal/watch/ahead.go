package watch

import (
	"io"
	"sync"
)

// An ahead reads a log ahead of whoever reads it, in a goroutine of its own: what is compressed takes longer to
// uncompress than to read.
type ahead struct {
	in      io.ReadCloser
	full    chan block // read ahead; closed behind the last
	buffers buffers
	block   block // that is read
	rest    []byte
	stop    chan struct{}
	wait    sync.WaitGroup
}

// A block is a buffer, what was read into it, and the error after that.
type block struct {
	buf  []byte
	size int
	err  error
}

const blockSize = 256 << 10 // bytes

// buffers are used again and again. A nil one is yet to be made.
type buffers chan []byte

// newBuffers makes as many as logs need that are read together, each so many blocks ahead: what waits, one that is
// filled and one that is read.
func newBuffers(logs, blocks int) buffers {
	b := make(buffers, logs*(blocks+2))
	for range cap(b) {
		b <- nil
	}
	return b
}

// readAhead begins to read, up to so many blocks. It closes in when it is closed.
func readAhead(in io.ReadCloser, from buffers, blocks int) *ahead {
	a := &ahead{in: in, full: make(chan block, blocks), buffers: from, stop: make(chan struct{})}
	a.wait.Go(a.run)
	return a
}

func (a *ahead) run() {
	defer close(a.full)
	for b := (block{}); b.err == nil; {
		if b.buf = <-a.buffers; b.buf == nil {
			b.buf = make([]byte, blockSize)
		}
		b.size, b.err = io.ReadFull(a.in, b.buf)
		if b.err == io.ErrUnexpectedEOF {
			b.err = nil // io.EOF comes next
		}
		select {
		case a.full <- b:
		case <-a.stop:
			a.buffers <- b.buf
			return
		}
	}
}

// Read gives what was read ahead.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		a.giveBack()
		if a.block.err != nil {
			return 0, a.block.err
		}
		a.block = <-a.full
		a.rest = a.block.buf[:a.block.size]
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *ahead) giveBack() {
	if a.block.buf != nil {
		a.buffers <- a.block.buf
		a.block.buf = nil
	}
}

// Close waits until nothing is read any more.
func (a *ahead) Close() error {
	close(a.stop)
	a.wait.Wait()
	a.giveBack()
	for b := range a.full {
		a.buffers <- b.buf
	}
	return a.in.Close()
}
