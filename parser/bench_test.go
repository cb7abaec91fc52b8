package parser

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// fixture gives the lines of a log that Exim wrote.
func fixture(tb testing.TB, keep func([]byte) bool) [][]byte {
	tb.Helper()
	b, err := os.ReadFile("../fixtures/logs/cpanel.log")
	if err != nil {
		tb.Fatal(err)
	}
	var lines [][]byte
	for line := range bytes.SplitSeq(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) {
		if keep(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

func isNoArrival(line []byte) bool  { _, ok := looksLikeArrival(line); return !ok }
func isAnyArrival(line []byte) bool { _, ok := looksLikeArrival(line); return ok }
func isAny([]byte) bool             { return true }

func BenchmarkLines(b *testing.B) {
	for _, kind := range []struct {
		name string
		keep func([]byte) bool
	}{{"no arrivals", isNoArrival}, {"arrivals", isAnyArrival}, {"all", isAny}} {
		b.Run(kind.name, func(b *testing.B) {
			lines := fixture(b, kind.keep)
			size := 0
			for _, line := range lines {
				size += len(line) + 1
			}
			r := NewReader(time.UTC, time.Time{}, func(*Entry) {})
			b.ReportAllocs()
			b.SetBytes(int64(size / len(lines)))
			i := 0
			for b.Loop() {
				r.Line(Place{"mainlog", int64(i)}, lines[i])
				if i++; i == len(lines) {
					i = 0
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// TestNothingIsAllocated: neither for lines that are no arrivals nor, once the buffers have grown, for arrivals.
func TestNothingIsAllocated(t *testing.T) {
	lines := fixture(t, func(line []byte) bool { return bytes.Count(line, []byte(" S=")) < 2 }) // others may be held
	r := NewReader(time.UTC, time.Time{}, func(*Entry) {})
	allocs := testing.AllocsPerRun(20, func() {
		for i, line := range lines {
			r.Line(Place{"mainlog", int64(i)}, line)
		}
	})
	if allocs > 0 {
		t.Errorf("%.0f allocations for %d lines, want none", allocs, len(lines))
	}
}
