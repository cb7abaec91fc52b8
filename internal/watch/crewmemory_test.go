package watch

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"

	"exiwatch/internal/report"
)

// TestReplayHoldsNoLog: what a replay holds depends on how many values there are, not on how long the log is.
func TestReplayHoldsNoLog(t *testing.T) {
	log := busyLog(5_000)
	most := func(times int) (most uint64) {
		c := configured(t, "")
		sum := new(report.Summary)
		p, err := NewPipeline(c.Scopes, c.Rules, Listener{Arrival: sum.Arrival, Gather: sum.NewCollector})
		must(t, err)
		readers := make([]io.Reader, times)
		for i := range readers {
			readers[i] = bytes.NewReader(log)
		}
		n := 0
		_, err = p.Replay(t.Context(), []Source{{Name: "-", Stream: io.MultiReader(readers...)}}, time.UTC,
			time.Now(), func(float64) {
				if n++; n%10 == 0 {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
			})
		must(t, err)
		return most
	}
	once, more := most(4), most(24)
	const slack = 8 << 20 // bytes
	if more > once+slack {
		t.Errorf("a log six times as long takes %d bytes where one takes %d", more, once)
	}
	t.Logf("%d and %d bytes", once, more)
}
