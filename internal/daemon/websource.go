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
	"exiwatch/mailer"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A webSource has what the live page shows besides the counters, and reads these.
type webSource struct {
	server   web.Server
	listener net.Listener
	config   *config.Config
	examine  func(context.Context) []web.Finding // nil: nothing is found
	now      func() time.Time
	began    time.Time
	waiting  func() int // mails in the spool
	outbox   *outbox
	counters countersLock
	logs     []*follow.LiveLog
	fleet    *fleetLooker // nil: this host is in none

	// These belong to the owner of the counters.
	arrivals *web.ArrivalBuffer
	ended    []web.Alert // the newest is the last

	rules []string             // as Rule.String writes them
	told  map[string]web.Alert // by id, the open ones as they were last told; that of the goroutine that asks
}

// newWebSource makes one without logs and a listener; nil if the configuration wants no page.
func (d *Daemon) newWebSource() *webSource {
	if d.Config.Web == nil {
		return nil
	}
	s := &webSource{
		config: &d.Config, examine: d.Examine, now: d.now, began: d.now(), counters: d.counters,
		arrivals: web.NewArrivalBuffer(), told: make(map[string]web.Alert),
	}
	s.server = web.Server{Source: s, Name: d.Host, Log: d.Log}
	return s
}

// listen opens what is configured, when the logs are known.
func (s *webSource) listen(state *state) (err error) {
	s.rules = s.logs[0].Pipeline.RuleTexts()
	c := s.config.Web
	if c.Path != "" {
		s.listener, err = readsocket.Listen(c.Path, readsocket.Access{Mode: c.Mode, UID: -1, GID: c.GID})
		return err
	}
	if s.server.Token, err = state.webToken(); err != nil {
		return err
	}
	if s.listener, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(c.Listen)); err != nil {
		return fmt.Errorf("listening for the live page: %w", err)
	}
	return nil
}

// address is where the page is served, as the configuration writes it: without the token.
func (s *webSource) address() string {
	if s.config.Web.Path != "" {
		return "unix:" + s.config.Web.Path
	}
	return s.listener.Addr().String()
}

