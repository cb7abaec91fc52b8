package window

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"time"
)

// Counters count arrivals under a set of rules. They belong to one goroutine.
type Counters struct {
	clock         clock
	since         time.Time // the first stamp
	arrivals      arrivalLog
	longest       int64 // window of all rules, seconds
	rules         []*compiledRule
	tables        []*counterTable // one for each key and scope
	keys          []Key           // of the rules
	seed          maphash.Seed
	valueHashes   []uint32 // hashes of these keys' values in the arrival being counted
	scopes        []string
	brief         bool
	anomalies     bool           // rules count them in every scope
	hashes        distinctHashes // of the arrival being counted
	exceptionEnds []exceptionEnd // still to come, the next one first

	open   map[openKey]*openAlert
	queue  expiryQueue
	opened uint64   // alerts, ever
	ended  []*Alert // not yet returned by Advance
	found  []rowPos // of crossed
	topic  []byte   // of row

	limits             limits
	budget             memoryBudget
	forgotten, refused int // rows and alerts, ever
}

// compiledRule is a rule and where it is counted.
type compiledRule struct {
	Rule
	text  string // Rule.String()
	table *counterTable
	index int // in family.rules
}

// New returns counters for the rules, which must be valid and differ in more than their names: alerts of two rules that
// read the same would have the same ID. A rule without a name is called by its text.
func New(rules []Rule) (*Counters, error) { return newLimited(rules, defaultLimits) }

func newLimited(rules []Rule, limits limits) (*Counters, error) {
	c := &Counters{clock: newClock(), arrivals: arrivalLog{kept: allKeys}, seed: maphash.MakeSeed(), topic: []byte{},
		open: make(map[openKey]*openAlert), limits: limits}
	c.budget.limits = &c.limits
	named := make(map[string]string)
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("rule %q: %w", cmp.Or(r.Name, r.String()), err)
		}
		text := r.String()
		r.Name = cmp.Or(r.Name, text)
		if other, ok := named[text]; ok {
			return nil, fmt.Errorf("rule %q: the same as rule %q", r.Name, other)
		}
		named[text] = r.Name
		if c.addRule(r); len(c.scopes) > maxScopes {
			return nil, fmt.Errorf("rule %q: its scope is one more than %d", r.Name, maxScopes)
		}
	}
	slices.SortStableFunc(c.exceptionEnds, func(a, b exceptionEnd) int { return cmp.Compare(a.at, b.at) })
	return c, nil
}

func (c *Counters) addRule(r Rule) {
	f := c.tableOf(&r)
	c.anomalies = c.anomalies || f.scope == everything
	c.rules = append(c.rules, &compiledRule{Rule: r, text: r.String(), table: f, index: len(f.rules)})
	f.addRule(r)
	c.longest = max(c.longest, f.longest)
	c.exceptionEnds = append(c.exceptionEnds, exceptionEndsOf(f, len(f.rules)-1)...)
}

// Brief makes alerts tell less, so that counting takes less: First and Last, Samples, Before and Chart are left out,
// and Top and Distinct know Subject, Anomaly and Entry alone. It is to be called before the first arrival.
func (c *Counters) Brief() {
	c.brief = true
	c.arrivals.kept = 1<<Subject | 1<<Anomaly | 1<<Entry
	for _, f := range c.tables {
		c.arrivals.kept |= 1 << f.key
		f.brief = true
	}
}

// Advance says that the log has reached the stamp at, and returns the alerts that ended since Advance was last called,
// in the order they ended. It is to be called with the stamp of every line, whether it counts or not, and for an
// arrival that counts before Count: Count moves the time by itself where that was left out, but the alerts that end by
// it are then returned by the next Advance. The slice is the caller's.
func (c *Counters) Advance(at time.Time) []*Alert {
	c.readStamp(at)
	ended := c.ended
	c.ended = nil
	return ended
}

