package fleet

import (
	"maps"
	"time"
)

// lostLines are lines of a host that had been counted, and that the engine has lost. The host publishes them again.
type lostLines struct {
	until int64 // before this second
	since time.Time
}

// lostPatience is how long rewinds wait for lines that are lost: they would be counted without them.
const lostPatience = time.Minute

// noteLost notes hosts of which the last leaders had counted lines that the engine doesn't have.
func (t *term) noteLost(d *done) {
	counted := make(map[string]int64)
	maps.Copy(counted, d.Lost)
	for host, until := range d.Until {
		counted[host] = max(counted[host], min(until, d.Second))
	}
	for host, until := range counted {
		if m := t.members[host]; m == nil || m.until < until {
			t.lost[host] = lostLines{until, t.Now()}
		}
	}
}

// noteFilled notes that a host has published everything before a second. If it had lost lines, there may be some among
// them that were never counted: they are passed over, and a rewind counts them.
func (t *term) noteFilled(host string, until int64) {
	if l, ok := t.lost[host]; ok && until >= l.until {
		delete(t.lost, host)
		t.member(host).again = never
		t.countAgain(t.kept.second, host)
	}
}

// isFilling tells whether lines that are lost may soon be there again.
func (t *term) isFilling(now time.Time) bool {
	for _, l := range t.lost {
		if now.Sub(l.since) < lostPatience {
			return true
		}
	}
	return false
}

// forgetLost has lines that are lost count when they come: a rewind has counted without them.
func (t *term) forgetLost() {
	for host := range t.lost {
		t.member(host).again = never
	}
}
