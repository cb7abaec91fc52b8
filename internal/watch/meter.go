package watch

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"exiwatch/internal/metrics"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/report"
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A meter is what the daemon counts of itself, for metrics.
type meter struct {
	began   time.Time        // by the wall clock
	rebuild time.Duration    // how long that took; 0: there was none, or it isn't over
	opened  map[string]int64 // alerts by rule, as Rule.String has it
	skipped int64            // files of logs that were left out

	deliveries map[string]*deliveries // by channel

	mu    sync.Mutex
	last  counted // when the counters were asked last
	stale int64   // how often they had no time
}

func (m *meter) begin(now time.Time) {
	m.began, m.opened = now, make(map[string]int64)
	m.deliveries = map[string]*deliveries{mailChannel: {}, hookChannel: {}, webhookChannel: {}}
}

// rebuilt says that the rebuild of one of the logs is over.
func (m *meter) rebuilt(logs []*followed, now time.Time) {
	for _, l := range logs {
		if l.rebuild != nil {
			return
		}
	}
	m.rebuild = now.Sub(m.began)
}

// deliveries are attempts by what came of them. Any goroutine counts.
type deliveries struct{ sent, partly, deferred, refused atomic.Int64 }

func (d *deliveries) note(e mailer.Result) {
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

// A logMeter is what is counted of one log. What is read again to rebuild the counters isn't in it.
type logMeter struct {
	lines, bytes int64
	last         time.Time // when a line was read, for whatever; zero: none was
}

func (m *logMeter) note(lines int64, bytes int) {
	m.lines += lines
	m.bytes += int64(bytes)
}

// counted is what only the owner of the counters knows.
type counted struct {
	tally     report.Tally
	logs      []logMeter
	ends      []tailer.Position // of the last line that was read of each log
	judged    []parser.Judgement
	rules     []metrics.Rule
	lost      window.Stats
	unspooled int
	skipped   int64
	rebuild   time.Duration
}

// count looks at the counters: for so long nothing is counted.
func (d *Daemon) count() counted {
	c := counted{tally: d.tally, skipped: d.meter.skipped, rebuild: d.meter.rebuild}
	c.unspooled = len(d.saver.waiting) + d.writer.len()
	c.rules = make([]metrics.Rule, len(d.Config.Rules))
	for i, name := range ruleNames(d.Config.Rules) {
		c.rules[i] = metrics.Rule{Name: name, Opened: d.meter.opened[d.Config.Rules[i].String()]}
	}
	for _, l := range d.logs {
		c.logs, c.ends = append(c.logs, l.meter), append(c.ends, l.seen)
		c.judged = append(c.judged, l.judged.Judgement)
		if l.rebuild != nil {
			c.rebuild = d.now().Sub(d.meter.began)
		}
		for _, p := range l.pipeline.hosts.all {
			for i, h := range p.counters.RuleStats() {
				c.rules[i].Keys += h.Keys
				c.rules[i].Open += h.Open
			}
		}
		c.lost.Add(l.pipeline.stats())
	}
	return c
}

// countTime is how long a scrape waits for its turn at the counters, which comes after a batch of lines.
const countTime = time.Second

// recount gives what was counted; what was so the last time, if the counters are busy.
func (d *Daemon) recount(ctx context.Context) (c counted, stale int64) {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	err := d.ask(ctx, func() { c = d.count() })
	m := &d.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.stale++
		return m.last, m.stale
	}
	m.last = c
	return c, m.stale
}

// snapshot is called by several goroutines at a time. What it does besides asking for the counts keeps nobody from
// counting.
func (d *Daemon) snapshot(ctx context.Context) metrics.Snapshot {
	c, stale := d.recount(ctx)
	s := metrics.Snapshot{
		Arrivals: c.tally.Arrivals, Malformed: c.tally.Malformed, Overflowed: c.tally.Overflowed,
		Suspicious: c.tally.Suspicious, Injected: c.tally.Injected,
		Rules: c.rules, Unspooled: c.unspooled, Rebuild: c.rebuild, Stale: stale,
		KeysDropped: int64(c.lost.DroppedKeys), Merged: int64(c.lost.MergedArrivals),
		Forgotten: int64(c.lost.ForgottenRows),
		Skipped:   c.skipped, DistinctOmitted: int64(c.lost.OmittedDistinct), Refused: int64(c.lost.RefusedAlerts),
	}
	now := d.now()
	for i, l := range c.logs {
		s.Lines += l.lines
		s.Bytes += l.bytes
		last := l.last
		if last.IsZero() {
			last = d.meter.began
		}
		path := d.logs[i].path
		unread := behind(path, d.Config.CycledTo, c.ends[i])
		s.Logs = append(s.Logs, metrics.Log{
			Path: strings.ToValidUTF8(path, "\ufffd"), Behind: unread, Idle: now.Sub(last),
			NotUnderstood: c.judged[i].NotUnderstood(), Foreign: c.judged[i].Foreign,
		})
	}
	s.Channels = append(s.Channels, d.channel(mailChannel, d.spool, now))
	for _, t := range d.tellers {
		s.Channels = append(s.Channels, d.channel(t.name, t.spool, now))
	}
	if d.door != nil {
		s.Socket = d.door.asked()
	}
	return s
}

func (d *Daemon) channel(name string, spool *mailer.Spool, now time.Time) metrics.Channel {
	n := d.meter.deliveries[name]
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

// asked is what was asked on the socket.
func (o *door) asked() *metrics.SocketStats {
	a := o.server.Answers()
	s := &metrics.SocketStats{Answers: make(map[string]int64), Refused: o.server.Stats().Refused}
	for i, n := range a.By {
		s.Answers[readsocket.Answer(i).String()] = n
		s.Latency.Count += uint64(n)
	}
	s.Latency.Seconds = a.Took.Seconds()
	s.Latency.Within = make(map[float64]uint64)
	for i, n := range a.Within {
		s.Latency.Within[readsocket.Latencies[i].Seconds()] = uint64(n)
	}
	return s
}
