package replay

import (
	"context"
	"io"

	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
)

// A chunkSource gives the text of logs, one after the other, in chunks.
type chunkSource struct {
	ctx      context.Context
	sources  []Source
	looks    []SourceLook // one for each source
	progress func(float64)
	totals   tailer.Totals // of the logs that are closed
	broken   []error       // of the logs that can't be read to their end

	at     int          // the source that is read
	opened []openSource // it and those behind it that are open already
	chunks *tailer.Chunks

	together int // how many logs are decompressed at a time
	ahead    int // blocks of each of them
	buffers  buffers
}

func newChunkSource(ctx context.Context, sources []Source, progress func(float64)) chunkSource {
	looks := make([]SourceLook, len(sources))
	for i := range sources {
		looks[i].Name = sources[i].Name
	}
	s := chunkSource{ctx: ctx, sources: sources, looks: looks, progress: progress}
	s.share(1)
	return s
}

// share shares processors and memory with so many others. Call it before the first chunk.
func (s *chunkSource) share(among int) {
	s.together = max(pipeline.NumWorkers()/among, 1)
	s.ahead = max(maxAhead/among/s.together/blockSize, 1)
	s.buffers = newBuffers(s.together, s.ahead)
}

// An openSource was opened, or could not be.
type openSource struct {
	in   io.ReadCloser
	file *tailer.File // that is read; nil if it is no file
	err  error
}

// done is how much of it was read, from 0 to 1; 0 if that is unknown.
func (b *openSource) done() float64 {
	if b.file == nil {
		return 0
	}
	done, size := b.file.Progress()
	return float64(done) / float64(max(size, 1))
}

// maxAhead bounds what is read ahead of all logs.
const maxAhead = 32 << 20 // bytes

// next fills c with the next chunk. Its error is io.EOF behind the last one, or the context's. Where a log can't be
// read on, the next log follows.
func (s *chunkSource) next(c *pipeline.Chunk) (err error) {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for c.First = false; ; {
		if s.chunks == nil {
			if s.at == len(s.sources) {
				return io.EOF
			}
			if err := s.open(); err != nil {
				s.pass(err)
				continue
			}
			c.First = true
		}
		c.File, c.Source = s.sources[s.at].Name, s.at
		c.Text, err = s.chunks.Next(c.Buf)
		if err == nil {
			if s.progress != nil {
				s.progress((float64(s.at) + s.opened[0].done()) / float64(len(s.sources)))
			}
			return nil
		}
		s.pass(err)
	}
}

// pass goes on to the next log. err says why: io.EOF is the end of this one.
func (s *chunkSource) pass(err error) {
	if err != io.EOF {
		s.broken = append(s.broken, s.sources[s.at].named(err))
		s.looks[s.at].Broken = true
	}
	s.close()
	s.at++
}

// open opens the next source, and starts to decompress the ones behind it, as many as there are workers.
func (s *chunkSource) open() error {
	for i := s.at + len(s.opened); i < min(s.at+s.together, len(s.sources)); i++ {
		source := &s.sources[i]
		if i > s.at && (source.Stream != nil || source.Open != nil) {
			break
		}
		b := source.open()
		if b.file != nil && b.file.Compressed() {
			b.in = prefetch(b.file, s.buffers, s.ahead)
		}
		s.opened = append(s.opened, b)
	}
	if err := s.opened[0].err; err != nil {
		return err
	}
	s.chunks = tailer.NewChunks(s.opened[0].in, s.sources[s.at].Name)
	return nil
}

// close closes the log that is read, or that could not be opened.
func (s *chunkSource) close() {
	if len(s.opened) == 0 {
		return
	}
	if s.chunks != nil {
		t := s.chunks.Totals()
		s.totals.Bytes, s.totals.Long = s.totals.Bytes+t.Bytes, s.totals.Long+t.Long
	}
	s.opened[0].close()
	s.opened = s.opened[1:]
	if pipe := s.sources[s.at].pipe; pipe != nil {
		pipe.Close()
	}
	s.chunks = nil
}

// closeAll closes what is still open when reading ends early.
func (s *chunkSource) closeAll() {
	s.close()
	for _, b := range s.opened {
		b.close()
	}
	s.opened = nil
}

func (b *openSource) close() {
	if b.err == nil {
		b.in.Close()
	}
}
