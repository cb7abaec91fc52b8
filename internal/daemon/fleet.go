package daemon

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"strconv"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/fleet"
	"exiwatch/internal/follow"
	"exiwatch/internal/metrics"
	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
	"exiwatch/window"
)

// A fleetMember is this host's part in a fleet. With an engine it publishes its logs, may lead the fleet, follows its
// alerts, and tells its own by itself only while the fleet gives no verdicts. Without one it publishes its logs to its
// own memory, and leads.
type fleetMember struct {
	host       string
	client     *engine.Client // nil: there is no engine
	leader     *fleet.Leader
	replica    *fleet.Replica // nil without an engine
	memory     *fleet.Memory  // in place of an engine
	publishers []*fleet.Publisher
	told       chan toldEvents
	locals     chan localAlert
	open       map[string]*window.Alert // of the fleet, as they were told last
	alone      bool                     // it tells its own alerts
}

// toldEvents are events of the fleet that this host is to tell; done is to be called when that is sure.
type toldEvents struct {
	events []fleet.Event
	done   func()
}

// A localAlert is an alert that this host has told by itself.
type localAlert struct {
	id    string
	alert fleet.LocalAlert
}

// Files of the state folder.
const (
	fleetPending = "fleet.json"      // events that may be told
	fleetMemory  = "fleetstate.json" // of an engine in memory
)

// streamFile is the file of a publisher.
func streamFile(number string) string {
	if number == "" {
		return "stream-"
	}
	return "stream-" + number + ".json"
}

// maxLocals is how many local alerts wait for the engine.
const maxLocals = 1000

// openFleet makes this host a member of its fleet. It touches no network.
func (d *Daemon) openFleet(first *pipeline.Pipeline, key []byte) error {
	c := d.Config.Fleet
	if c == nil {
		return nil
	}
	m := &fleetMember{host: cmp.Or(c.Host, d.Host), told: make(chan toldEvents),
		locals: make(chan localAlert, maxLocals), open: make(map[string]*window.Alert)}
	m.leader = &fleet.Leader{Host: m.host, Rules: d.Config.Rules, Texts: fleet.RuleTexts(&d.Config),
		Name: fleet.RulesOf(&d.Config), Scopes: fleet.ScopesOf(d.Config.Rules), Patience: c.Patience,
		Pending: filepath.Join(d.state.dir, fleetPending), FromStart: d.FromStart, Tell: m.tell, Now: d.now, Log: d.Log}
	if len(c.Engine) == 0 {
		memory, err := fleet.OpenMemory(filepath.Join(d.state.dir, fleetMemory))
		if err != nil {
			return err
		}
		m.memory, m.leader.Engine = memory, memory
		d.addPublishers(m, memory, first, key)
	} else {
		client, err := engine.Open(engine.Options{URLs: c.Engine, Name: c.Name, PasswordFile: c.PasswordFile, CA: c.CA})
		if err != nil {
			return err
		}
		m.client, m.leader.Engine = client, client
		m.replica = &fleet.Replica{Engine: client, Now: d.now}
		d.addPublishers(m, client, first, key)
	}
	d.fleet = m
	return nil
}

// addPublishers makes a publisher for each log.
func (d *Daemon) addPublishers(m *fleetMember, e fleet.Streams, first *pipeline.Pipeline, key []byte) {
	longest := int64(first.Counters().Longest() / time.Second)
	for i, path := range d.Config.Log {
		host, all, stream := m.host, d.Config.Fleet.Host != "", m.host
		if m.client == nil { // each log is a host's
			host, all, stream = path, false, path
		} else if i > 0 {
			stream += "#" + strconv.Itoa(i+1)
		}
		m.publishers = append(m.publishers, &fleet.Publisher{
			Engine: e, Stream: stream, Path: path, Host: host, All: all, Scopes: m.leader.Scopes,
			NoSubjects: d.Config.Mail.Subjects == "none",
			Pipeline: func(l pipeline.Listener) (*pipeline.Pipeline, error) {
				p, err := pipeline.New(d.Config.Scopes, d.Config.Rules, l)
				if err == nil {
					p.Trust(key)
					p.Decode(d.Config.Charset)
				}
				return p, err
			},
			Follow: d.followOptions(), State: filepath.Join(d.state.dir, streamFile(strconv.Itoa(i+1))),
			Since: func() int64 { return d.fleetSecond(m) }, Keep: 3*longest + 600,
		})
	}
}

