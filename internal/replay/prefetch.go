package replay

import (
	"io"
	"sync"
)

// A prefetcher decompresses a log in a goroutine of its own, ahead of its reader: decompressing takes longer than
// parsing.
type prefetcher struct {
	in      io.ReadCloser
	full    chan block // prefetched; closed behind the last
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

// newBuffers makes as many as several logs need that are prefetched together, each by so many blocks, with one more
// that is being filled and one that is being read.
func newBuffers(logs, blocks int) buffers {
	b := make(buffers, logs*(blocks+2))
	for range cap(b) {
		b <- nil
	}
	return b
}

// prefetch starts to read ahead, by so many blocks at most. Closing the prefetcher closes in.
func prefetch(in io.ReadCloser, from buffers, blocks int) *prefetcher {
	f := &prefetcher{in: in, full: make(chan block, blocks), buffers: from, stop: make(chan struct{})}
	f.wait.Go(f.run)
	return f
}

func (f *prefetcher) run() {
	defer close(f.full)
	for b := (block{}); b.err == nil; {
		if b.buf = <-f.buffers; b.buf == nil {
			b.buf = make([]byte, blockSize)
		}
		b.size, b.err = io.ReadFull(f.in, b.buf)
		if b.err == io.ErrUnexpectedEOF {
			b.err = nil // io.EOF comes next
		}
		select {
		case f.full <- b:
		case <-f.stop:
			f.buffers <- b.buf
			return
		}
	}
}

// Read returns what was prefetched.
func (f *prefetcher) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		f.giveBack()
		if f.block.err != nil {
			return 0, f.block.err
		}
		f.block = <-f.full
		f.rest = f.block.buf[:f.block.size]
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *prefetcher) giveBack() {
	if f.block.buf != nil {
		f.buffers <- f.block.buf
		f.block.buf = nil
	}
}

// Close stops reading ahead, waits for that, and closes the log.
func (f *prefetcher) Close() error {
	close(f.stop)
	f.wait.Wait()
	f.giveBack()
	for b := range f.full {
		f.buffers <- b.buf
	}
	return f.in.Close()
}
