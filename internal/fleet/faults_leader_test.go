package fleet

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/engine"
)

// A slowEngine holds polls up for a while, as counting very much does.
type slowEngine struct {
	leaderEngine
	slow     atomic.Bool
	released chan struct{}
	commits  atomic.Int64
	largest  atomic.Int64 // bytes of one value of an open alert
}

func (s *slowEngine) Poll(ctx context.Context, cursors []engine.Cursor, most int) ([]engine.Polled, error) {
	if s.slow.Load() {
		select {
		case <-s.released:
		case <-ctx.Done():
		}
	}
	return s.leaderEngine.Poll(ctx, cursors, most)
}

func (s *slowEngine) Commit(ctx context.Context, c engine.Commit) ([]bool, int64, error) {
	for _, blob := range c.Put {
		s.largest.Store(max(s.largest.Load(), int64(len(blob))))
	}
	s.commits.Add(1)
	return s.leaderEngine.Commit(ctx, c)
}

// TestLeaseIsRenewedWhileCounting: a leader that counts for longer than the lease goes on leading. A prototype renewed
// in the goroutine that counts, and two leaders took turns.
func TestLeaseIsRenewedWhileCounting(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 2, 100, straight)
	slow := &slowEngine{leaderEngine: f.client(), released: make(chan struct{})}
	f.wrap = func(leaderEngine) leaderEngine { return slow }
	f.lead("mx0", 10*time.Second)
	f.until("leader", f.leader.leads.Load)
	first := f.leader
	f.wrap = nil
	slow.slow.Store(true)
	f.lead("mx1", 10*time.Second)
	end := time.Now().Add(engine.Lease + renewPause)
	f.until("end of a lease", func() bool { return time.Now().After(end) })
	if !first.leads.Load() || f.leader.leads.Load() {
		t.Error("the leader has lost its lease while it counted")
	}
	close(slow.released)
	slow.slow.Store(false)
	f.finish()
}

// TestTokensAreOfOneTerm: two processes never have one token, whatever their hosts are called. A prototype used the
// host's name, and both led.
func TestTokensAreOfOneTerm(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 2, 10, straight)
	f.lead("mx0", 10*time.Second)
	first := f.leader
	f.until("leader", first.leads.Load)
	f.lead("mx0", 10*time.Second) // a clone of the machine
	for range 20 {
		if f.leader.leads.Load() {
			t.Fatal("two leaders of one name lead")
		}
		f.all(firstSecond + 10)
		f.until("commit", func() bool { return f.counted() >= firstSecond })
	}
}

// TestOpenAlertsAreValuesOfTheirOwn: with many open alerts no value in the engine becomes large. A prototype wrote them
// together, 10 MB each second.
func TestOpenAlertsAreValuesOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 2, 0, straight)
	const accounts, each = 300, 25
	for n := range accounts * each {
		f.hosts[n%2].addFor(n/2%accounts, firstSecond+int64(n*60/(accounts*each)))
	}
	slow := &slowEngine{leaderEngine: f.client(), released: make(chan struct{})}
	f.wrap = func(leaderEngine) leaderEngine { return slow }
	stop := f.lead("mx0", 10*time.Second)
	end := f.latest() + 1 // the alerts are open there
	f.until("end of the records", func() bool {
		f.all(end)
		return f.counted() >= end
	})
	f.until("commit of open alerts", func() bool {
		f.all(end + 2*endMargin) // what is open at the end can't change any more
		return slow.largest.Load() > 0
	})
	if open := len(f.leader.last.counter.Open()); stop() == nil || open < accounts {
		t.Errorf("%d open alerts, want %d at least", open, accounts)
	}
	if largest := slow.largest.Load(); largest > 10_000 {
		t.Errorf("a value of %d bytes, want one alert's", largest)
	}
}
