package daemon

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

// TestWatchdogNeedsEveryLog: one log that is read doesn't make up for another that isn't.
func TestWatchdogNeedsEveryLog(t *testing.T) {
	for name, c := range map[string]struct {
		logs  int
		alive []int
		beats int
	}{
		"one log":                 {1, []int{0, 0}, 2},
		"of two logs one is read": {2, []int{0, 0, 0}, 0},
		"two logs":                {2, []int{0, 1, 1, 0}, 2},
	} {
		beats := 0
		w := watchdog{beat: func() { beats++ }, heard: make(map[int]bool), logs: c.logs}
		for _, log := range c.alive {
			w.alive(log)
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
			testkit.Append(t, log, testkit.Sentinel("alice", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), 20))
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
