package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/window"
)

// A leaderEngine is what a leader needs of an engine.
type leaderEngine interface {
	Lead(ctx context.Context, token string) (bool, error)
	Resign(ctx context.Context, token string) error
	Leader(ctx context.Context) (token string, err error)
	Seq(ctx context.Context) (int64, error)
	Hosts(ctx context.Context) (map[string][]byte, error)
	Poll(ctx context.Context, cursors []engine.Cursor, maxEntries int) ([]engine.Polled, error)
	State(ctx context.Context) (engine.State, error)
	Commit(ctx context.Context, c engine.Commit) (told []bool, seq int64, err error)
	Reseed(ctx context.Context, s engine.State, token string) error
	Told(ctx context.Context, names ...string) ([][]byte, error)
	Local(ctx context.Context) (map[string][]byte, error)
	DropLocal(ctx context.Context, ids ...string) error
}

// A Leader counts the fleet whenever no other host does.
type Leader struct {
	Engine leaderEngine
	Host   string // this machine's name in the fleet
	Rules  []window.Rule
	Texts  []string // RuleTexts
	Name   Rules    // of the rules
	Scopes Scopes   // of the rules
	// Patience is how long the fleet waits for a host that is silent, and how far behind the others a host's clock may
	// be to be waited for.
	Patience time.Duration
	// Pending is the file of events that may be told.
	Pending string
	// FromStart has the first leader of a fleet tell of everything that the streams hold.
	FromStart bool
	// Tell gets events that this host is to tell. They are sure when it calls done. It may wait, until ctx ends.
	Tell func(ctx context.Context, events []Event, done func())
	// Opened, if not nil, gets the alerts that are open, at times: copies without values.
	Now func() time.Time
	Log *slog.Logger

	pending pending
	leads   atomic.Bool
	refuses bool // most hosts have other rules
	stats   atomic.Pointer[LeaderStats]
	last    *term     // the last one
	seen    int64     // the highest number of a commit that the engine had
	emptied time.Time // since when the engine has lost the fleet's state; zero: it hasn't
}

// LeaderStats are what a leader has counted since it leads.
type LeaderStats struct {
	Since    time.Time
	Second   int64 // of the fleet, before which everything has been counted
	Arrivals int64
	Late     int64 // arrivals that came late
	Rewinds  int64
	Hosts    int
	Foreign  int64    // arrivals that weren't counted, as their hosts' rules have other scopes
	Behind   []string // those that the fleet doesn't wait for
}

// Stats are those of the leader; nil while another host leads.
func (l *Leader) Stats() *LeaderStats {
	if !l.leads.Load() {
		return nil
	}
	return l.stats.Load()
}

const (
	askPause   = 500 * time.Millisecond // between two tries to lead
	renewPause = 3 * time.Second
	// renewMargin is how long before the end of the lease a leader stops that can't renew it.
	renewMargin = 2 * time.Second
)

// Run leads the fleet whenever it can, until ctx ends.
func (l *Leader) Run(ctx context.Context) error {
	l.pending.path = l.Pending
	if err := l.pending.load(); err != nil {
		return err
	}
	left := l.pending.take()
	for ; ctx.Err() == nil; rest(ctx, askPause) {
		if l.waitsForState(ctx, left != nil) || left == nil && !l.wouldLead(ctx) {
			continue
		}
		token := l.Host + " " + rand.Text()
		leads, err := l.Engine.Lead(ctx, token)
		if err == nil && left != nil {
			if err = l.settle(ctx, left); err == nil {
				left = nil
			}
		}
		if err == nil && leads && !l.refuses {
			left = l.lead(ctx, token)
		} else if leads {
			l.resign(token)
		}
	}
	return nil
}

const (
	// emptyTime is how long the hosts of a fleet whose engine comes back empty, or with an older state, leave it to the
	// last leader to write the state again. They begin from what there is if that is gone.
	emptyTime = engine.Lease + 5*time.Second
	// resumeTime is the same for a host that may have been the last leader: another one may have led since it looked.
	resumeTime = 5 * time.Second
)

// waitsForState tells whether this host must not lead yet, because the engine has lost what it had of the fleet. Known
// says that it had something.
func (l *Leader) waitsForState(ctx context.Context, known bool) bool {
	seq, err := l.Engine.Seq(ctx)
	if err != nil {
		return true
	}
	now := l.Now()
	if seq >= l.highest() && (seq > 0 || !known) {
		l.seen, l.emptied = seq, time.Time{}
		return false
	}
	if l.emptied.IsZero() {
		l.emptied = now
	}
	pause := emptyTime
	if l.canResume() {
		pause = resumeTime
	}
	if now.Sub(l.emptied) < pause {
		return true
	}
	if !l.canResume() {
		l.seen, l.last = 0, nil
	}
	return false
}

// highest is the highest number of a commit that this host knows of.
func (l *Leader) highest() int64 {
	if l.last != nil && l.last.ready {
		return max(l.seen, l.last.seq)
	}
	return l.seen
}

// canResume tells whether this host led last, as far as it knows, and so has the fleet's state.
func (l *Leader) canResume() bool {
	return l.last != nil && l.last.ready && l.last.seq >= max(l.highest(), 1)
}

// wouldLead tells whether nobody leads, and most hosts have this one's rules. It logs a change of the latter.
func (l *Leader) wouldLead(ctx context.Context) bool {
	other, err := l.Engine.Leader(ctx)
	if err == nil && l.last != nil && other == l.last.token { // a renewal that an engine that hung has done since
		l.resign(other)
	}
	if err != nil || other != "" {
		return false
	}
	hosts, err := l.Engine.Hosts(ctx)
	if err != nil {
		return false
	}
	may, with := l.majority(infosOf(hosts))
	if !may && !l.refuses {
		l.Log.Error("this host doesn't lead the fleet: most hosts have other rules", "such_as", with)
	}
	l.refuses = !may
	return may
}

