package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"exiwatch/internal/redistest"
)

// TestMemoryOfAnEntry: what Redis needs for a batch besides its bytes. Compressed, an arrival is 40 to 90 bytes.
// MEMORY USAGE guesses the index of a stream, so the server's whole memory is compared, too. Most of it is room that
// the allocator leaves at the end of each node of a stream (stream-node-max-bytes).
func TestMemoryOfAnEntry(t *testing.T) {
	slow(t)
	server := redistest.Start(t)
	c := connected(t, server)
	ctx := context.Background()
	const entries = 5000
	used := func() (n float64) {
		_, after, _ := strings.Cut(server.Do("info", "memory").(string), "used_memory:")
		fmt.Sscan(after, &n)
		return n
	}
	for i := range uint64(entries) { // makes room for connections and scripts
		_, err := c.Append(ctx, "mx", batchOf(ID{0, i}, ID{0, i + 1}))
		must(t, err)
	}
	for _, test := range []struct {
		arrivals, each int
		most           float64 // bytes besides its own for an entry
	}{{1, 60, 110}, {10, 40, 90}, {10, 60, 130}, {10, 90, 190}, {50, 60, 180}, {200, 60, 500}} {
		stream := fmt.Sprintf("mx%d-%d", test.arrivals, test.each)
		batch := make([]byte, test.arrivals*test.each) // as random as what is compressed
		rand.Read(batch)
		before := used()
		step := 250 * uint64(test.arrivals) // bytes of a log, with the other lines about a message
		for i := range uint64(entries) {
			_, err := c.Append(ctx, stream, Append{After: ID{0, step * i}, ID: ID{0, step * (i + 1)}, Batch: batch})
			must(t, err)
		}
		entry := (used()-before)/entries - float64(len(batch))
		told, err := c.redis.MemoryUsage(ctx, c.streamKey(stream, "log"), 0).Result()
		must(t, err)
		t.Logf("a batch of %d arrivals and %d bytes needs %.1f bytes more (%.1f by MEMORY USAGE), %.1f in all an arrival",
			test.arrivals, len(batch), entry, float64(told)/entries-float64(len(batch)),
			(entry+float64(len(batch)))/float64(test.arrivals))
		if entry > test.most {
			t.Errorf("that is more than %.0f bytes", test.most)
		}
	}
}

// BenchmarkAppend is one batch of 10 arrivals, over loopback.
func BenchmarkAppend(b *testing.B) {
	c := connected(b, redistest.Start(b))
	batch := make([]byte, 600)
	for i := uint64(0); b.Loop(); i++ {
		if _, err := c.Append(context.Background(), "mx1", Append{After: ID{0, i}, ID: ID{0, i + 1}, Batch: batch,
			Untils: blob(`{"mx1":1790000000}`), Resume: blob(`{"offset":1234567890}`)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPoll is a look at 10 streams with a batch each.
func BenchmarkPoll(b *testing.B) {
	c := connected(b, redistest.Start(b))
	var cursors []Cursor
	for i := range 10 {
		cursors = append(cursors, Cursor{Stream: fmt.Sprint("mx", i)})
		_, err := c.Append(context.Background(), cursors[i].Stream, Append{ID: ID{0, 1}, Batch: make([]byte, 600)})
		must(b, err)
	}
	for b.Loop() {
		if polled, err := c.Poll(context.Background(), cursors, 100); err != nil || len(polled) != 10 {
			b.Fatal(err)
		}
	}
}
