package window

import (
	"maps"
	"slices"
)

// A baseline is how high a value's count has been before. Time is divided into periods as long as the rule's window. A
// window that ends in one period has nothing in common with the periods before the previous one.

// A peakHistory is the highest count in the previous period, and in all periods before that.
type peakHistory struct {
	last, earlier int64
}

// rolled is the history as it is in a later period.
func (p peakHistory) rolled(rc *ruleCount, period int64) peakHistory {
	p.earlier = max(p.earlier, p.last)
	if p.last = rc.peak; period > rc.period+1 {
		p.earlier, p.last = max(p.earlier, rc.peak), 0
	}
	return p
}

// recordPeak raises the peak of the current period to a level.
func (t *counterTable) recordPeak(rc *ruleCount, level, period int64) {
	if period > rc.period {
		if p := t.peaks(rc).rolled(rc, period); p != (peakHistory{}) {
			t.setPeaks(rc, p)
		}
		rc.period, rc.peak = period, 0
	}
	rc.peak = max(rc.peak, level)
}

func (t *counterTable) peaks(rc *ruleCount) peakHistory {
	if rc.peaks == 0 {
		return peakHistory{}
	}
	return *t.peakHistories.At(rc.peaks)
}

func (t *counterTable) setPeaks(rc *ruleCount, p peakHistory) {
	if rc.peaks == 0 {
		rc.peaks = t.peakHistories.Alloc(1)
	}
	*t.peakHistories.At(rc.peaks) = p
}

// How many values of a rule keep their baseline after they have left, and how long such a value may be. Each takes some
// 100 bytes beside its text. When there are too many, those with the lowest counts go.
const (
	maxBaselines    = 1 << 14
	maxBaselineText = 256 // bytes
)

// baselines are the highest counts of a rule's values that have left. A value that never came to two has none.
type baselines map[string]int64

// saveBaseline keeps the highest count of a value that leaves.
func (r *compiledRule) saveBaseline(value []byte, rc *ruleCount) {
	p := r.table.peaks(rc)
	if rc.peaks != 0 {
		r.table.peakHistories.Free(rc.peaks)
	}
	most := max(p.earlier, p.last, rc.peak)
	if most < 2 || len(value) > maxBaselineText {
		return
	}
	if r.baselines[string(value)] >= most {
		return
	}
	if r.baselines == nil {
		r.baselines = make(baselines)
	}
	if len(r.baselines) == maxBaselines {
		middle := slices.Sorted(maps.Values(r.baselines))[maxBaselines/2]
		maps.DeleteFunc(r.baselines, func(_ string, n int64) bool { return n <= middle })
	}
	r.baselines[string(value)] = most
}

// baseline is the highest count in windows that have nothing in common with the current one.
func (t *counterTable) baseline(rc *ruleCount, period int64) int64 {
	p := t.peaks(rc)
	if period > rc.period {
		p = p.rolled(rc, period)
	}
	return p.earlier
}

// setBaseline sets Before of a new alert, if enough of the log is known.
func (c *Counters) setBaseline(a *Alert, r *compiledRule, rc *ruleCount) {
	if a.Opened.Sub(c.since) >= 2*r.Window {
		a.Before, a.BeforeSince = r.table.baseline(rc, c.clock.Now/r.window), c.since
	}
}