// infosOf reads what the hosts say of themselves.
func infosOf(hosts map[string][]byte) map[string]HostInfo {
	infos := make(map[string]HostInfo)
	for name, text := range hosts {
		var info HostInfo
		if json.Unmarshal(text, &info) == nil {
			infos[name] = info
		}
	}
	return infos
}

// settle tells those pending events that the engine has as this host's, and drops the others. The engine has answered
// since they were committed: nothing is on its way.
func (l *Leader) settle(ctx context.Context, left []pendingEvents) error {
	for _, p := range left {
		events, err := l.confirmed(ctx, &p)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			l.Tell(ctx, events, func() { l.drop(p.Seq) })
		} else {
			l.drop(p.Seq)
		}
	}
	return nil
}

// confirmed are the events that the engine says a token has told.
func (l *Leader) confirmed(ctx context.Context, p *pendingEvents) (events []Event, err error) {
	for i := range p.Events {
		e := p.Events[i].event()
		var names []string
		for _, a := range e.Alerts {
			names = append(names, fullName(a.ID, e.Name))
		}
		blobs, err := l.Engine.Told(ctx, names...)
		if err != nil {
			return nil, err
		}
		var ours []*window.Alert
		for i, blob := range blobs {
			var t told
			if json.Unmarshal(blob, &t) == nil && t.By == p.Token {
				ours = append(ours, e.Alerts[i])
			}
		}
		if e.Alerts = ours; len(ours) > 0 {
			events = append(events, e)
		}
	}
	return events, nil
}

func (l *Leader) drop(seq int64) {
	if err := l.pending.drop(seq); err != nil {
		l.Log.Error("the fleet's pending events can't be written", "error", err)
	}
}

// lead leads while the lease can be renewed. It returns the events of which it isn't known whether they are told.
func (l *Leader) lead(ctx context.Context, token string) (left []pendingEvents) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		l.renew(ctx, cancel, token)
	}()
	t := l.last
	if seq, err := l.Engine.Seq(ctx); err == nil && l.canResume() && seq < t.seq {
		t.token, t.looked = token, time.Time{}
	} else {
		t = newTerm(l, token)
	}
	l.last = t
	err := t.run(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	l.leads.Store(false)
	cancel(nil)
	<-renewed
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	l.resign(token)
	if err != nil {
		l.Log.Warn("this host leads the fleet no more", "error", err)
	}
	if t.unsure == nil {
		return nil
	}
	return []pendingEvents{*t.unsure}
}

// resignTime is how long a leader that stops may take to say so.
const resignTime = 500 * time.Millisecond

func (l *Leader) resign(token string) {
	ctx, cancel := context.WithTimeout(context.Background(), resignTime)
	defer cancel()
	_ = l.Engine.Resign(ctx, token) // else the lease ends by itself
}

var errLease = errors.New("the lease could not be renewed")

// renew renews the lease until ctx ends. It is a goroutine of its own: counting may take longer than the lease.
func (l *Leader) renew(ctx context.Context, cancel context.CancelCauseFunc, token string) {
	last := time.Now()
	for rest(ctx, renewPause); ctx.Err() == nil; rest(ctx, renewPause) {
		began := time.Now()
		leads, err := l.Engine.Lead(ctx, token)
		switch {
		case err == nil && leads:
			last = began
		case err == nil:
			cancel(engine.ErrNotLeader)
			return
		}
		if time.Since(last) > engine.Lease-renewMargin-renewPause {
			cancel(errLease)
			return
		}
	}
}

// rest waits.
func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A HostInfo is what each daemon says of itself in the engine, by its streams, each HostInfoPause.
type HostInfo struct {
	Host    string    `json:"host"` // its name in the fleet
	Version string    `json:"version"`
	Rules   string    `json:"rules"` // Rules.String()
	Texts   []string  `json:"texts"` // RuleTexts
	Scopes  []string  `json:"scopes"`
	Logs    []string  `json:"logs"`
	Offset  int64     `json:"clock_offset_ms"` // engine.Client.ClockOffset
	At      time.Time `json:"at"`              // by the host's clock
}

// voteTime is how long a host that is gone has a say in which rules are the fleet's.
const voteTime = time.Hour

// majority tells whether the leader's rules are those of most hosts. A tie is for the rules of the host whose name
// comes first.
func (l *Leader) majority(infos map[string]HostInfo) (ok bool, with string) {
	votes, first := make(map[string]int), make(map[string]string)
	var newest time.Time
	for _, info := range infos {
		if info.At.After(newest) {
			newest = info.At
		}
	}
	voted := make(map[string]bool) // a host may have several logs
	for _, info := range infos {
		if newest.Sub(info.At) > voteTime || voted[info.Host] { // it is gone
			continue
		}
		voted[info.Host] = true
		votes[info.Rules]++
		if name, ok := first[info.Rules]; !ok || info.Host < name {
			first[info.Rules] = info.Host
		}
	}
	best := l.Name.String()
	if votes[best] == 0 {
		votes[best], first[best] = 1, l.Host
	}
	for rules, n := range votes {
		if n > votes[best] || n == votes[best] && first[rules] < first[best] {
			best = rules
		}
	}
	return best == l.Name.String(), first[best]
}
