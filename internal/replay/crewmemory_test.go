package replay

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
)

// TestReplayHoldsNoLog: what a replay holds depends on how many values there are, not on how long the log is.
func TestReplayHoldsNoLog(t *testing.T) {
	log := testkit.BusyLog(5_000)
	most := func(times int) (most uint64) {
		c := configtest.Parse(t, "")
		sum := new(report.Summary)
		p, err := pipeline.New(c.Scopes, c.Rules,
			pipeline.Listener{Arrival: sum.Arrival, NewCollector: sum.NewCollector})
		testkit.Must(t, err)
		readers := make([]io.Reader, times)
		for i := range readers {
			readers[i] = bytes.NewReader(log)
		}
		n := 0
		_, err = Run(t.Context(), p, []Source{{Name: "-", Stream: io.MultiReader(readers...)}}, time.UTC,
			time.Now(), func(float64) {
				if n++; n%10 == 0 {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
			})
		testkit.Must(t, err)
		return most
	}
	once, more := most(4), most(24)
	const slack = 8 << 20 // bytes
	if more > once+slack {
		t.Errorf("a log six times as long takes %d bytes where one takes %d", more, once)
	}
	t.Logf("%d and %d bytes", once, more)
}
