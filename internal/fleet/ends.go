package fleet

import (
	"slices"
	"time"

	"exiwatch/internal/pipeline"
)

// endPatience is how long the end of an alert waits for a host that is silent. Its lines may show that the alert goes
// on, and an end that was told stands. Nobody is in a hurry to hear of an end.
const endPatience = time.Minute

// endMargin is by how many seconds a host's clock may have run ahead of its lines, which then come late.
const endMargin = 5

// hold keeps the end of an alert back until no host can have earlier lines.
func (t *term) hold(e Event) { t.held = append(t.held, e) }

// endOf is the second at which the alert of an event has ended.
func endOf(e *Event) int64 { return e.Alerts[0].Ended.Unix() }

// takeEnds has those ends told that no host can change any more.
func (t *term) takeEnds() {
	if len(t.held) == 0 {
		return
	}
	sure, now := min(t.merger.Released(), t.late), t.Now() // late lines may be waiting for a rewind
	for _, m := range t.members {
		if now.Sub(m.changed) <= endPatience {
			sure = min(sure, m.until)
		}
	}
	var kept []Event
	for _, e := range t.held {
		if endOf(&e) < sure-endMargin {
			t.events = append(t.events, e)
		} else {
			kept = append(kept, e)
		}
	}
	t.held = kept
}

// dropEnds forgets ends from a second on: a rewind finds them again, or others. The ledger knows of the ends that are
// left: what opens later is another alert.
func (t *term) dropEnds(from int64) {
	t.held = slices.DeleteFunc(t.held, func(e Event) bool {
		at := endOf(&e)
		if k := t.ledger.alerts[e.Alerts[0].ID]; k != nil && at >= from {
			k.ended = 0
		} else if k != nil {
			k.ended = max(at, 1)
		}
		return at >= from
	})
}

// firstEnd is the second of the earliest end that is held; 0: none is. A next leader counts again from there on.
func (t *term) firstEnd() (second int64) {
	for _, e := range t.held {
		if at := endOf(&e); second == 0 || at < second {
			second = at
		}
	}
	return second
}

// isEnd tells whether an event is the end of an alert, which may be held.
func isEnd(e *Event) bool { return e.Name == pipeline.Ended }
