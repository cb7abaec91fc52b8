package window

import "slices"

// A gauge's habit is how high its count has been, in periods as long as the rule's window. A window that ends in one
// of them has nothing to do with those before the last.

// A past is the highest counts in the last period and in all before that.
type past struct {
	last, earlier int64
	next          uint32
}

// turned is the past as it is in a later period.
func (p past) turned(g *gauge, period int64) past {
	p.earlier = max(p.earlier, p.last)
	if p.last = g.most; period > g.period+1 {
		p.earlier, p.last = max(p.earlier, g.most), 0
	}
	return p
}

// note puts a gauge's count into its habit.
func (f *family) note(g *gauge, period int64) {
	if period > g.period {
		if p := f.past(g).turned(g, period); p != (past{}) {
			f.remember(g, p)
		}
		g.period, g.most = period, 0
	}
	g.most = max(g.most, g.count)
}

func (f *family) past(g *gauge) past {
	if g.past == 0 {
		return past{}
	}
	return *f.pasts.at(g.past)
}

func (f *family) remember(g *gauge, p past) {
	if g.past == 0 {
		g.past = f.unusedPast()
	}
	*f.pasts.at(g.past) = p
}

func (f *family) unusedPast() uint32 {
	if p := f.freePast; p != 0 {
		f.freePast = f.pasts.at(p).next
		return p
	}
	if f.pasts.len == 0 {
		f.pasts.grow(1)
	}
	return f.pasts.grow(1)
}

// How many values of a rule are remembered after they have left, and how long they may be: some 100 bytes each beside
// their text. Beyond it those go that had the lowest counts.
const (
	maxHabits    = 1 << 14
	maxHabitText = 256 // bytes
)

// habits are the highest counts that values of a rule had when they left last. One that never came to two is not
// among them.
type habits map[string]int64

// keep remembers what is known of a gauge that goes.
func (f *family) keep(rule int, value []byte, g *gauge) {
	p := f.past(g)
	if g.past != 0 {
		f.pasts.at(g.past).next = f.freePast
		f.freePast = g.past
	}
	most := max(p.earlier, p.last, g.most)
	if most < 2 || len(value) > maxHabitText {
		return
	}
	h := &f.habits[rule]
	if *h == nil {
		*h = make(habits)
	}
	if known, ok := (*h)[string(value)]; ok && known >= most {
		return
	}
	if len(*h) == maxHabits {
		h.halve()
	}
	(*h)[string(value)] = most
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
func (f *family) resume(rule int, value []byte, g *gauge) {
	if most, ok := f.habits[rule][string(value)]; ok {
		f.remember(g, past{earlier: most})
	}
}

// before is the highest count of a gauge in windows that have nothing in common with the one of now.
func (f *family) before(g *gauge, period int64) int64 {
	p := f.past(g)
	if period > g.period {
		p = p.turned(g, period)
	}
	return p.earlier
}

// recall tells a new alert what its value has done before, if the log is known for long enough.
func (c *Counters) recall(a *Alert, f *family, g *gauge) {
	if a.Opened.Sub(c.since) < 2*a.Rule.Window {
		return
	}
	a.Before, a.BeforeSince = f.before(g, c.clock.now/windowSeconds(&a.Rule)), c.since
}
