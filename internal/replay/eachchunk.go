package replay

import (
	"context"
	"io"
	"time"

	"exiwatch/internal/pipeline"
)

// EachChunk gives visit the text of finished logs, whole lines at a time, in the order of Run. A chunk is good until
// visit returns. The error, the looks and progress are those of Run, but a look says only whether its source is broken.
func EachChunk(ctx context.Context, sources []Source, zone *time.Location, now time.Time, progress func(float64),
	visit func(*pipeline.Chunk)) ([]SourceLook, error) {
	chunks := newChunkSource(ctx, inOrder(sources, zone, now), progress)
	defer chunks.closeAll()
	c := pipeline.Chunk{Buf: make([]byte, chunkSize)}
	for {
		switch err := chunks.next(&c); {
		case err == io.EOF && chunks.broken != nil:
			return chunks.looks, &BrokenLogs{chunks.broken}
		case err == io.EOF:
			return chunks.looks, nil
		case err != nil:
			return chunks.looks, err
		}
		visit(&c)
	}
}
