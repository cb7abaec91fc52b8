package daemon

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/web"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A webSource has what the live page shows besides the counters, and reads these.
type webSource struct {
	daemon   *Daemon
	server   web.Server
	listener net.Listener
	began    time.Time

	// These belong to the owner of the counters.
	arrivals *web.ArrivalBuffer
	ended    []web.Alert // the newest is the last

	rules []string             // as Rule.String writes them
	told  map[string]web.Alert // by id, the open ones as they were last told; that of the goroutine that asks
}

// newWebSource makes one without a listener; nil if the configuration wants no page.
func (d *Daemon) newWebSource() *webSource {
	if d.Config.Web == nil {
		return nil
	}
	s := &webSource{daemon: d, arrivals: web.NewArrivalBuffer(), began: d.now(), told: make(map[string]web.Alert)}
	for _, r := range d.Config.Rules {
		s.rules = append(s.rules, r.String())
	}
	s.server = web.Server{Source: s, Name: d.Host, Log: d.Log}
	return s
}

// listen opens what is configured.
func (s *webSource) listen(c *config.Web, state *state) (err error) {
	if s == nil {
		return nil
	}
	if c.Path != "" {
		s.listener, err = readsocket.Listen(c.Path, readsocket.Access{Mode: c.Mode, UID: -1, GID: c.GID})
		return err
	}
	if s.server.Token, err = state.webToken(); err != nil {
		return err
	}
	if s.listener, err = readsocket.ListenLoopback(c.Listen); err != nil {
		return fmt.Errorf("listening for the live page: %w", err)
	}
	return nil
}

func (s *webSource) close() {
	if s != nil && s.listener != nil {
		s.listener.Close()
	}
}

func (s *webSource) serve(ctx context.Context) {
	if err := s.server.Serve(ctx, s.listener); err != nil {
		s.daemon.Log.Error("the live page is served no more", "error", err)
	}
}

// observed gets each arrival, also those that are read again.
func (s *webSource) observed(p *pipeline.Pipeline, w *window.Arrival, counted bool) {
	clock := p.Counters().Clock()
	s.arrivals.Add(w, min(w.At.Unix()+clock.Shift, clock.Now), clock.Shift, counted)
}

// end gets each alert that ends.
func (s *webSource) end(a *window.Alert) {
	if len(s.ended) == web.MaxEnded {
		s.ended = slices.Delete(s.ended, 0, 1)
	}
	s.ended = append(s.ended, web.NewAlert(a, 0))
}

// How much is read while nobody counts: so many values or open alerts take less than a millisecond.
const (
	rankPiece  = 50_000
	alertPiece = 200
)

