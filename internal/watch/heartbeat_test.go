package watch

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
	"exiwatch/tailer"
)

// TestHeartbeatNeedsEveryLog: one log that is read doesn't make up for another that isn't.
func TestHeartbeatNeedsEveryLog(t *testing.T) {
	now := time.Now()
	read := func(log int) *batch { return &batch{log: log, lines: make([]line, 1)} }
	atEnd := func(log int) *batch { return &batch{log: log, quiet: true, end: now} }
	blind := func(log int) *batch { return &batch{log: log, quiet: true} }
	for name, c := range map[string]struct {
		logs    int
		batches []*batch
		beats   int
	}{
		"one log, read":                 {1, []*batch{read(0), read(0)}, 2},
		"one log, at its end":           {1, []*batch{atEnd(0), atEnd(0)}, 2},
		"one log, not to be seen":       {1, []*batch{blind(0), blind(0)}, 0},
		"one log, waited for":           {1, []*batch{blind(0), blind(0)}, 2},
		"of two logs one is read":       {2, []*batch{read(0), read(0), atEnd(0)}, 0},
		"two logs":                      {2, []*batch{read(0), atEnd(1), atEnd(1), read(0)}, 2},
		"of two logs one can't be seen": {2, []*batch{read(0), blind(1), read(0)}, 0},
	} {
		beats := 0
		h := newHeartbeat(func() { beats++ }, c.logs)
		for _, b := range c.batches {
			h.counted(b, name == "one log, waited for")
		}
		if beats != c.beats {
			t.Errorf("%s: %d beats, want %d", name, beats, c.beats)
		}
	}
}

// A stall makes whoever logs a message of the daemon wait: a real hang of the goroutine that it comes from.
type stall struct {
	slog.Handler
	message string
	entered chan struct{}
	release chan struct{}
}

func (s *stall) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == s.message {
		select {
		case s.entered <- struct{}{}:
			<-s.release
		case <-s.release:
		}
	}
	return s.Handler.Handle(ctx, r)
}

// TestHangingReaderDoesNotBeat: neither does a hanging owner of the counters; both beat again when they go on.
func TestHangingReaderDoesNotBeat(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		provoke func(t *testing.T, log string)
	}{
		"reader": {"following the log", func(t *testing.T, log string) { testkit.Must(t, os.Remove(log)) }},
		"owner": {"alert", func(t *testing.T, log string) {
			testkit.Append(t, log, sentinel("alice", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), 20))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "mainlog")
			testkit.Append(t, log, "")
			var beats atomic.Int64
			s := &stall{message: c.message, entered: make(chan struct{}), release: make(chan struct{})}
			conf := configtest.Parse(t, fmt.Sprintf("log = %q", log))
			conf.State = t.TempDir()
			w := goOn(t, conf, false, &post{}, func(d *Daemon) {
				s.Handler = d.Log.Handler()
				d.Log = slog.New(s)
				d.Beat = func() { beats.Add(1) }
			})
			w.until("beats of a quiet log", func() bool { return beats.Load() >= 2 })

			c.provoke(t, log)
			<-s.entered
			// The owner takes at most the batch that it is about to be handed.
			before := beats.Load() + 1
			tick := time.NewTicker(tailer.DefaultTick)
			defer tick.Stop()
			for range 5 {
				<-tick.C
			}
			if after := beats.Load(); after > before {
				t.Errorf("%d beats while the %s hung, want at most %d", after, name, before)
			}
			close(s.release)
			testkit.Append(t, log, "")
			w.until("beats after the hang", func() bool { return beats.Load() > before+1 })
		})
	}
}
