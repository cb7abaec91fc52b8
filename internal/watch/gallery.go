package watch

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/web"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A gallery is where people look on: it has what the live page shows besides the counters, and reads these.
type gallery struct {
	daemon   *Daemon
	server   web.Server
	listener net.Listener
	began    time.Time

	// The owner's.
	book  *web.Book
	ended []web.Alert // the newest last

	rules []string             // as Rule.String writes them
	told  map[string]web.Alert // by id, the open ones as they were last told; that of the goroutine that asks
}

// newGallery makes one without a listener; nil where the configuration wants none.
func (d *Daemon) newGallery() *gallery {
	if d.Config.Web == nil {
		return nil
	}
	g := &gallery{daemon: d, book: web.NewBook(), began: d.now(), told: make(map[string]web.Alert)}
	for _, r := range d.Config.Rules {
		g.rules = append(g.rules, r.String())
	}
	g.server = web.Server{Source: g, Name: d.Host, Log: d.Log}
	return g
}

// listen opens what is configured.
func (g *gallery) listen(c *config.Web) (err error) {
	if g == nil {
		return nil
	}
	if c.Path != "" {
		g.listener, err = readsocket.Listen(c.Path, readsocket.Access{Mode: c.Mode, UID: -1, GID: c.GID})
		return err
	}
	if g.server.Token, err = g.daemon.state.webToken(); err != nil {
		return err
	}
	if g.listener, err = readsocket.ListenLoopback(c.Listen); err != nil {
		return fmt.Errorf("listening for the live page: %w", err)
	}
	return nil
}

func (g *gallery) close() {
	if g != nil && g.listener != nil {
		g.listener.Close()
	}
}

func (g *gallery) serve(ctx context.Context) {
	if err := g.server.Serve(ctx, g.listener); err != nil {
		g.daemon.Log.Error("the live page is served no more", "error", err)
	}
}

// seen is told of each arrival, also of those that were read before.
func (g *gallery) seen(p *Pipeline, w *window.Arrival, counted bool) {
	clock := p.counters.Clock()
	g.book.Add(w, min(w.At.Unix()+clock.Shift, clock.Now), clock.Shift, counted)
}

// end is told of each alert that ends.
func (g *gallery) end(a *window.Alert) {
	if len(g.ended) == web.MaxEnded {
		g.ended = slices.Delete(g.ended, 0, 1)
	}
	g.ended = append(g.ended, web.NewAlert(a, 0))
}

// How much is looked at while nobody counts: so many values or open alerts take less than a millisecond.
const (
	rankPiece  = 50_000
	alertPiece = 200
)

