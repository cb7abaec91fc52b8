package main

import (
	"context"
	"runtime/debug"

	"exiwatch/internal/watch"
	"exiwatch/tailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// A reading is the logs that are read, once or several times.
type reading struct {
	*selection
	logs  [][]watch.Source
	bar   *progress
	begin func(log int) error // is told each log before it is read, by its place in logs; may be nil
}

// reading finds the logs. The bar is to be ended.
func (s *selection) reading(cmd *cobra.Command, files []string) (*reading, error) {
	logs, err := s.logs(cmd.Context(), files, cmd.InOrStdin())
	if err != nil {
		return nil, logError(err)
	}
	return &reading{selection: s, logs: logs, bar: newProgress(cmd.ErrOrStderr())}, nil
}

// garbage is how much of it may lie about, in percent of what is held: that grows slowly, and has few pointers to follow.
const garbage = 50

// pass reads the logs through a pipeline. A listener without a Keep gets what is selected.
func (r *reading) pass(ctx context.Context, rules []window.Rule, listener watch.Listener) (all tailer.Totals, err error) {
	if listener.Keep == nil {
		listener.Keep = r.keep
	}
	if r.looks == nil {
		listener.Looked = func(l watch.Look) { r.looks = append(r.looks, l) }
	}
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	p, err := watch.NewPipeline(r.settings.Scopes, rules, listener)
	if err != nil {
		return all, err
	}
	p.Trust(watch.Key(r.settings.State))
	for i, sources := range r.logs {
		if i > 0 {
			if p, err = p.Another(sources[0].Name); err != nil {
				return all, err
			}
		}
		if r.begin != nil {
			if err := r.begin(i); err != nil {
				return all, err
			}
		}
		share := func(done float64) { r.bar.show((float64(i) + done) / float64(len(r.logs))) }
		totals, err := p.Replay(ctx, sources, r.settings.Zone, r.now, share)
		if err != nil {
			return all, logError(err)
		}
		all.Lines, all.Bytes, all.Long = all.Lines+totals.Lines, all.Bytes+totals.Bytes, all.Long+totals.Long
	}
	return all, nil
}
