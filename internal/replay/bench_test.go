package replay

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
)

// BenchmarkReplay reads a log with the default rule and all rankings.
func BenchmarkReplay(b *testing.B) {
	log := testkit.BusyLog(200_000)
	path := filepath.Join(b.TempDir(), "mainlog")
	if err := os.WriteFile(path, log, 0o600); err != nil {
		b.Fatal(err)
	}
	for name, open := range map[string]func() Source{
		"file":   func() Source { return Source{Name: path} },
		"stream": func() Source { return Source{Name: "-", Stream: bytes.NewReader(log)} },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			b.ReportAllocs()
			for b.Loop() {
				sum := new(report.Summary)
				p := newPipeline(b, pipeline.Listener{
					AllKeys: true, Arrival: sum.Arrival, NewCollector: sum.NewCollector,
					Other: sum.Other, Opened: sum.Opened, Grew: sum.Grew,
				})
				if _, err := Run(b.Context(), p, []Source{open()}, time.UTC, time.Now(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func newPipeline(b *testing.B, listener pipeline.Listener) *pipeline.Pipeline {
	b.Helper()
	c := config.Default()
	p, err := pipeline.New(c.Scopes, c.Rules, listener)
	if err != nil {
		b.Fatal(err)
	}
	return p
}
