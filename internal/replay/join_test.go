package replay

import (
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
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

// TestPoolAppliesEarlyLinesFirst: a cut-through delivery stands before its arrival, also where nobody waits for lines.
func TestPoolAppliesEarlyLinesFirst(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nkey = \"account\"\nlimit = 1\nwindow = \"5m\"\n")
	var opened *window.Alert
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{Opened: func(all []*window.Alert) { opened = all[0] }})
	testkit.Must(t, err)
	const log = `2026-11-20 10:00:00 1xV001-000000-00 <= v@lab.test U=web P=local S=5
2026-11-20 10:00:00 1xV001-000001-01 >> x@far.test R=r T=t H=h [203.0.113.1]
2026-11-20 10:00:00 1xV001-000001-01 <= u@lab.test U=joe P=local S=5
2026-11-20 10:00:01 1xV001-000002-02 <= u@lab.test U=joe P=local S=5
`
	sources := []Source{{Name: "0", Stream: strings.NewReader(log)}}
	_, err = newWorkerPool(t.Context(), p, sources, []int{1 << 17}, time.UTC, time.Now(), nil).run()
	testkit.Must(t, err)
	if opened == nil || opened.Fates.Delivered != 1 {
		t.Errorf("the alert is %+v, want one with 1 recipient delivered", opened)
	}
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
