package fleet

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// A derivation is what a rewind finds between the second that it goes back to and the one that had been counted.
type derivation struct {
	events []Event
	alerts []*window.Alert // each once, in the order in which they opened
	ids    map[string]bool // of alerts
}

func (d *derivation) add(a *window.Alert) {
	if !d.ids[a.ID] {
		d.ids[a.ID] = true
		d.alerts = append(d.alerts, a)
	}
}

// countAgain has a rewind count again from a second on. The host's lines came late; "": they may be any host's.
func (t *term) countAgain(from int64, host string) {
	if t.late == math.MaxInt64 {
		t.lateSince = t.Now()
	}
	if t.late = min(t.late, from); host != "" {
		t.lateHosts[host] = true
	}
}

// rewind counts again from a second on, because lines of that time have come late. What had been told of it isn't told
// again. What is new is told. What was told and isn't so is withdrawn.
func (t *term) rewind(ctx context.Context, to int64) error {
	began, reached := t.Now(), t.merger.Released()
	to = max(to, t.bases[0].second)
	hosts := slices.Sorted(maps.Keys(t.lateHosts))
	span := []any{"from", time.Unix(to, 0).UTC(), "to", time.Unix(reached, 0).UTC()}
	if len(hosts) > 0 {
		t.Log.Info("lines of the fleet came late: counting again", append(span, "hosts", hosts)...)
	} else {
		t.Log.Info("counting again what the last leader has counted", span...)
	}
	again, d, err := t.derive(ctx, to, reached)
	if err != nil {
		return err
	}
	t.merger, t.counter, t.streams, t.bases = again.merger, again.counter, again.streams, again.bases
	if b := t.baseBefore(to); t.kept.second > to { // it isn't so
		t.kept = keep(&b)
	}
	again.found = t.note
	for _, a := range again.counter.Open() {
		a.ID = cmp.Or(t.ledger.is[a.ID], a.ID)
		d.add(a) // those that were open before
	}
	t.dropHeld(to)
	t.reconcile(d, to, reached, hosts)
	t.found = t.note
	t.forgetLost()
	t.late, t.lateHosts = math.MaxInt64, make(map[string]bool)
	t.rewound = t.Now()
	t.rewinding = t.rewound.Sub(began)
	t.stats.Rewinds++
	clear(t.saved)
	return nil
}

// derive counts from a second to another one in counters of its own, which it returns in a term.
func (t *term) derive(ctx context.Context, from, to int64) (*term, *derivation, error) {
	again := newTerm(t.Leader, t.token)
	again.bases, again.kept, again.unbased = t.basesBefore(from), t.kept, true
	start := again.bases[len(again.bases)-1].second - t.reach()
	again.ledger, again.rereading, again.seq, again.start = t.ledger, true, t.seq, t.start
	again.lost = t.lost
	again.foreign, again.stats.Foreign = t.foreign, 0
	again.merger = merge.NewMerger(never)
	for host := range t.members { // where a stream has been read to its goal, nothing more comes
		again.member(host).until = math.MaxInt64
	}
	goals := make(map[string]engine.ID)
	for name, s := range t.streams {
		goals[name] = s.at
		again.streams[name] = s.goBack(s.points, start)
	}
	d := &derivation{ids: make(map[string]bool)}
	again.found = func(e Event) { d.note(t, e) }
	var err error
	if again.counter, err = again.newCounter(); err != nil {
		return nil, nil, err
	}
	again.counter.SetSilent(true)
	for begun := false; ; {
		more, err := again.pollTo(ctx, goals)
		if err == nil {
			err = t.beat(ctx)
		}
		if err != nil {
			return nil, nil, err
		}
		sure := again.sure()
		if again.countThrough(min(sure, from)); sure >= from && !begun {
			begun = true
			again.counter.SetSilent(false)
		}
		if again.count(min(sure, to)); !more {
			break
		}
	}
	again.members, again.rereading = t.members, false
	return again, d, nil
}

