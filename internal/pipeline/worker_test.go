package pipeline

import (
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/testkit"
)

// BenchmarkCount is what the sequential part takes of each arrival.
func BenchmarkCount(b *testing.B) {
	p := pipelineFor(b, Listener{})
	w := p.NewWorker(time.UTC, time.Now())
	w.Text = testkit.BusyLog(100_000)
	w.Read()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i == len(w.parsed) {
			i = 0
		}
		f := &w.parsed[i]
		p.apply(&f.arrival, &f.values, f.verdict)
	}
}

func pipelineFor(b *testing.B, listener Listener) *Pipeline {
	b.Helper()
	c := config.Default()
	p, err := New(c.Scopes, c.Rules, listener)
	if err != nil {
		b.Fatal(err)
	}
	return p
}
