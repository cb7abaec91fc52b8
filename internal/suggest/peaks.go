package suggest

import (
	"cmp"
	"math"
	"slices"
	"time"

	"exiwatch/window"
)

// peaks are the highest counts that each value of a rule's key had in one window. They are what the counters say
// after each arrival, so that a limit is crossed by just those values whose peak is over it, whatever the rule
// counts.
type peaks struct {
	rule     window.Rule
	counters *window.Counters
	except   []window.Exception
	scope    int // of window.Counters.Scopes
	byValue  map[string]int64
	short    bool // not all could be held: counts may be too low
}

func newPeaks(rule window.Rule) (*peaks, error) {
	except := rule.Except
	rule.Limit, rule.Except = math.MaxInt64, nil // no alert opens, of which only so many may be open
	p := &peaks{rule: rule, except: except, byValue: make(map[string]int64)}
	return p, p.reset()
}

// reset lets another log begin, which is counted by itself.
func (p *peaks) reset() (err error) {
	p.finish()
	p.counters, err = window.New([]window.Rule{p.rule})
	return err
}

// finish notes what the bounds on memory have cost.
func (p *peaks) finish() {
	if p.counters != nil {
		stats := p.counters.Stats()
		p.short = p.short || stats.DroppedKeys+stats.MergedArrivals > 0
	}
}

func (p *peaks) advance(at time.Time) { p.counters.Advance(at) }

func (p *peaks) count(a *window.Arrival) {
	value := a.Values[p.rule.Key]
	if value == nil || a.Outside>>p.scope&1 != 0 || p.isExcepted(string(value)) {
		return
	}
	own := *a
	own.Outside = 0 // these counters have one scope alone
	p.counters.Count(&own)
	count, _ := p.counters.CountNow(p.rule.Key, value)
	if peak, known := p.byValue[string(value)]; !known || count > peak {
		p.byValue[string(value)] = count
	}
}

// isExcepted tells whether the value has a limit of its own, which isn't asked about.
func (p *peaks) isExcepted(value string) bool {
	return slices.ContainsFunc(p.except, func(e window.Exception) bool { return e.Match(value) })
}

// A peak is a value with its highest count.
type peak struct {
	value string
	count int64
}

// sorted gives the peaks, the highest first, ties by value downwards.
func (p *peaks) sorted() []peak {
	all := make([]peak, 0, len(p.byValue))
	for value, count := range p.byValue {
		all = append(all, peak{value, count})
	}
	slices.SortFunc(all, func(a, b peak) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.value, a.value))
	})
	return all
}
