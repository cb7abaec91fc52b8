package fleet

import (
	"slices"
	"time"

	"exiwatch/internal/pipeline"
)

// endPatience is how long the end of an alert waits for a host that is silent, and a withdrawal: what was told of these
// stands, and the host's lines may show that it isn't so. Nobody is in a hurry to hear of them.
const endPatience = 10 * time.Minute

// endMargin is by how many seconds a host's clock may have run ahead of its lines, which then come late.
const endMargin = 5

// isFinal tells whether an event can't be taken back: the end of an alert, or its withdrawal. It is held.
func isFinal(e *Event) bool { return e.Name == pipeline.Ended || e.Name == pipeline.Withdrawn }

// finalAt is the second of a final event: lines before it may show that it isn't so.
func finalAt(e *Event) int64 {
	if e.Name == pipeline.Ended {
		return e.Alerts[0].Ended.Unix()
	}
	return e.Alerts[0].Opened.Unix()
}

// hold keeps a final event back until no host can have earlier lines.
func (t *term) hold(e Event) {
	t.held, t.stale = append(t.held, e), append(t.stale, e.Alerts...)
}

// known is the second before which all lines of the fleet have been counted, and none can come late: those of a host
// that has been silent for endPatience excepted.
func (t *term) known() int64 {
	now, until := t.Now(), min(t.merger.Released(), t.late)
	for _, m := range t.members {
		if now.Sub(m.changed) <= endPatience {
			until = min(until, m.until)
		}
	}
	for _, l := range t.lost {
		if now.Sub(l.since) <= endPatience {
			return never
		}
	}
	return until
}

// takeHeld has those final events told that no host can change any more.
func (t *term) takeHeld() {
	if len(t.held) == 0 {
		return
	}
	known := t.known()
	t.held = slices.DeleteFunc(t.held, func(e Event) bool {
		if known <= finalAt(&e)+endMargin {
			return false
		}
		t.events = append(t.events, e)
		return true
	})
}

// dropHeld forgets final events from a second on: a rewind finds them again, or others. The ledger knows of the ends
// that are left: what opens later is another alert.
func (t *term) dropHeld(from int64) {
	t.held = slices.DeleteFunc(t.held, func(e Event) bool {
		at := finalAt(&e)
		if k := t.ledger.alerts[e.Alerts[0].ID]; k != nil && e.Name == pipeline.Ended {
			if k.ended = 0; at < from {
				k.ended = max(at, 1)
			}
		}
		return at >= from
	})
}

// firstHeld is the second of the earliest event that is held; 0: none is. A next leader counts again from there on.
func (t *term) firstHeld() (second int64) {
	for _, e := range t.held {
		if at := finalAt(&e); second == 0 || at < second {
			second = at
		}
	}
	return second
}
