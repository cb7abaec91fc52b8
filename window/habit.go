package window

import (
	"slices"
	"time"
)

// A habit is how high a gauge's count has been, in periods as long as the rule's window. A window that ends in one of them has
// nothing to do with those before the last.
type habit struct {
	period             int64 // the one of now
	now, last, earlier int64 // the highest count in it, in the one before, and in all before that
}

// turn moves on to a period.
func (h *habit) turn(period int64) {
	if period <= h.period {
		return
	}
	h.earlier = max(h.earlier, h.last)
	if h.last = h.now; period > h.period+1 {
		h.earlier, h.last = max(h.earlier, h.now), 0
	}
	h.period, h.now = period, 0
}

func (h *habit) note(count, period int64) {
	h.turn(period)
	h.now = max(h.now, count)
}

// How many values of a rule are remembered after they have left, and how long they may be: some 100 bytes each beside
// their text. Beyond it those go that had the lowest counts.
const (
	maxHabits    = 1 << 14
	maxHabitText = 256 // bytes
)

// habits are the highest counts of values that have no counter at present. One that never came to two is not among them.
type habits map[string]int64

func (h *habits) keep(value string, g *gauge) {
	most := max(g.habit.earlier, g.habit.last, g.habit.now)
	if most < 2 || len(value) > maxHabitText {
		return
	}
	if *h == nil {
		*h = make(habits)
	}
	if len(*h) == maxHabits {
		h.halve()
	}
	(*h)[value] = most
}

func (h *habits) halve() {
	counts := make([]int64, 0, len(*h))
	for _, n := range *h {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	middle := counts[len(counts)/2]
	for value, n := range *h {
		if n <= middle {
			delete(*h, value)
		}
	}
}

// resume gives a new gauge what is remembered of its value.
func (h habits) resume(value string, g *gauge) {
	if most, ok := h[value]; ok {
		g.habit.earlier = most
		delete(h, value)
	}
}

// before is the highest count of a gauge in windows that have nothing in common with the one of now.
func (h habit) before(period int64) int64 {
	h.turn(period)
	return h.earlier
}

// recall tells a new alert what its value has done before, if the log is known for long enough.
func (c *Counters) recall(a *Alert, g *gauge) {
	if a.Opened.Sub(c.since) < 2*a.Rule.Window {
		return
	}
	a.Before, a.BeforeSince = g.habit.before(c.clock.now/int64(a.Rule.Window/time.Second)), c.since
}