func (s *webSource) close() {
	if s != nil && s.listener != nil {
		s.listener.Close()
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
	n := &web.Snapshot{At: s.now(), Rules: s.config.Rules, Since: s.began, Waiting: s.waiting(),
		Fleet: s.fleet.fleet(s.config.Zone)}
	var open []standingAlert
	positions := make([]tailer.Position, len(s.logs))
	err := s.counters.with(ctx, func() {
		n.Arrivals = s.arrivals.Snapshot()
		n.Ended = slices.Clone(s.ended)
		for i, l := range s.logs {
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
		n.Scopes = s.scopesOfRules()
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(n.Ended)
	for i := range n.Logs {
		n.Logs[i].Behind = follow.UnreadBytes(n.Logs[i].Path, s.config.CycledTo, positions[i])
		if info, err := os.Stat(n.Logs[i].Path); err == nil {
			n.Logs[i].Change = info.ModTime()
		}
	}
	n.Opens = len(open)
	if n.Open, err = s.worst(ctx, open, n.At); err != nil {
		return nil, err
	}
	if err = s.rank(ctx, n); err != nil {
		return nil, err
	}
	n.Told, err = s.toldOf(ctx, slices.Concat(n.Open, n.Ended))
	return n, err
}

// toldOf says what became of the last mail about each alert's incident.
func (s *webSource) toldOf(ctx context.Context, alerts []web.Alert) (map[string]string, error) {
	told := make(map[string]telling)
	err := s.counters.with(ctx, func() {
		for _, a := range alerts {
			told[a.Incident.ID] = s.outbox.limiter.tellingOf(mailer.BeginningOfIncident(a.Incident))
		}
	})
	words := make(map[string]string, len(told))
	for id, t := range told {
		words[id] = t.settle(s.outbox.spool.Dir()).String()
	}
	return words, err
}

// log returns how far a log was read.
func (s *webSource) log(l *follow.LiveLog) web.LogStatus {
	log := web.LogStatus{Path: l.Path, Read: !l.End.IsZero()}
	if w := l.Waits; w != nil {
		log.Waits, log.Since = w.Err.Error(), w.Since
	}
	if l.Seen != (tailer.Position{}) {
		clock := l.Pipeline.Clock()
		log.Stamp = time.Unix(clock.Now-clock.Shift, 0).In(s.config.Zone)
	}
	return log
}

// pipelinesOf returns those of all hosts of all logs.
func pipelinesOf(logs []*follow.LiveLog) (all []*pipeline.Pipeline) {
	for _, l := range logs {
		all = append(all, l.Pipeline.Hosts()...)
	}
	return all
}

// scopesOfRules returns the number of each rule's scope, as arrivals have it.
func (s *webSource) scopesOfRules() (scopes []int) {
	names := s.logs[0].Pipeline.Counters().Scopes()
	for _, r := range s.config.Rules {
		scopes = append(scopes, max(slices.Index(names, r.Scope), 0)) // a rule that counts anomalies may have none
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
		if err := s.counters.with(ctx, func() {
			for i := range piece {
				piece[i].now = s.standingOf(piece[i].pipeline, piece[i].alert, at)
			}
		}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(open, func(a, b standingAlert) int { return cmp.Compare(b.now.Share(), a.now.Share()) })
	var alerts []web.Alert
	told := make(map[string]web.Alert)
	for _, o := range open[:min(len(open), web.MaxOpen)] {
		err := s.counters.with(ctx, func() {
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

func (s *webSource) standingOf(p *pipeline.Pipeline, a *window.Alert, at time.Time) window.Usage {
	rule := a.Rule.String()
	for _, one := range p.Counters().Usages(a.Rule.Key, a.Value, p.Now(at)) {
		if s.rules[one.Rule] == rule {
			return one
		}
	}
	return window.Usage{}
}

// rank finds who is closest to a limit: of each rule, and of all.
func (s *webSource) rank(ctx context.Context, n *web.Snapshot) error {
	rankings := make([]window.Ranking, len(s.config.Rules))
	var all []*pipeline.Pipeline
	if err := s.counters.with(ctx, func() { all = pipelinesOf(s.logs) }); err != nil {
		return err
	}
	for rule := range rankings {
		rankings[rule].Most = web.MaxRanking
		for _, p := range all {
			for from, more := 0, true; more; more = from > 0 {
				err := s.counters.with(ctx, func() {
					from = p.Counters().Rank(&rankings[rule], rule, from, rankPiece, p.Now(n.At))
				})
				if err != nil {
					return err
				}
			}
		}
		n.ByRule = append(n.ByRule, rankings[rule].Sorted())
	}
	n.Ranking = slices.Concat(n.ByRule...)
	slices.SortStableFunc(n.Ranking, func(a, b window.Usage) int { return cmp.Compare(b.Share(), a.Share()) })
	n.Ranking = n.Ranking[:min(len(n.Ranking), web.MaxRanking)]
	return nil
}

// Who returns for each rule the highest count that the value has in any log.
func (s *webSource) Who(ctx context.Context, keys []window.Key, value string) (all []window.Usage, open []web.Alert,
	err error) {
	at := s.now()
	err = s.counters.with(ctx, func() {
		for _, p := range pipelinesOf(s.logs) {
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
				if a.Value == value && slices.Contains(keys, a.Rule.Key) || web.IsAbout(a, keys, value) {
					open = append(open, web.NewAlert(a, s.standingOf(p, a, at).Count))
				}
			}
		}
	})
	return all, open, err
}

// Check finds out whether all is in order.
func (s *webSource) Check(ctx context.Context) []web.Finding {
	if s.examine == nil {
		return nil
	}
	return s.examine(ctx)
}