// fleetSecond is the second from which on a next leader counts again, as far as is known: an empty stream is filled for
// that. A leader that has outlived its engine says it soon.
func (d *Daemon) fleetSecond(m *fleetMember) int64 {
	for deadline := d.now().Add(secondPatience); ; {
		if s, ok := m.second(); ok {
			return s
		}
		if m.replica == nil || d.stopping.Err() != nil || d.now().After(deadline) {
			break
		}
		time.Sleep(localPause)
	}
	if d.FromStart {
		return 0
	}
	return d.now().Unix()
}

// second is the second from which on the fleet would be counted again; ok is false while that isn't known.
func (m *fleetMember) second() (second int64, ok bool) {
	if m.replica != nil {
		return m.replica.Begin()
	}
	return m.memory.Begin()
}

// secondPatience is how long a publisher waits for a leader that may fill an empty engine.
const secondPatience = 5 * time.Second

// startFleet starts the goroutines of the fleet.
func (d *Daemon) startFleet(ctx context.Context) {
	m := d.fleet
	if m == nil {
		return
	}
	for _, p := range m.publishers {
		d.wait.Go(func() {
			if err := p.Run(ctx); err != nil {
				d.Log.Error("a log isn't published to the fleet any more", "log", p.Path, "error", err)
			}
		})
	}
	d.wait.Go(func() {
		if err := m.leader.Run(ctx); err != nil {
			d.Log.Error("this host can't lead the fleet", "error", err)
		}
	})
	if m.client == nil {
		return
	}
	if d.page != nil {
		d.wait.Go(func() { d.page.fleet.run(ctx) })
	}
	d.wait.Go(func() { m.replica.Run(ctx) })
	d.wait.Go(func() { d.announce(ctx) })
	d.wait.Go(func() { m.writeLocals(ctx) })
}