// Count counts an arrival under every rule and returns the alerts that it opened and those whose Times it has raised,
// in the order of the rules; usually none. An arrival that has no value for a rule's key, or nothing of what it
// counts, doesn't change its count. The slices are the caller's. Count allocates nothing for values it holds already,
// but for arrivals of an open alert a message id.
func (c *Counters) Count(a *Arrival) (opened, grown []*Alert) {
	at := c.readStamp(a.At)
	if !c.inside(a) {
		return c.countLogins(a, nil, nil)
	}
	c.hashes.reset()
	weights := a.weights()
	for i, k := range c.keys {
		c.valueHashes[i] = c.hash(a.Values[k])
	}
	c.logArrival(a, at, &weights)
	for _, f := range c.tables {
		f.current = 0
		if value := a.Values[f.key]; value != nil && !f.isOutside(a.Outside) && f.accepts(a.Nature) {
			c.hashes.compute(f.estimators, a)
			f.add(value, c.valueHashes[f.nth], at, c.clock.now, &weights)
			if a.Nature.isDoubtful() && f.current != 0 {
				f.recordDoubtful(f.current, at, c.clock.now, &weights)
			}
		}
	}
	for _, rule := range c.rules {
		o, g := c.evaluate(rule, a, at, &weights)
		if o != nil {
			opened = append(opened, o)
			o.Thread = opened[0].ID
		}
		if g != nil {
			grown = append(grown, g)
		}
	}
	if a.Logins != nil {
		return c.countLogins(a, opened, grown)
	}
	return opened, grown
}

// countLogins counts an arrival once more for each of its Logins, and adds to the alerts that it has opened and raised.
func (c *Counters) countLogins(a *Arrival, opened, grown []*Alert) ([]*Alert, []*Alert) {
	for _, login := range a.Logins {
		o, g := c.Count(a.alternate(login))
		opened, grown = append(opened, o...), append(grown, g...)
	}
	for _, alert := range opened {
		alert.Thread = opened[0].ID
	}
	return opened, grown
}

// hash has a seed, so that nobody can make up values that share one.
func (c *Counters) hash(value []byte) uint32 { return uint32(maphash.Bytes(c.seed, value)) }

// readStamp reads a stamp, does what is due by the time it shows, and returns the second at which it counts.
func (c *Counters) readStamp(stamp time.Time) int64 {
	was := c.clock
	at := c.clock.read(seconds(stamp))
	if c.since.IsZero() {
		c.since = stamp
	}
	if c.clock.now > was.now {
		c.endExceptions(was.shift)
		c.slide(c.clock.now)
		c.endAlerts(c.clock.now, was.shift)
		c.forgetArrivals()
	}
	return at
}

// slide lets go of what has left the windows by now. Alerts that end by it are still open.
func (c *Counters) slide(now int64) {
	for _, f := range c.tables {
		f.slide(now)
	}
}

// endAlerts ends the alerts whose time has come by now. The stamps of the lines before had been shifted by shift seconds.
func (c *Counters) endAlerts(now, shift int64) {
	ended := c.queue.ended(now)
	slices.SortFunc(ended, func(a, b *openAlert) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.number, b.number))
	})
	for _, e := range ended {
		e.alert.Ended = time.Unix(e.end-shift, 0).In(e.alert.Last.Location())
		c.ended = append(c.ended, e.alert)
		e.alert.release(&c.budget)
		delete(c.open, openKey{e.rule, e.counter})
		c.closeAlert(e)
	}
}

func (c *Counters) closeAlert(e *openAlert) {
	f := e.rule.table
	f.ruleCount(e.counter, e.rule.index).open = false
	counter := f.counters.At(e.counter)
	counter.openAlerts--
	if counter.idle() {
		f.drop(e.counter, c.clock.now)
	}
}

// forgetArrivals lets go of the rows that have left. One between two that came late may stay some seconds.
func (c *Counters) forgetArrivals() {
	for h := &c.arrivals; h.rows > 0 && h.at(h.oldest())+c.longest+min(c.longest, maxPast) <= c.clock.now; {
		h.pop()
	}
}

// logArrival puts the arrival into history, and lets go of the oldest rows where it is over its bounds. All its values
// are kept, unless it is brief, also those that could be made from others: how they are made isn't known here.
func (c *Counters) logArrival(a *Arrival, at int64, weights *[numSums]int64) {
	h := &c.arrivals
	h.push(a, at, c.valueHashes, weights)
	for ; h.rows > 1 && (h.rows > c.limits.rows || h.size > c.limits.text); c.forgotten++ {
		h.pop()
	}
}

// Open returns the alerts that are open, in the order they were opened; after Restore, those restored first.
func (c *Counters) Open() []*Alert {
	episodes := c.openAlerts()
	alerts := make([]*Alert, len(episodes))
	for i, e := range episodes {
		alerts[i] = e.alert
	}
	return alerts
}

// openAlerts returns the open ones in the order they were opened.
func (c *Counters) openAlerts() []*openAlert {
	return slices.SortedFunc(slices.Values(c.queue), func(a, b *openAlert) int { return cmp.Compare(a.number, b.number) })
}
