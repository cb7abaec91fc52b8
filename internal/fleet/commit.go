package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// A savedMark tells whether an open alert has changed since the engine got it.
type savedMark struct {
	messages, peak, times int64
	over                  bool // a limit, now
}

func (t *term) markOf(a *window.Alert) savedMark {
	_, over := t.counter.CountAt(a.Rule.Key, []byte(a.Value), t.merger.Released()-1)
	return savedMark{a.Messages, a.Peak, a.Times, over}
}

// An alias is an alert that was told under the id of another one.
type alias struct {
	id, is string
	alert  *window.Alert
}

// is is the event of an alias in the engine.
const is = "is"

// A Ruling is what the followers know of an open alert.
type Ruling struct {
	ID       string           `json:"id"`
	Incident string           `json:"incident"`
	Rule     string           `json:"rule"` // its name
	Key      string           `json:"key"`
	Value    []byte           `json:"value"`
	Count    int64            `json:"count"`   // the highest of the rules by the key, now
	Over     bool             `json:"over"`    // one of them is over its limit
	Current  int64            `json:"current"` // the rule's own count, now
	Peak     int64            `json:"peak"`
	Limit    int64            `json:"limit"`
	Measure  string           `json:"measure"`
	Window   string           `json:"window"`
	Opened   time.Time        `json:"opened"`
	Messages int64            `json:"messages"` // since it opened
	Hosts    map[string]int64 `json:"hosts"`    // messages in the logs of each host
}

// commit gives the engine what was found, and tells what nobody has told.
func (t *term) commit(ctx context.Context) error {
	now := t.Now()
	due := !now.Before(t.doneNext)
	if len(t.events) == 0 && !due {
		return nil
	}
	if err := t.joinLocal(ctx); err != nil {
		return err
	}
	c := engine.Commit{Token: t.token, After: t.seq}
	t.addEvents(&c)
	if err := t.keepPending(); err != nil {
		return err
	}
	if due {
		t.addState(&c)
	}
	fresh, err := t.send(ctx, &c)
	if err != nil {
		return err
	}
	if t.committed(&c, due); due {
		t.doneNext = t.Now().Add(max(donePause, doneShare*t.Now().Sub(now)))
	}
	t.tell(ctx, fresh)
	return nil
}

// beat says, while much is counted, that the fleet has a leader: hosts would count alone.
func (t *term) beat(ctx context.Context) error {
	if t.Now().Before(t.doneNext) || t.unsure != nil {
		return nil
	}
	_, err := t.send(ctx, &engine.Commit{Token: t.token, After: t.seq})
	t.doneNext = t.Now().Add(donePause)
	return err
}

// keepPending writes the events to the file of pending ones, before the engine hears of them. Those of a commit that
// had no answer are among them.
func (t *term) keepPending() error {
	if t.unsure != nil {
		t.drop(t.unsure.Seq)
		t.unsure = nil
	}
	events := t.loud()
	if len(events) == 0 {
		return nil
	}
	p, err := t.pending.add(t.token, events)
	t.unsure = p
	return err
}

// loud are the events that nobody has told by itself.
func (t *term) loud() (events []Event) {
	for _, e := range t.events {
		e.Alerts = slices.DeleteFunc(slices.Clone(e.Alerts), func(a *window.Alert) bool {
			return t.quiet[fullName(a.ID, e.Name)]
		})
		if len(e.Alerts) > 0 {
			events = append(events, e)
		}
	}
	return events
}

// send commits. An engine that has lost its state gets it again first.
func (t *term) send(ctx context.Context, c *engine.Commit) (fresh []bool, err error) {
	for {
		fresh, seq, err := t.Engine.Commit(ctx, *c)
		switch {
		case errors.Is(err, engine.ErrNotLeader):
			if leads, e := t.Engine.Lead(ctx, t.token); e != nil || !leads {
				return nil, err
			} // the engine had lost the lease
		case errors.Is(err, engine.ErrBehind):
			t.Log.Warn("the fleet's engine has lost its state: it is written again")
			if err := t.Engine.Reseed(ctx, t.state(), t.token); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		default:
			t.seq = seq
			return fresh, nil
		}
	}
}

// addEvents adds to a commit what is to be told.
func (t *term) addEvents(c *engine.Commit) {
	for _, e := range t.events {
		for _, a := range e.Alerts {
			ended := e.Name == pipeline.Ended || e.Name == pipeline.Withdrawn
			c.Tell = append(c.Tell, engine.Event{Name: fullName(a.ID, e.Name), Blob: t.blob(a, "")})
			c.Verdicts = append(c.Verdicts, t.verdict(a, ended))
		}
	}
	for _, one := range t.aliases {
		c.Tell = append(c.Tell, engine.Event{Name: fullName(one.id, is), Blob: t.blob(one.alert, one.is)})
	}
}

// addState adds to a commit how far the fleet has been counted, and what is open there.
func (t *term) addState(c *engine.Commit) {
	c.Put = make(map[string][]byte)
	t.addBase(c)
	c.Done = t.done()
	for _, a := range slices.Concat(t.counter.Open(), t.stale) {
		if t.saved[a.ID] != t.markOf(a) {
			c.Verdicts = append(c.Verdicts, t.verdict(a, false))
		}
	}
	c.Forget = t.ledger.forget(t.merger.Released() - t.memory())
}

