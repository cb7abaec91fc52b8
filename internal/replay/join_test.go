package replay

import (
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/pipeline/pipelinetest"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPoolJoinsAsOneReader: whatever chunks a log is read in, its delivery lines do the same.
func TestPoolJoinsAsOneReader(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		text := pipelinetest.DrawDeliveryConfig(t)
		c, err := config.Parse("test.toml", []byte(text))
		testkit.Must(t, err)
		log := pipelinetest.DrawDeliveryLog(t, rapid.SampledFrom([]int{5, 20, 60, 120}).Draw(t, "lines"))
		fates, wrapped := rapid.Bool().Draw(t, "fates"), rapid.Bool().Draw(t, "wrapped")
		var b strings.Builder
		for i := range log {
			if wrapped {
				b.WriteString("Nov 23 10:00:00 " + rapid.SampledFrom([]string{"mx1", "mx1", "mx2"}).Draw(t, "host") + " exim[1]: ")
			}
			b.WriteString(log[i].Text + "\n")
		}
		one, many := newJoined(t, &c, fates), newJoined(t, &c, fates)
		r := one.pipeline.Reader(time.UTC, now)
		n := int64(0)
		for line := range strings.Lines(b.String()) {
			n++
			r.Line(parser.Place{File: "0", Line: n}, []byte(strings.TrimSuffix(line, "\n")))
		}
		r.Flush()
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{1, 300, 3000, 1 << 17}), 1, 4).Draw(t, "chunks")
		sources := []Source{{Name: "0", Stream: strings.NewReader(b.String())}}
		_, err = newWorkerPool(t.Context(), many.pipeline, sources, sizes, time.UTC, now, nil).run()
		testkit.Must(t, err)
		if diff := cmp.Diff(one.end(), many.end()); diff != "" {
			t.Fatalf("of\n%s\n%s\nthe pool tells (-one reader +pool):\n%s", text, &b, diff)
		}
	})
}

// A joined is a pipeline, and what it tells.
type joined struct {
	pipelinetest.Transcript
	pipeline *pipeline.Pipeline
	alerts   []*window.Alert
}

func newJoined(t *rapid.T, c *config.Config, fates bool) *joined {
	j := &joined{}
	listener := j.Listener()
	tell := listener.Opened
	listener.Opened = func(all []*window.Alert) {
		j.alerts = append(j.alerts, all...)
		tell(all)
	}
	listener.AllKeys = false
	if fates {
		listener.Fate = func(w *window.Arrival) { listener.Counted(w) }
	}
	var err error
	j.pipeline, err = pipeline.New(c.Scopes, c.Rules, listener)
	testkit.Must(t, err)
	return j
}

// end tells how the alerts are at the end of the log, too.
func (j *joined) end() string {
	j.Listener().Opened(j.alerts)
	return j.String()
}
