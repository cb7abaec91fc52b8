package suggest

import (
	"cmp"
	"math"
	"slices"

	"exiwatch/window"
)

// peaks are the highest counts that each value of a rule's key had in one window. They are what the counters say
// after each arrival, so that a limit is crossed by just those values whose peak is over it, whatever the rule
// counts.
type peaks struct {
	rule     window.Rule
	counters *window.Counters
	scope    int // of window.Counters.Scopes
	highest  map[string]int64
	short    bool // not all could be held: counts may be too low
}

// uncapped is the rule without a limit: no alert opens, of which only so many may be open.
func (p *peaks) uncapped() window.Rule {
	rule := p.rule
	rule.Limit, rule.Except = math.MaxInt64, nil
	return rule
}

// reset lets another log begin, which is counted by itself.
func (p *peaks) reset() (err error) {
	p.finish()
	p.counters, err = window.New([]window.Rule{p.uncapped()})
	return err
}

// finish notes what the bounds on memory have cost.
func (p *peaks) finish() {
	if p.counters != nil {
		stats := p.counters.Stats()
		p.short = p.short || stats.DroppedKeys+stats.MergedArrivals > 0
	}
}

// count takes an arrival. It leaves out a value that has a limit of its own, which isn't asked about.
func (p *peaks) count(a *window.Arrival) {
	value := a.Values[p.rule.Key]
	if value == nil || a.Outside>>p.scope&1 != 0 ||
		slices.ContainsFunc(p.rule.Except, func(e window.Exception) bool { return e.Match(string(value)) }) {
		return
	}
	own := *a
	own.Outside = 0 // these counters have one scope alone
	p.counters.Count(&own)
	count, _ := p.counters.CountNow(p.rule.Key, value)
	if peak, known := p.highest[string(value)]; !known || count > peak {
		p.highest[string(value)] = count
	}
}

// A peak is a value with its highest count.
type peak struct {
	value string
	count int64
}

// ranked gives the peaks, the highest first, ties by value downwards.
func (p *peaks) ranked() []peak {
	all := make([]peak, 0, len(p.highest))
	for value, count := range p.highest {
		all = append(all, peak{value, count})
	}
	slices.SortFunc(all, func(a, b peak) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.value, a.value))
	})
	return all
}
