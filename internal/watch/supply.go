package watch

import (
	"context"
	"io"

	"exiwatch/tailer"
)

// A supply gives the text of logs, one after the other, in portions.
type supply struct {
	ctx      context.Context
	sources  []Source
	progress func(float64)
	totals   tailer.Totals // of the logs read to their end

	at     int // the source that is read
	in     io.ReadCloser
	done   func() float64
	chunks *tailer.Chunks
}

// next fills p with the next portion. Its error is io.EOF behind the last one, or says what can't be read.
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
				return s.sources[s.at].named(err)
			}
			p.first = true
		}
		p.file = s.sources[s.at].Name
		p.text, err = s.chunks.Next(p.buf)
		if err == nil {
			if s.progress != nil {
				s.progress((float64(s.at) + s.done()) / float64(len(s.sources)))
			}
			return nil
		}
		if err != io.EOF {
			return s.sources[s.at].named(err)
		}
		s.close()
		s.at++
	}
}

func (s *supply) open() (err error) {
	source := &s.sources[s.at]
	if s.in, s.done, err = source.open(); err != nil {
		return err
	}
	s.chunks = tailer.NewChunks(s.in, source.Name)
	return nil
}

// close closes the log that is read.
func (s *supply) close() {
	if s.chunks == nil {
		return
	}
	t := s.chunks.Totals()
	s.totals.Bytes, s.totals.Long = s.totals.Bytes+t.Bytes, s.totals.Long+t.Long
	s.in.Close()
	if pipe := s.sources[s.at].pipe; pipe != nil {
		pipe.Close()
	}
	s.chunks = nil
}