// announce says again and again in the engine that this host is there, and how it counts.
func (d *Daemon) announce(ctx context.Context) {
	m := d.fleet
	for tick := time.NewTicker(fleet.HostInfoPause); ctx.Err() == nil; {
		offset, err := m.client.ClockOffset(ctx)
		if err == nil || engine.IsDenied(err) {
			for _, p := range m.publishers {
				info := fleet.HostInfo{Host: m.host, Version: d.Version, Rules: m.leader.Name.String(),
					Texts: m.leader.Texts, Logs: []string{p.Path}, Offset: offset.Milliseconds(), At: d.now()}
				_ = fleet.Announce(ctx, m.client, p.Stream, &info) // else the next time
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
		}
	}
}

// tell gives events to the owner of the counters.
func (m *fleetMember) tell(ctx context.Context, events []fleet.Event, done func()) {
	select {
	case m.told <- toldEvents{events, done}:
	case <-ctx.Done():
	}
}

// fleetEvents is where events of the fleet come from; nil without one.
func (d *Daemon) fleetEvents() <-chan toldEvents {
	if d.fleet == nil {
		return nil
	}
	return d.fleet.told
}

// tellFleet tells events of the fleet. They are sure with the next checkpoint.
func (d *Daemon) tellFleet(t toldEvents) {
	m := d.fleet
	for _, e := range t.events {
		for _, a := range e.Alerts {
			m.open[a.ID] = a
			d.sent.Note(a.ID, e.Name)
		}
		switch e.Name {
		case pipeline.Opened:
			d.openedFor(e.Alerts, mailer.FleetMark{})
		case pipeline.Ended, pipeline.Withdrawn:
			for _, a := range e.Alerts {
				delete(m.open, a.ID)
				d.endedFor(a, e.Name, mailer.FleetMark{Late: e.Late})
			}
		default:
			for _, a := range e.Alerts {
				d.grewFor(a, mailer.FleetMark{})
			}
		}
	}
	m.prune()
	d.outbox.sure = append(d.outbox.sure, t.done)
	d.outbox.due = true
}

// manyOpen is from how many open alerts on those are looked for that another leader has ended.
const manyOpen = 1000

// prune forgets alerts that are over, as another host has told.
func (m *fleetMember) prune() {
	if m.replica != nil && len(m.open) > manyOpen {
		maps.DeleteFunc(m.open, func(id string, _ *window.Alert) bool { return !m.replica.Tells(id) })
	}
}

// closeFleet ends the connections to the engine.
func (d *Daemon) closeFleet() {
	if d.fleet != nil && d.fleet.client != nil {
		d.fleet.client.Close()
	}
}

// holdsBack tells whether the fleet tells of what the logs of this host say, so that the host doesn't.
func (d *Daemon) holdsBack() bool { return d.fleet != nil && !d.fleet.alone }

// mark is what is said of alerts that this host tells by itself.
func (m *fleetMember) mark() mailer.FleetMark {
	if m.replica == nil { // told before the logs became a fleet
		return mailer.FleetMark{}
	}
	since, _ := m.replica.Alone()
	return mailer.FleetMark{Alone: m.host, Since: since}
}

// tells tells whether the fleet tells of an alert that this host told alone: it has taken it over.
func (m *fleetMember) tells(id string) bool { return m.replica != nil && m.replica.Tells(id) }

// lookAtFleet finds out whether the fleet gives verdicts. Without them this host tells its own alerts, and at once
// those that are open and that the fleet hasn't told.
func (d *Daemon) lookAtFleet() {
	m := d.fleet
	if m == nil || m.replica == nil {
		return
	}
	since, alone := m.replica.Alone()
	if alone == m.alone {
		return
	}
	if m.alone = alone; !alone {
		d.Log.Info("the fleet gives verdicts again: this host doesn't tell its own alerts any more")
		return
	}
	d.Log.Warn("the fleet gives no verdicts: this host counts alone, and tells its own alerts", "since", since)
	for _, p := range pipelinesOf(d.logs) {
		for _, alerts := range window.ByIncident(p.Counters().Open(), func(a *window.Alert) *window.Incident {
			return a.Incident
		}) {
			d.tellUntold(alerts)
		}
	}
}

// tellUntold tells those alerts that nobody has told.
func (d *Daemon) tellUntold(alerts []*window.Alert) {
	var untold []*window.Alert
	for _, a := range alerts {
		if a.Untold && !d.fleet.replica.Has(&a.Rule, a.Value) {
			untold = append(untold, a)
		}
	}
	if len(untold) > 0 {
		d.tellAlone(untold)
	}
}

// tellAlone tells alerts that this host's own logs have opened.
func (d *Daemon) tellAlone(alerts []*window.Alert) {
	for _, a := range alerts {
		a.Untold = false
		d.fleet.noteLocal(a)
	}
	d.openedFor(alerts, d.fleet.mark())
}

// noteLocal has the engine hear of an alert that this host has told by itself.
func (m *fleetMember) noteLocal(a *window.Alert) {
	if m == nil || m.client == nil {
		return
	}
	one := localAlert{a.ID, fleet.LocalAlert{Host: m.host, Rule: a.Rule.String(), Value: []byte(a.Value),
		Opened: a.Opened.Unix()}}
	if !a.Ended.IsZero() {
		one.alert.Ended = a.Ended.Unix()
	}
	select {
	case m.locals <- one:
	default: // the fleet may tell it once more
	}
}

// writeLocals writes to the engine which alerts this host has told by itself.
func (m *fleetMember) writeLocals(ctx context.Context) {
	for {
		select {
		case one := <-m.locals:
			for fleet.TellLocal(ctx, m.client, one.id, &one.alert) != nil && ctx.Err() == nil {
				select {
				case <-time.After(localPause):
				case <-ctx.Done():
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// localPause is between two tries to write to an engine that doesn't answer.
const localPause = 200 * time.Millisecond

// fleetStats are what metrics say of the fleet; nil without one.
func (d *Daemon) fleetStats(now time.Time) *metrics.Fleet {
	m := d.fleet
	if m == nil {
		return nil
	}
	f := &metrics.Fleet{Name: d.Config.Fleet.Name, EngineUp: true}
	if m.replica != nil {
		_, f.Degraded = m.replica.Alone()
		f.EngineUp = m.replica.EngineUp()
		f.Hosts, f.Silent = m.replica.Hosts()
	}
	if second, ok := m.second(); ok {
		f.Lag = max(now.Sub(time.Unix(second, 0)), 0)
	}
	if s := m.leader.Stats(); s != nil {
		f.Leading, f.Arrivals, f.Late, f.Rewinds = true, s.Arrivals, s.Late, s.Rewinds
	}
	for _, p := range m.publishers {
		s := p.Stats(now)
		f.Batches, f.Appended = f.Batches+s.Batches, f.Appended+s.Arrivals
		f.PublishBytes += follow.UnreadBytes(p.Path, d.Config.CycledTo, s.Place)
		f.PublishLag = max(f.PublishLag, s.Lag)
	}
	return f
}
