package window

import "slices"

// A gauge's habit is how high its count has been, in periods as long as the rule's window. A window that ends in one
// of them has nothing to do with those before the last.

// A past is the highest counts in the last period and in all before that.
type peakHistory struct {
	last, earlier int64
	next          uint32
}

// rolled is the past as it is in a later period.
func (p peakHistory) rolled(g *ruleCount, period int64) peakHistory {
	p.earlier = max(p.earlier, p.last)
	if p.last = g.peak; period > g.period+1 {
		p.earlier, p.last = max(p.earlier, g.peak), 0
	}
	return p
}

// recordPeak puts a gauge's count into its habit.
func (t *counterTable) recordPeak(g *ruleCount, period int64) {
	if period > g.period {
		if p := t.peaks(g).rolled(g, period); p != (peakHistory{}) {
			t.setPeaks(g, p)
		}
		g.period, g.peak = period, 0
	}
	g.peak = max(g.peak, g.count)
}

func (t *counterTable) peaks(g *ruleCount) peakHistory {
	if g.peaks == 0 {
		return peakHistory{}
	}
	return *t.peakHistories.At(g.peaks)
}

func (t *counterTable) setPeaks(g *ruleCount, p peakHistory) {
	if g.peaks == 0 {
		g.peaks = t.allocPeaks()
	}
	*t.peakHistories.At(g.peaks) = p
}

func (t *counterTable) allocPeaks() uint32 {
	if p := t.freePeaks; p != 0 {
		t.freePeaks = t.peakHistories.At(p).next
		return p
	}
	return t.peakHistories.Alloc(1)
}

// How many values of a rule are remembered after they have left, and how long they may be: some 100 bytes each beside
// their text. Beyond it those go that had the lowest counts.
const (
	maxBaselines    = 1 << 14
	maxBaselineText = 256 // bytes
)

// baselines are the highest counts that values of a rule had when they left last. One that never came to two is not
// among them.
type baselines map[string]int64

// saveBaseline remembers what is known of a gauge that goes.
func (t *counterTable) saveBaseline(rule int, value []byte, g *ruleCount) {
	p := t.peaks(g)
	if g.peaks != 0 {
		t.peakHistories.At(g.peaks).next = t.freePeaks
		t.freePeaks = g.peaks
	}
	most := max(p.earlier, p.last, g.peak)
	if most < 2 || len(value) > maxBaselineText {
		return
	}
	h := &t.baselines[rule]
	if *h == nil {
		*h = make(baselines)
	}
	if known, ok := (*h)[string(value)]; ok && known >= most {
		return
	}
	if len(*h) == maxBaselines {
		h.dropLower()
	}
	(*h)[string(value)] = most
}

func (h *baselines) dropLower() {
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

// loadBaseline gives a new gauge what is remembered of its value.
func (t *counterTable) loadBaseline(rule int, value []byte, g *ruleCount) {
	if most, ok := t.baselines[rule][string(value)]; ok {
		t.setPeaks(g, peakHistory{earlier: most})
	}
}

// baseline is the highest count of a gauge in windows that have nothing in common with the one of now.
func (t *counterTable) baseline(g *ruleCount, period int64) int64 {
	p := t.peaks(g)
	if period > g.period {
		p = p.rolled(g, period)
	}
	return p.earlier
}

// setBaseline tells a new alert what its value has done before, if the log is known for long enough.
func (c *Counters) setBaseline(a *Alert, f *counterTable, g *ruleCount) {
	if a.Opened.Sub(c.since) < 2*a.Rule.Window {
		return
	}
	a.Before, a.BeforeSince = f.baseline(g, c.clock.now/windowSeconds(&a.Rule)), c.since
}
