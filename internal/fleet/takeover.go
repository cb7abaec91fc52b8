package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/window"
)

// incidentPrefix begins the names of incidents among the open alerts in the engine.
const incidentPrefix = "incident."

// takeOver counts silently what the last leader has counted, and takes its open alerts from the engine.
func (t *term) takeOver(ctx context.Context) error {
	state, err := t.Engine.State(ctx)
	if err != nil {
		return err
	}
	if state.Seq < t.seen {
		return engine.ErrBehind // the last leader has more
	}
	d, err := t.restore(&state)
	if err != nil {
		return err
	}
	t.merger, t.unbased, t.rereading = merge.NewMerger(never), true, true
	t.found = func(Event) {}
	if t.counter, err = t.newCounter(); err != nil {
		return err
	}
	t.counter.SetSilent(true)
	for name, mark := range d.Streams {
		if s := t.streams[name]; s != nil {
			s.born, s.lost = mark.Born, mark.Lost
			t.streams[name] = s.goBack(mark.Points, t.bases[0].second-t.reach())
		}
	}
	if err := t.awaitStreams(ctx, &d); err != nil {
		return err
	}
	t.rereading = false
	t.noteLost(&d)
	t.countTold(d.Second)
	t.counter.SetSilent(false)
	for _, a := range t.counter.Open() {
		a.ID = cmp.Or(t.ledger.is[a.ID], a.ID)
	}
	t.found, t.kept = t.note, keep(&t.bases[0])
	if len(state.Done) > 0 { // lines may have come too late for the last leader
		t.countAgain(t.kept.second, "")
	}
	return nil
}

// countTold counts silently what the last leader has told of behind the second up to which it had left its state. A
// rewind then finds which of that is so.
func (t *term) countTold(second int64) {
	latest := int64(never)
	for _, k := range t.ledger.alerts {
		latest = max(latest, k.opened, k.ended)
	}
	if latest >= second {
		t.count(latest + 1)
	}
}

// restore reads the state that the last leader has left. What was open at its base is unknown if it has left none, or
// not all of it.
func (t *term) restore(state *engine.State) (d done, err error) {
	t.seq = state.Seq
	for name, blob := range state.Told {
		if err := t.ledger.restore(name, blob); err != nil {
			t.Log.Error("a told event of the fleet can't be understood", "name", name, "error", err)
		}
	}
	for name, blob := range state.Open {
		t.inEngine[name] = string(blob)
	}
	if len(state.Done) > 0 {
		if err := json.Unmarshal(state.Done, &d); err != nil {
			return d, fmt.Errorf("the fleet's state: %w", err)
		}
	} else if !t.FromStart {
		d.Second = t.Now().Unix()
		d.Start, d.Base = d.Second, d.Second
	}
	t.start = d.Start
	b := base{second: d.Base, unknown: true}
	if len(state.Done) > 0 && sumOf(t.inEngine) == d.Sum {
		if b, err = readBase(d.Base, state.Open); err != nil {
			return d, err
		}
	}
	t.bases = []base{b}
	return d, nil
}

// readBase reads a base as the engine has it.
func readBase(second int64, open map[string][]byte) (b base, err error) {
	b.second = second
	for id, blob := range open {
		if name, ok := strings.CutPrefix(id, incidentPrefix); ok {
			var one window.SavedIncident
			if err := json.Unmarshal(blob, &one); err != nil || one.Validate() != nil {
				return b, fmt.Errorf("incident %s of the fleet: %w", name, errBundle)
			}
			b.saved.Incidents = append(b.saved.Incidents, one)
			continue
		}
		var one window.SavedAlert
		if err := json.Unmarshal(blob, &one); err != nil || one.Validate() != nil {
			return b, fmt.Errorf("open alert %s of the fleet: %w", id, errBundle)
		}
		b.saved.Alerts = append(b.saved.Alerts, one)
	}
	sortSaved(&b.saved)
	return b, nil
}

// awaitStreams counts silently until the streams have come to where the last leader has counted them, or a stream that
// is missing has been waited for.
func (t *term) awaitStreams(ctx context.Context, d *done) error {
	patient := t.Now()
	for ctx.Err() == nil {
		before := t.progress()
		more, err := t.poll(ctx)
		if err != nil {
			return err
		}
		if t.progress() != before {
			patient = t.Now()
		}
		t.countThrough(min(t.sure(), d.Second))
		if !more && (t.reached(d) || t.Now().Sub(patient) > t.Patience) {
			t.countThrough(d.Second)
			return nil
		}
		if !more {
			rest(ctx, pollPause)
		}
		if t.Now().Sub(t.looked) >= hostsPause {
			if err := t.lookForHosts(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// progress is a number that changes when a stream has been read further.
func (t *term) progress() (sum uint64) {
	for _, s := range t.streams {
		sum += s.at.Generation<<40 + s.at.Offset
	}
	return sum
}

// reached tells whether all hosts have published again what the last leader has counted.
func (t *term) reached(d *done) bool {
	for host, until := range d.Until {
		if m := t.members[host]; m == nil || m.until < min(until, d.Second) {
			return false
		}
	}
	return true
}

// sure is the second before which all streams have been read, while they are read on.
func (t *term) sure() int64 {
	until := int64(math.MaxInt64)
	for _, s := range t.streams {
		if !s.whole && len(s.hosts) != 1 { // hosts may come whose records are earlier
			return never
		}
		for host := range s.hosts {
			if s.whole {
				until = min(until, t.member(host).until)
			} else {
				until = min(until, t.merger.Host(host).Until)
			}
		}
	}
	return until
}

// mustRewind tells whether lines that came late are to be counted now: the host has caught up, or says nothing more.
// Rewinds take a small share of the time.
func (t *term) mustRewind() bool {
	if t.late == math.MaxInt64 {
		return false
	}
	now := t.Now()
	if now.Sub(t.rewound) < rewindShare*t.rewinding || t.isFilling(now) {
		return false
	}
	for host := range t.lateHosts {
		m := t.members[host]
		if m.until < t.merger.Released() && now.Sub(m.changed) < lateRest && now.Sub(t.lateSince) < t.Patience {
			return false
		}
	}
	return true
}

const (
	rewindShare = 5
	lateRest    = 2 * time.Second
)