// note notes an event of the derivation. Of what has been told only the alert matters.
func (d *derivation) note(t *term, e Event) {
	for _, a := range e.Alerts {
		d.add(a)
	}
	one := Event{Name: e.Name}
	for _, a := range e.Alerts {
		if s := a.Summary(); t.ledger.has(a.ID, e.Name) && !t.ledger.isWithdrawn(a.ID) {
			one.Alerts = append(one.Alerts, s)
		} else {
			one.Alerts = append(one.Alerts, a.Snapshot())
		}
	}
	d.events = append(d.events, one)
}

// errLost says that the engine has lost a stream that is being read again.
var errLost = errors.New("the engine has lost what was to be counted again")

// pollTo reads the streams up to goals. more says that they have not been reached.
func (t *term) pollTo(ctx context.Context, goals map[string]engine.ID) (more bool, err error) {
	var cursors []engine.Cursor
	for name, s := range t.streams {
		if s.whole = s.at.Compare(goals[name]) >= 0; !s.whole {
			cursors = append(cursors, engine.Cursor{Stream: name, After: s.at})
		}
	}
	if len(cursors) == 0 {
		return false, nil
	}
	polled, err := t.Engine.Poll(ctx, cursors, pollMost)
	if err != nil {
		return false, err
	}
	for _, p := range polled {
		s, goal := t.streams[p.Stream], goals[p.Stream]
		switch {
		case s.born != p.End.Born || p.End.ID.Compare(goal) < 0:
			return false, errLost // the next poll sees that, too
		case len(p.Entries) == 0: // the rest was trimmed
			s.at = goal
		}
		for _, e := range p.Entries {
			if e.ID.Compare(goal) > 0 {
				s.at = goal
				break
			}
			t.push(s, e)
			s.at = e.ID
		}
	}
	return true, nil
}

// reconcile compares what was derived from a second on with what had been told up to another one.
func (t *term) reconcile(d *derivation, from, to int64, late []string) {
	taken := make(map[string]bool) // ids of told alerts that were found again
	for _, a := range d.alerts {
		if t.ledger.knows(a.ID) {
			taken[a.ID] = true
		}
	}
	for _, a := range d.alerts {
		if t.ledger.isWithdrawn(a.ID) { // it is one after all
			t.call(a, t.ledger.unused(a.ID))
			continue
		} else if t.ledger.knows(a.ID) {
			continue
		}
		ended := int64(0)
		if !a.Ended.IsZero() {
			ended = a.Ended.Unix()
		}
		first := t.ledger.find(a.Rule.String(), a.Value, a.Opened.Unix(), ended,
			func(id string) bool { return !taken[id] })
		if first == "" {
			continue
		}
		taken[first] = true
		t.call(a, first)
	}
	t.held = slices.DeleteFunc(t.held, func(e Event) bool { // it was one after all
		return e.Name == pipeline.Withdrawn && taken[e.Alerts[0].ID]
	})
	t.noteFound(d)
	t.withdraw(from, to, taken, late)
}

// noteFound notes the events of a derivation, and the openings before it that nobody was told of.
func (t *term) noteFound(d *derivation) {
	opened := make(map[string]bool)
	for _, e := range d.events {
		for _, a := range e.Alerts {
			a.ID = cmp.Or(t.ledger.is[a.ID], a.ID)
			opened[a.ID] = opened[a.ID] || e.Name == pipeline.Opened
		}
	}
	for _, a := range d.alerts {
		if !opened[a.ID] {
			t.note(Event{Name: pipeline.Opened, Alerts: []*window.Alert{a}})
		}
	}
	for _, e := range d.events {
		t.note(e)
	}
}

// call gives an alert the id under which it is told.
func (t *term) call(a *window.Alert, id string) {
	t.ledger.is[a.ID] = id
	t.aliases = append(t.aliases, alias{a.ID, id, a.Summary()})
	a.ID = id
}

// withdraw withdraws what was told of alerts between two seconds that are not among those found again.
func (t *term) withdraw(from, to int64, taken map[string]bool, late []string) {
	for _, id := range slices.Sorted(maps.Keys(t.ledger.alerts)) {
		k := t.ledger.alerts[id]
		if taken[id] || k.withdrawn || k.alias || k.opened < from || k.opened >= to {
			continue
		}
		a := k.alert.alert()
		a.ID = id
		t.note(Event{Name: pipeline.Withdrawn, Alerts: []*window.Alert{a}, Late: late})
	}
}