// Now is called by one goroutine at a time.
func (s *webSource) Now(ctx context.Context) (*web.Snapshot, error) {
	d := s.daemon
	n := &web.Snapshot{At: d.now(), Rules: d.Config.Rules, Since: s.began, Waiting: d.outbox.spool.Len()}
	var open []standingAlert
	positions := make([]tailer.Position, len(d.logs))
	err := d.counters.with(ctx, func() {
		n.Arrivals = s.arrivals.Snapshot()
		n.Ended = slices.Clone(s.ended)
		for i, l := range d.logs {
			n.Keys += l.Pipeline.Stats().Keys
			n.Logs = append(n.Logs, s.log(l))
			positions[i] = l.Seen
			for _, p := range l.Pipeline.Hosts() {
				n.Second = max(n.Second, p.Now(n.At))
				for _, a := range p.Counters().Open() {
					open = append(open, standingAlert{pipeline: p, alert: a})
				}
			}
		}
		n.Scopes = d.scopesOfRules()
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(n.Ended)
	for i := range n.Logs {
		n.Logs[i].Behind = follow.UnreadBytes(n.Logs[i].Path, d.Config.CycledTo, positions[i])
		if info, err := os.Stat(n.Logs[i].Path); err == nil {
			n.Logs[i].Change = info.ModTime()
		}
	}
	n.Opens = len(open)
	if n.Open, err = s.worst(ctx, open, n.At); err != nil {
		return nil, err
	}
	n.Ranking, err = s.rank(ctx, n.At)
	return n, err
}

// log returns how far a log was read.
func (s *webSource) log(l *follow.LiveLog) web.LogStatus {
	log := web.LogStatus{Path: l.Path, Read: !l.End.IsZero()}
	if w := l.Waits; w != nil {
		log.Waits, log.Since = w.Err.Error(), w.Since
	}
	if l.Seen != (tailer.Position{}) {
		clock := l.Pipeline.Clock()
		log.Stamp = time.Unix(clock.Now-clock.Shift, 0).In(s.daemon.Config.Zone)
	}
	return log
}

// pipelines returns those of all hosts of all logs.
func (d *Daemon) pipelines() (all []*pipeline.Pipeline) {
	for _, l := range d.logs {
		all = append(all, l.Pipeline.Hosts()...)
	}
	return all
}

// scopesOfRules returns the number of each rule's scope, as arrivals have it.
func (d *Daemon) scopesOfRules() []int {
	scopes := make([]int, len(d.Config.Rules))
	if len(d.logs) > 0 {
		names := d.logs[0].Pipeline.Counters().Scopes()
		for i, r := range d.Config.Rules {
			scopes[i] = max(slices.Index(names, r.Scope), 0) // a rule that counts anomalies may have none
		}
	}
	return scopes
}

// A standingAlert is an open alert and how its value stands.
type standingAlert struct {
	pipeline *pipeline.Pipeline
	alert    *window.Alert
	now      window.Usage
}

// worst returns the open alerts that are farthest above their limits, over all logs.
func (s *webSource) worst(ctx context.Context, open []standingAlert, at time.Time) ([]web.Alert, error) {
	for piece := range slices.Chunk(open, alertPiece) {
		if err := s.daemon.counters.with(ctx, func() {
			for i := range piece {
				piece[i].now = s.standingOf(&piece[i], at)
			}
		}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(open, func(a, b standingAlert) int { return cmp.Compare(b.now.Share(), a.now.Share()) })
	var alerts []web.Alert
	told := make(map[string]web.Alert)
	for _, o := range open[:min(len(open), web.MaxOpen)] {
		err := s.daemon.counters.with(ctx, func() {
			a, known := s.told[o.alert.ID]
			if !known || a.Messages != o.alert.Messages {
				a = web.NewAlert(o.alert, 0)
			}
			a.Current = o.now.Count
			told[a.ID] = a
			alerts = append(alerts, a)
		})
		if err != nil {
			return nil, err
		}
	}
	s.told = told
	return alerts, nil
}

func (s *webSource) standingOf(o *standingAlert, at time.Time) window.Usage {
	rule := o.alert.Rule.String()
	p := o.pipeline
	for _, one := range p.Counters().Usages(o.alert.Rule.Key, o.alert.Value, p.Now(at)) {
		if s.rules[one.Rule] == rule {
			return one
		}
	}
	return window.Usage{}
}

// rank finds who is closest to a limit.
func (s *webSource) rank(ctx context.Context, at time.Time) ([]window.Usage, error) {
	d := s.daemon
	ranking := window.Ranking{Most: web.MaxRanking}
	var all []*pipeline.Pipeline
	if err := d.counters.with(ctx, func() { all = d.pipelines() }); err != nil {
		return nil, err
	}
	for _, p := range all {
		for rule := range d.Config.Rules {
			for from, more := 0, true; more; more = from > 0 {
				err := d.counters.with(ctx, func() {
					from = p.Counters().Rank(&ranking, rule, from, rankPiece, p.Now(at))
				})
				if err != nil {
					return nil, err
				}
			}
		}
	}
	return ranking.Sorted(), nil
}

// Who returns for each rule the highest count that the value has in any log.
func (s *webSource) Who(ctx context.Context, keys []window.Key, value string) (all []window.Usage, open []web.Alert,
	err error) {
	at := s.daemon.now()
	err = s.daemon.counters.with(ctx, func() {
		for _, p := range s.daemon.pipelines() {
			var standings []window.Usage
			for _, k := range keys {
				standings = append(standings, p.Counters().Usages(k, value, p.Now(at))...)
			}
			for i, one := range standings {
				if i == len(all) {
					all = append(all, one)
				} else if one.Count > all[i].Count {
					all[i] = one
				}
			}
			for _, a := range p.Counters().Open() {
				if a.Value == value && slices.Contains(keys, a.Rule.Key) {
					now := s.standingOf(&standingAlert{pipeline: p, alert: a}, at)
					open = append(open, web.NewAlert(a, now.Count))
				}
			}
		}
	})
	return all, open, err
}

// Check finds out whether all is in order.
func (s *webSource) Check(ctx context.Context) []web.Finding {
	if s.daemon.Examine == nil {
		return nil
	}
	return s.daemon.Examine(ctx)
}
