package watch

import (
	"context"
	"io"
	"runtime"

	"exiwatch/tailer"
)

// A supply gives the text of logs, one after the other, in portions.
type supply struct {
	ctx      context.Context
	sources  []Source
	progress func(float64)
	totals   tailer.Totals // of the logs that are closed
	broken   []error       // of the logs that can't be read to their end

	at     int      // the source that is read
	begun  []*begun // it and those behind it that are open already
	chunks *tailer.Chunks

	together int // how many are uncompressed at the same time
	buffers  buffers
}

func newSupply(ctx context.Context, sources []Source, progress func(float64)) supply {
	together := min(runtime.GOMAXPROCS(0), maxHands)
	return supply{ctx: ctx, sources: sources, progress: progress, together: together,
		buffers: newBuffers(together, maxAhead/together/blockSize)}
}

// A begun source was opened, or that went wrong.
type begun struct {
	in   io.ReadCloser
	done func() float64 // how much of it was read
	err  error
}

// maxAhead bounds what is read ahead of all logs.
const maxAhead = 32 << 20 // bytes

// next fills p with the next portion. Its error is io.EOF behind the last one, or the context's. Where a log can't be
// read on, the next log follows.
func (s *supply) next(p *portion) (err error) {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for p.first = false; ; {
		if s.chunks == nil {
			if s.at == len(s.sources) {
				return io.EOF
			}
			if err := s.open(); err != nil {
				s.pass(err)
				continue
			}
			p.first = true
		}
		p.file, p.nth = s.sources[s.at].Name, s.at
		p.text, err = s.chunks.Next(p.buf)
		if err == nil {
			if s.progress != nil {
				s.progress((float64(s.at) + s.begun[0].done()) / float64(len(s.sources)))
			}
			return nil
		}
		s.pass(err)
	}
}

// pass goes on to the next log. err says why: io.EOF is the end of this one.
func (s *supply) pass(err error) {
	if err != io.EOF {
		s.broken = append(s.broken, s.sources[s.at].named(err))
		s.sources[s.at].broken = true
	}
	s.close()
	s.at++
}

// open opens the source that is next, and begins to uncompress the one behind it, or as many as there are processors
// for.
func (s *supply) open() error {
	for i := s.at + len(s.begun); i < min(s.at+s.together, len(s.sources)); i++ {
		source := &s.sources[i]
		if i > s.at && (source.Stream != nil || source.Open != nil) {
			break
		}
		b := new(begun)
		b.in, b.done, b.err = source.open()
		if f, ok := b.in.(*tailer.File); ok && b.err == nil && f.Compressed() {
			b.in = readAhead(f, s.buffers, maxAhead/s.together/blockSize)
		}
		s.begun = append(s.begun, b)
	}
	if err := s.begun[0].err; err != nil {
		return err
	}
	s.chunks = tailer.NewChunks(s.begun[0].in, s.sources[s.at].Name)
	return nil
}

// close closes the log that is read, or that could not be opened.
func (s *supply) close() {
	if len(s.begun) == 0 {
		return
	}
	if s.chunks != nil {
		t := s.chunks.Totals()
		s.totals.Bytes, s.totals.Long = s.totals.Bytes+t.Bytes, s.totals.Long+t.Long
	}
	s.begun[0].close()
	s.begun = s.begun[1:]
	if pipe := s.sources[s.at].pipe; pipe != nil {
		pipe.Close()
	}
	s.chunks = nil
}

// closeAll closes what is open, before the end.
func (s *supply) closeAll() {
	s.close()
	for _, b := range s.begun {
		b.close()
	}
	s.begun = nil
}

func (b *begun) close() {
	if b.err == nil {
		b.in.Close()
	}
}
