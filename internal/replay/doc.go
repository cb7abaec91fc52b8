// Package replay reads finished logs through a pipeline, in parallel and faster than a disk gives them: a chunkSource
// cuts logs into chunks, decompressing ahead; the workers of a workerPool parse chunks side by side, and apply them in
// order. So the pipeline tells what one reader would tell, byte for byte.
package replay
