package daemon

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/follow"
	"exiwatch/internal/metrics"
	"exiwatch/internal/readsocket"
	"exiwatch/tailer"
)

// selfStats are what the daemon counts of itself, for metrics.
type selfStats struct {
	began   time.Time        // by the wall clock
	catchUp time.Duration    // how long that took; 0: there was none, or it isn't over
	opened  map[string]int64 // alerts by rule, as Rule.String has it
	skipped int64            // files of logs that were left out

	mu    sync.Mutex
	last  statsSnapshot // when the counters were asked last
	stale int64         // how often they had no time
}

func (s *selfStats) begin(now time.Time) { s.began, s.opened = now, make(map[string]int64) }

// A statsSnapshot has of the metrics what only the owner of the counters knows, and of each log what the rest needs.
type statsSnapshot struct {
	metrics.Snapshot
	ends []tailer.Position // of the last line that was read
	last []time.Time       // when a line was read last, or when the daemon began
}

// count reads the counters: meanwhile nothing is counted.
func (d *Daemon) count() (c statsSnapshot) {
	t := &d.tally
	c.Arrivals, c.Malformed, c.Overflowed = t.Arrivals, t.Malformed, t.Overflowed
	c.Suspicious, c.Injected = t.Suspicious, t.Injected
	c.Silences = d.outbox.limiter.silences.len()
	c.Skipped, c.Rebuild, c.Unspooled = d.stats.skipped, d.stats.catchUp, d.outbox.unspooled()
	for i, name := range ruleNames(d.Config.Rules) {
		c.Rules = append(c.Rules, metrics.Rule{Name: name, Opened: d.stats.opened[d.Config.Rules[i].String()]})
	}
	for _, l := range d.logs {
		c.Lines += l.Stats.Lines
		c.Bytes += l.Stats.Bytes
		c.Logs = append(c.Logs, metrics.Log{
			Path:          strings.ToValidUTF8(l.Path, "\ufffd"),
			NotUnderstood: l.Judged.NotUnderstood(), Foreign: l.Judged.Foreign,
		})
		c.ends, c.last = append(c.ends, l.Seen), append(c.last, cmp.Or(l.Stats.Last, d.stats.began))
		if l.CatchingUp() {
			c.Rebuild = d.now().Sub(d.stats.began)
		}
		for _, p := range l.Pipeline.Hosts() {
			c.Incidents += p.Counters().OpenIncidents()
			for i, h := range p.Counters().RuleStats() {
				c.Rules[i].Keys += h.Keys
				c.Rules[i].Open += h.Open
			}
		}
		c.Lost.Add(l.Pipeline.Stats())
	}
	return c
}

// countTime is how long a scrape waits for its turn at the counters, which comes after a batch of lines.
const countTime = time.Second

// recount counts anew; if the counters are busy, it returns the last result.
func (d *Daemon) recount(ctx context.Context) statsSnapshot {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	var c statsSnapshot
	err := d.counters.with(ctx, func() { c = d.count() })
	s := &d.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.stale++
		c = s.last
	}
	s.last, c.Stale = c, s.stale
	return c
}

// snapshot is called by several goroutines at a time. Except for count, it keeps nobody from counting.
func (d *Daemon) snapshot(ctx context.Context) metrics.Snapshot {
	c := d.recount(ctx)
	now := d.now()
	c.Logs = slices.Clone(c.Logs)
	for i := range c.Logs {
		c.Logs[i].Behind = follow.UnreadBytes(d.logs[i].Path, d.Config.CycledTo, c.ends[i])
		c.Logs[i].Idle = now.Sub(c.last[i])
	}
	for _, one := range d.outbox.channels {
		c.Channels = append(c.Channels, one.stats(now))
	}
	if d.socket != nil {
		c.Socket = d.socket.stats()
	}
	c.Fleet = d.fleetStats(now)
	return c.Snapshot
}

// stats are what became of the channel's notifications.
func (c *channel) stats(now time.Time) metrics.Channel {
	waiting, since := c.spool.Waiting()
	m := metrics.Channel{
		Name: c.name, Waiting: waiting,
		Sent: c.sent.Load(), Partly: c.partly.Load(), Deferred: c.deferred.Load(), Refused: c.refused.Load(),
	}
	if waiting > 0 {
		m.Oldest = max(now.Sub(since), 0)
	}
	return m
}

// stats are what was asked on the socket.
func (s *socketServer) stats() *metrics.SocketStats {
	now := s.server.Stats()
	m := &metrics.SocketStats{
		Answers: make(map[string]int64), Refused: now.Refused,
		Seconds: now.Took.Seconds(), Within: make(map[float64]uint64),
	}
	for i, n := range now.Answers {
		m.Answers[readsocket.Answer(i).String()] = n
	}
	for i, n := range now.Within {
		m.Within[readsocket.Latencies[i].Seconds()] = uint64(n)
	}
	return m
}

// listenPause is how long to wait before trying a taken port again. On a shared host anybody can take one: that must
// not stop the daemon.
const listenPause = 2 * time.Second

// serveMetrics serves them until ctx ends.
func (d *Daemon) serveMetrics(ctx context.Context) {
	handler := metrics.Handler(d.Version, func() metrics.Snapshot { return d.snapshot(ctx) }, d.Log)
	told := ""
	for ctx.Err() == nil {
		l, err := net.Listen("tcp", d.Config.Metrics.String())
		if err == nil {
			d.Log.Info("metrics are served", "address", l.Addr().String())
			told, err = "", metrics.Serve(ctx, l, handler)
		}
		if err == nil {
			return
		}
		if text := err.Error(); text != told {
			told = text
			d.Log.Error("metrics can't be served: it is tried again", "error", err)
		}
		select {
		case <-time.After(listenPause):
		case <-ctx.Done():
		}
	}
}
