package fleet

import (
	"encoding/json"
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// An Event is something in the life of alerts of the fleet that is to be told, once.
type Event struct {
	// Name is pipeline.Opened, what pipeline.Grew returns, pipeline.Ended or pipeline.Withdrawn.
	Name string
	// Alerts are as they were then: of one incident if they opened, else one.
	Alerts []*window.Alert
	// Late are the hosts whose lines came late, and so changed what was told; of withdrawn alerts only.
	Late []string
}

// fullName is the name of an alert's event in the engine and in the spool.
func fullName(id, event string) string { return id + "." + event }

// A savedEvent is an Event in the file of pending ones.
type savedEvent struct {
	Name   string       `json:"name"`
	Alerts []savedAlert `json:"alerts"`
	Late   []string     `json:"late,omitempty"`
}

// A savedAlert is an alert that may have ended.
type savedAlert struct {
	window.SavedAlert
	Incidents window.SavedIncident `json:"of"`
	Ended     time.Time            `json:"ended,omitzero"`
	Closes    bool                 `json:"closes,omitempty"`
}

func saveEvent(e *Event) savedEvent {
	s := savedEvent{Name: e.Name, Late: e.Late}
	for _, a := range e.Alerts {
		s.Alerts = append(s.Alerts, saveAlert(a))
	}
	return s
}

func saveAlert(a *window.Alert) savedAlert {
	return savedAlert{SavedAlert: a.Save(), Incidents: a.Incident.Save(), Ended: a.Ended, Closes: a.Closes}
}

func (s *savedEvent) event() Event {
	e := Event{Name: s.Name, Late: s.Late}
	for i := range s.Alerts {
		e.Alerts = append(e.Alerts, s.Alerts[i].alert())
	}
	return e
}

func (s *savedAlert) alert() *window.Alert {
	a := s.Alert()
	a.Incident, a.Ended, a.Closes = s.Incidents.Incident(), s.Ended, s.Closes
	return a
}

// A told event is what the engine keeps of it, so that nobody tells it again.
type told struct {
	By    string     `json:"by"` // token of the leader that told it
	Alert savedAlert `json:"alert"`
	// Is is the id under which the alert was told first: a part of the order came late.
	Is string `json:"is,omitempty"`
}

// blob is a told event of an alert, without its values.
func (t *term) blob(a *window.Alert, is string) []byte {
	return written(told{By: t.token, Alert: trimmed(a), Is: is})
}

// trimmed is an alert without its values.
func trimmed(a *window.Alert) savedAlert {
	s := saveAlert(a)
	s.Trim(0)
	s.Chart.Bars = nil
	return s
}

// A knownAlert is an alert that was told.
type knownAlert struct {
	alert     savedAlert
	opened    int64 // second of the clock
	ended     int64 // 0: it is open, as far as was told
	withdrawn bool
	alias     bool     // it was never told: the alert is another one's, see ledger.is
	names     []string // of its events
}

// touches tells whether the alert was open at some second from opened to ended; 0: that is still to come.
func (k *knownAlert) touches(opened, ended int64) bool {
	return (ended == 0 || k.opened <= ended) && (k.ended == 0 || opened <= k.ended)
}

// ledger is what was told of which alerts.
type ledger struct {
	told   map[string]string      // by full names: the token of who told it
	alerts map[string]*knownAlert // by id
	is     map[string]string      // the id under which an alert was told, by its own
}

func newLedger() ledger {
	return ledger{make(map[string]string), make(map[string]*knownAlert), make(map[string]string)}
}

// has tells whether an event was told.
func (l *ledger) has(id, event string) bool {
	_, ok := l.told[fullName(id, event)]
	return ok
}

// restore notes what the engine has of an event.
func (l *ledger) restore(name string, blob []byte) error {
	id, event, ok := cutName(name)
	var t told
	if err := json.Unmarshal(blob, &t); err != nil || !ok {
		return errBundle
	}
	if err := t.Alert.Validate(); err != nil {
		return err
	}
	if t.Is != "" {
		l.is[id] = t.Is
	}
	l.note(id, event, t.Alert, t.By)
	return nil
}

// note notes an event of an alert as told.
func (l *ledger) note(id, event string, a savedAlert, by string) {
	name := fullName(id, event)
	l.told[name] = by
	k := l.alerts[id]
	if k == nil {
		k = &knownAlert{alert: a, opened: a.OpenedAt}
		l.alerts[id] = k
	}
	k.names = append(k.names, name)
	switch event {
	case pipeline.Opened:
		k.opened = a.OpenedAt
	case pipeline.Ended:
		k.alert, k.ended = a, max(a.Ended.Unix(), 1)
	case pipeline.Withdrawn:
		k.withdrawn = true
	case is:
		k.alias = true
	}
}

// knows tells whether an alert was told under its id.
func (l *ledger) knows(id string) bool {
	k := l.alerts[id]
	return k != nil && !k.alias
}

// isWithdrawn tells whether an alert was told under its id, and withdrawn.
func (l *ledger) isWithdrawn(id string) bool { return l.knows(id) && l.alerts[id].withdrawn }

// unused is an id like another one, under which nothing was told.
func (l *ledger) unused(id string) string {
	for l.alerts[id] != nil {
		id += "x"
	}
	return id
}

// forget forgets alerts that ended before a second, and returns their names. An alias goes with its alert.
func (l *ledger) forget(before int64) (names []string) {
	for id, k := range l.alerts {
		over := k.ended
		if k.withdrawn {
			over = max(k.opened, k.ended)
		}
		if k.alias && !l.knows(l.is[id]) {
			over = k.opened
		}
		if over == 0 || over >= before {
			continue
		}
		names = append(names, k.names...)
		delete(l.alerts, id)
	}
	for _, name := range names {
		id, _, _ := cutName(name)
		delete(l.told, name)
		delete(l.is, id)
	}
	slices.Sort(names)
	return names
}

// find returns the alert that was told of the same rule and value, and that touches an episode; "" if there is none.
func (l *ledger) find(rule, value string, opened, ended int64, fits func(id string) bool) (found string) {
	for id, k := range l.alerts {
		if !k.withdrawn && !k.alias && k.alert.Rule == rule && string(k.alert.Value) == value &&
			k.touches(opened, ended) && fits(id) && (found == "" || k.opened < l.alerts[found].opened) {
			found = id
		}
	}
	return found
}