// Now is called by one goroutine at a time.
func (g *gallery) Now(ctx context.Context) (*web.Snapshot, error) {
	d := g.daemon
	n := &web.Snapshot{At: d.now(), Rules: d.Config.Rules, Since: g.began, Waiting: d.spool.Len()}
	var open []standingAlert
	positions := make([]tailer.Position, len(d.logs))
	err := d.ask(ctx, func() {
		n.Book = g.book.View()
		n.Ended = slices.Clone(g.ended)
		for i, l := range d.logs {
			n.Keys += l.pipeline.stats().Keys
			n.Logs = append(n.Logs, g.log(l))
			positions[i] = l.seen
			for _, p := range l.pipeline.hosts.all {
				n.Second = max(n.Second, p.present.second(n.At))
				for _, a := range p.counters.Open() {
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
		n.Logs[i].Behind = behind(n.Logs[i].Path, d.Config.CycledTo, positions[i])
		if info, err := os.Stat(n.Logs[i].Path); err == nil {
			n.Logs[i].Change = info.ModTime()
		}
	}
	n.Opens = len(open)
	if n.Open, err = g.worst(ctx, open, n.At); err != nil {
		return nil, err
	}
	n.Ranking, err = g.rank(ctx, n.At)
	return n, err
}

// log is how far a log was read.
func (g *gallery) log(l *followed) web.LogStatus {
	log := web.LogStatus{Path: l.path, Read: !l.end.IsZero()}
	if w := l.waits; w != nil {
		log.Waits, log.Since = w.Err.Error(), w.Since
	}
	if l.seen != (tailer.Position{}) {
		clock := l.pipeline.clock()
		log.Stamp = time.Unix(clock.Now-clock.Shift, 0).In(g.daemon.Config.Zone)
	}
	return log
}

// pipelines are those of all hosts of all logs.
func (d *Daemon) pipelines() (all []*Pipeline) {
	for _, l := range d.logs {
		all = append(all, l.pipeline.hosts.all...)
	}
	return all
}

// scopesOfRules are the numbers of the rules' scopes, as arrivals have them.
func (d *Daemon) scopesOfRules() []int {
	scopes := make([]int, len(d.Config.Rules))
	if len(d.logs) > 0 {
		names := d.logs[0].pipeline.counters.Scopes()
		for i, r := range d.Config.Rules {
			scopes[i] = max(slices.Index(names, r.Scope), 0) // a rule that counts anomalies may have none
		}
	}
	return scopes
}

// A standingAlert is an open alert and how its value stands.
type standingAlert struct {
	pipeline *Pipeline
	alert    *window.Alert
	now      window.Usage
}

// worst tells of the open alerts that are farthest above their limits, those of one log beside those of another.
func (g *gallery) worst(ctx context.Context, open []standingAlert, at time.Time) ([]web.Alert, error) {
	for piece := range slices.Chunk(open, alertPiece) {
		if err := g.daemon.ask(ctx, func() {
			for i := range piece {
				piece[i].now = g.standingOf(&piece[i], at)
			}
		}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(open, func(a, b standingAlert) int { return cmp.Compare(b.now.Share(), a.now.Share()) })
	var alerts []web.Alert
	told := make(map[string]web.Alert)
	for _, o := range open[:min(len(open), web.MaxOpen)] {
		err := g.daemon.ask(ctx, func() {
			a, known := g.told[o.alert.ID]
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
	g.told = told
	return alerts, nil
}

func (g *gallery) standingOf(o *standingAlert, at time.Time) window.Usage {
	rule := o.alert.Rule.String()
	p := o.pipeline
	for _, s := range p.counters.Usages(o.alert.Rule.Key, o.alert.Value, p.present.second(at)) {
		if g.rules[s.Rule] == rule {
			return s
		}
	}
	return window.Usage{}
}

// rank finds who is nearest to a limit.
func (g *gallery) rank(ctx context.Context, at time.Time) ([]window.Usage, error) {
	d := g.daemon
	ranking := window.Ranking{Most: web.MaxRanking}
	var all []*Pipeline
	if err := d.ask(ctx, func() { all = d.pipelines() }); err != nil {
		return nil, err
	}
	for _, p := range all {
		for rule := range d.Config.Rules {
			for from, more := 0, true; more; more = from > 0 {
				err := d.ask(ctx, func() {
					from = p.counters.Rank(&ranking, rule, from, rankPiece, p.present.second(at))
				})
				if err != nil {
					return nil, err
				}
			}
		}
	}
	return ranking.Sorted(), nil
}

// Who gives of each rule the highest count that the value has in any log.
func (g *gallery) Who(ctx context.Context, keys []window.Key, value string) (all []window.Usage, open []web.Alert,
	err error) {
	at := g.daemon.now()
	err = g.daemon.ask(ctx, func() {
		for _, p := range g.daemon.pipelines() {
			var standings []window.Usage
			for _, k := range keys {
				standings = append(standings, p.counters.Usages(k, value, p.present.second(at))...)
			}
			for i, s := range standings {
				if i == len(all) {
					all = append(all, s)
				} else if s.Count > all[i].Count {
					all[i] = s
				}
			}
			for _, a := range p.counters.Open() {
				if a.Value == value && slices.Contains(keys, a.Rule.Key) {
					s := g.standingOf(&standingAlert{pipeline: p, alert: a}, at)
					open = append(open, web.NewAlert(a, s.Count))
				}
			}
		}
	})
	return all, open, err
}

// Check finds out whether all is in order.
func (g *gallery) Check(ctx context.Context) []web.Finding {
	if g.daemon.Examine == nil {
		return nil
	}
	return g.daemon.Examine(ctx)
}
