package daemon

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"exiwatch/internal/follow"
	"exiwatch/internal/metrics"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/report"
	"exiwatch/mailer/spool"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// selfStats are what the daemon counts of itself, for metrics.
type selfStats struct {
	began   time.Time        // by the wall clock
	catchUp time.Duration    // how long that took; 0: there was none, or it isn't over
	opened  map[string]int64 // alerts by rule, as Rule.String has it
	skipped int64            // files of logs that were left out

	deliveries map[string]*deliveries // by channel

	mu    sync.Mutex
	last  statsSnapshot // when the counters were asked last
	stale int64         // how often they had no time
}

func (s *selfStats) begin(now time.Time) {
	s.began, s.opened = now, make(map[string]int64)
	s.deliveries = map[string]*deliveries{mailChannel: {}, hookChannel: {}, webhookChannel: {}}
}

// deliveries are attempts by what came of them. Any goroutine counts.
type deliveries struct{ sent, partly, deferred, refused atomic.Int64 }

func (d *deliveries) note(e spool.Result) {
	switch {
	case e.Err == nil:
		d.sent.Add(1)
	case e.Sent:
		d.partly.Add(1)
	case e.Kept != "":
		d.refused.Add(1)
	default:
		d.deferred.Add(1)
	}
}

// A statsSnapshot is what only the owner of the counters knows.
type statsSnapshot struct {
	tally     report.Tally
	logs      []follow.LineCounts
	ends      []tailer.Position // of the last line that was read of each log
	judged    []parser.Judgement
	rules     []metrics.Rule
	lost      window.Stats
	unspooled int
	skipped   int64
	catchUp   time.Duration
}

// count reads the counters: meanwhile nothing is counted.
func (d *Daemon) count() statsSnapshot {
	c := statsSnapshot{tally: d.tally, skipped: d.stats.skipped, catchUp: d.stats.catchUp}
	c.unspooled = d.outbox.unspooled()
	c.rules = make([]metrics.Rule, len(d.Config.Rules))
	for i, name := range ruleNames(d.Config.Rules) {
		c.rules[i] = metrics.Rule{Name: name, Opened: d.stats.opened[d.Config.Rules[i].String()]}
	}
	for _, l := range d.logs {
		c.logs, c.ends = append(c.logs, l.Stats), append(c.ends, l.Seen)
		c.judged = append(c.judged, l.Judged.Judgement)
		if l.CatchingUp() {
			c.catchUp = d.now().Sub(d.stats.began)
		}
		for _, p := range l.Pipeline.Hosts() {
			for i, h := range p.Counters().RuleStats() {
				c.rules[i].Keys += h.Keys
				c.rules[i].Open += h.Open
			}
		}
		c.lost.Add(l.Pipeline.Stats())
	}
	return c
}

// countTime is how long a scrape waits for its turn at the counters, which comes after a batch of lines.
const countTime = time.Second

// recount counts anew; if the counters are busy, it returns the last result.
func (d *Daemon) recount(ctx context.Context) (c statsSnapshot, stale int64) {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	err := d.counters.with(ctx, func() { c = d.count() })
	s := &d.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.stale++
		return s.last, s.stale
	}
	s.last = c
	return c, s.stale
}

// snapshot is called by several goroutines at a time. Except for count, it keeps nobody from counting.
func (d *Daemon) snapshot(ctx context.Context) metrics.Snapshot {
	c, stale := d.recount(ctx)
	s := metrics.Snapshot{
		Arrivals: c.tally.Arrivals, Malformed: c.tally.Malformed, Overflowed: c.tally.Overflowed,
		Suspicious: c.tally.Suspicious, Injected: c.tally.Injected,
		Rules: c.rules, Unspooled: c.unspooled, Rebuild: c.catchUp, Stale: stale,
		KeysDropped: int64(c.lost.DroppedKeys), Merged: int64(c.lost.MergedArrivals),
		Forgotten: int64(c.lost.ForgottenRows),
		Skipped:   c.skipped, DistinctOmitted: int64(c.lost.OmittedDistinct), Refused: int64(c.lost.RefusedAlerts),
	}
	now := d.now()
	for i, l := range c.logs {
		s.Lines += l.Lines
		s.Bytes += l.Bytes
		last := l.Last
		if last.IsZero() {
			last = d.stats.began
		}
		path := d.logs[i].Path
		unread := follow.UnreadBytes(path, d.Config.CycledTo, c.ends[i])
		s.Logs = append(s.Logs, metrics.Log{
			Path: strings.ToValidUTF8(path, "\ufffd"), Behind: unread, Idle: now.Sub(last),
			NotUnderstood: c.judged[i].NotUnderstood(), Foreign: c.judged[i].Foreign,
		})
	}
	s.Channels = append(s.Channels, d.channelStats(mailChannel, d.outbox.spool, now))
	for _, c := range d.outbox.channels {
		s.Channels = append(s.Channels, d.channelStats(c.name, c.spool, now))
	}
	if d.socket != nil {
		s.Socket = d.socket.stats()
	}
	return s
}

func (d *Daemon) channelStats(name string, spool *spool.Spool, now time.Time) metrics.Channel {
	n := d.stats.deliveries[name]
	waiting, since := spool.Waiting()
	c := metrics.Channel{
		Name: name, Waiting: waiting,
		Sent: n.sent.Load(), Partly: n.partly.Load(), Deferred: n.deferred.Load(), Refused: n.refused.Load(),
	}
	if waiting > 0 {
		c.Oldest = max(now.Sub(since), 0)
	}
	return c
}

// stats are what was asked on the socket.
func (s *socketServer) stats() *metrics.SocketStats {
	a := s.server.Answers()
	m := &metrics.SocketStats{Answers: make(map[string]int64), Refused: s.server.Stats().Refused}
	for i, n := range a.By {
		m.Answers[readsocket.Answer(i).String()] = n
		m.Latency.Count += uint64(n)
	}
	m.Latency.Seconds = a.Took.Seconds()
	m.Latency.Within = make(map[float64]uint64)
	for i, n := range a.Within {
		m.Latency.Within[readsocket.Latencies[i].Seconds()] = uint64(n)
	}
	return m
}
