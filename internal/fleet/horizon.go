package fleet

import (
	"math"
	"slices"
	"time"
)

// never is before all seconds, and so far from the bounds of int64 that others may be added and taken away.
const never = math.MinInt64 / 2

// A progress is how far a host's records are here.
type progress struct {
	until   int64     // before it, all of the host's records have been pushed
	changed time.Time // when until last grew
	behind  time.Time // since when it is so far behind the others that the fleet doesn't wait; zero: it isn't
}

// lives tells whether the host has made progress lately.
func (p *progress) lives(now time.Time, patience time.Duration) bool {
	return now.Sub(p.changed) <= patience
}

// isWaitedFor tells whether the fleet waits for the host: it lives, and hasn't long been before least, a second of
// leastOf.
func (p *progress) isWaitedFor(least int64, now time.Time, patience time.Duration) bool {
	if p.until >= least {
		p.behind = time.Time{}
	} else if p.behind.IsZero() {
		p.behind = now
	}
	return p.lives(now, patience) && (p.behind.IsZero() || now.Sub(p.behind) <= patience)
}

// leastOf is the second before which a host is behind the living ones.
func leastOf(untils []int64, now time.Time, patience time.Duration) int64 {
	return usualOf(untils, now.Unix()) - int64(patience/time.Second)
}

// A member is a host of the fleet.
type member struct {
	progress
	again int64 // before it, records are read again, and have been counted
	slack int64 // by how many seconds it has said too much
}

func (t *term) member(host string) *member {
	m := t.members[host]
	if m == nil {
		m = &member{progress: progress{until: never, changed: t.Now()}, again: math.MinInt64}
		t.members[host] = m
	}
	return m
}

// usualOf is how far most hosts are: the median. Of two hosts it is the one that is nearer to the time now.
func usualOf(untils []int64, now int64) int64 {
	slices.Sort(untils)
	if len(untils) == 2 && untils[1]-now > now-untils[0] {
		return untils[0]
	}
	return untils[len(untils)/2]
}

// horizon is the second before which all hosts have published everything that the fleet waits for.
func (t *term) horizon() int64 {
	now, until := t.Now(), int64(math.MaxInt64)
	var live []int64
	for _, m := range t.members {
		if m.lives(now, t.Patience) {
			live = append(live, m.until)
		}
	}
	if len(live) == 0 {
		return never
	}
	least := leastOf(live, now, t.Patience)
	t.stats.Behind = t.stats.Behind[:0]
	for name, m := range t.members {
		if m.isWaitedFor(least, now, t.Patience) {
			until = min(until, m.until)
		} else {
			t.stats.Behind = append(t.stats.Behind, name)
		}
	}
	slices.Sort(t.stats.Behind)
	return until
}