// written is the JSON of what can always be written.
func written(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

// memory is how many seconds the fleet knows what was told: no rewind goes back so far.
func (t *term) memory() int64 { return 2*t.reach() + 3600 }

// done says how far the fleet has been counted.
func (t *term) done() []byte {
	second := t.merger.Released()
	d := done{Second: second, Start: t.start, Base: t.kept.second, Sum: t.kept.sum,
		Until: make(map[string]int64), Lost: make(map[string]int64), Streams: make(map[string]streamMark)}
	for host, l := range t.lost {
		d.Lost[host] = l.until
	}
	for host, m := range t.members {
		d.Until[host] = m.until
	}
	for name, s := range t.streams {
		d.Streams[name] = streamMark{s.born, s.lost, s.pointsFor(t.kept.second - t.reach())}
	}
	return written(d)
}

// pointsKept is how many points before the one that is needed the next leader gets: rewinds go back further.
const pointsKept = 8

// pointsFor are the points from shortly before a second on.
func (s *stream) pointsFor(second int64) []point {
	n := 0
	for i, p := range s.points {
		if p.Second <= second {
			n = i + 1
		}
	}
	return s.points[max(n-pointsKept, 0):n]
}

// committed notes what the engine has now.
func (t *term) committed(c *engine.Commit, state bool) {
	for _, e := range t.events {
		for _, a := range e.Alerts {
			t.ledger.note(a.ID, e.Name, trimmed(a), t.token)
		}
	}
	for _, one := range t.aliases {
		t.ledger.note(one.id, is, trimmed(one.alert), t.token)
		t.counter.Expect(fullName(one.is, pipeline.Opened))
	}
	if t.aliases = nil; !state {
		return
	}
	clear(t.saved)
	for _, a := range t.counter.Open() {
		t.saved[a.ID] = t.markOf(a)
	}
	t.stale = nil
	t.noteKept(c)
}

// tell gives this host the events that it is the first to tell. Fresh says which of their names are new.
func (t *term) tell(ctx context.Context, fresh []bool) {
	var news []Event
	for _, e := range t.events {
		var ours []*window.Alert
		for i, a := range e.Alerts {
			if fresh[i] && !t.quiet[fullName(a.ID, e.Name)] {
				ours = append(ours, a)
			}
		}
		fresh = fresh[len(e.Alerts):]
		if e.Alerts = ours; len(ours) > 0 {
			news = append(news, e)
		}
	}
	p := t.unsure
	t.events, t.unsure = nil, nil
	clear(t.quiet)
	switch {
	case p == nil:
	case len(news) == 0:
		t.drop(p.Seq)
	default:
		t.Tell(ctx, news, func() { t.drop(p.Seq) })
	}
}

// verdict is what followers get of an alert.
func (t *term) verdict(a *window.Alert, ended bool) engine.Verdict {
	v := Ruling{ID: a.ID, Incident: a.Incident.ID, Rule: a.Rule.Name, Key: a.Rule.Key.String(), Value: []byte(a.Value),
		Limit: cmp.Or(a.Limit, a.Rule.Limit), Measure: a.Rule.Count.String(), Window: a.Rule.Window.String(),
		Opened: a.Opened, Messages: a.Messages, Peak: a.Peak, Hosts: make(map[string]int64)}
	now, rule := t.merger.Released()-1, a.Rule.String()
	v.Count, v.Over = t.counter.CountAt(a.Rule.Key, []byte(a.Value), now)
	for _, one := range t.counter.Usages(a.Rule.Key, a.Value, now) {
		if t.Rules[one.Rule].String() == rule {
			v.Current = one.Count
		}
	}
	for _, row := range a.Top(window.LogHost, 0) {
		v.Hosts[row.Value] = row.Messages
	}
	return engine.Verdict{ID: a.ID, JSON: written(v), Ended: ended}
}

// state is all that the engine should have.
func (t *term) state() engine.State {
	s := engine.State{Seq: t.seq, Done: t.done(), Told: make(map[string][]byte), Open: make(map[string][]byte),
		Now: make(map[string][]byte)}
	for name, text := range t.kept.fields {
		s.Open[name] = []byte(text)
	}
	for _, a := range t.counter.Open() {
		s.Now[a.ID] = t.verdict(a, false).JSON
	}
	for _, k := range t.ledger.alerts {
		for _, name := range k.names {
			id, _, _ := cutName(name)
			s.Told[name] = written(told{By: t.ledger.told[name], Alert: k.alert, Is: t.ledger.is[id]})
		}
	}
	return s
}

func sortSaved(s *window.Saved) {
	slices.SortFunc(s.Alerts, func(a, b window.SavedAlert) int {
		return cmp.Or(cmp.Compare(a.OpenedAt, b.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Incidents, func(a, b window.SavedIncident) int {
		return cmp.Or(cmp.Compare(a.Ended, b.Ended), cmp.Compare(a.ID, b.ID))
	})
}
