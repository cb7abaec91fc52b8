package window

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"time"
)

// Counters count arrivals under a set of rules. They belong to one goroutine.
type Counters struct {
	clock         Clock
	since         time.Time // the first stamp
	arrivals      arrivalLog
	longest       int64 // window of the rules, seconds
	rules         []*compiledRule
	tables        []*counterTable // one for each key and scope
	keys          []Key           // of the rules
	seed          maphash.Seed
	valueHashes   []uint32 // hashes of the current arrival's values for keys
	scopes        []string
	brief         bool
	watch         func(at time.Time, rule int, value []byte, count, limit int64)
	anomalies     bool           // a rule counts them in every scope
	hashes        distinctHashes // of the current arrival
	shared        [numSums]int64 // see weigh
	exceptionEnds []exceptionEnd // those to come, the next one first

	open      map[openKey]*openAlert
	incidents incidents
	queue     []*openAlert    // the earliest due first
	opened    uint64          // alerts so far
	ended     []*Alert        // not yet returned by Advance
	found     []rowPos        // by findWindow; kept for its memory
	topic     []byte          // by addDetails; kept for its memory
	refusal   []byte          // by AddFate; kept for its memory
	follower  MessageFollower // nil: nobody

	limits limits
	budget memoryBudget
	cost   Stats // of the bounds, so far
}

// New returns counters for the rules. Two rules must differ in more than their names: otherwise their alerts would have
// the same ID. A rule without a name gets its text as its name.
func New(rules []Rule) (*Counters, error) { return newLimited(rules, defaultLimits) }

func newLimited(rules []Rule, limits limits) (*Counters, error) {
	c := &Counters{clock: Clock{Now: minStamp}, arrivals: arrivalLog{kept: allKeys}, seed: maphash.MakeSeed(),
		topic: []byte{}, open: make(map[openKey]*openAlert), limits: limits,
		incidents: incidents{byIdentity: make(map[Identity]*incidentState)}}
	c.budget.limits = &c.limits
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("rule %q: %w", cmp.Or(r.Name, r.String()), err)
		}
		text := r.String()
		if r.Name = cmp.Or(r.Name, text); r.Count == BounceShare {
			r.Floor = cmp.Or(r.Floor, DefaultFloor)
		}
		if other := c.ruleOf(text); other != nil {
			return nil, fmt.Errorf("rule %q: the same as rule %q", r.Name, other.Name)
		}
		if c.addRule(r, text); len(c.scopes) > maxScopes {
			return nil, fmt.Errorf("rule %q: one scope too many: want at most %d", r.Name, maxScopes)
		}
	}
	slices.SortStableFunc(c.exceptionEnds, func(a, b exceptionEnd) int { return cmp.Compare(a.at, b.at) })
	c.exceptionEnds = slices.Compact(c.exceptionEnds)
	return c, nil
}

func (c *Counters) addRule(rule Rule, text string) {
	t := c.tableOf(&rule)
	r := &compiledRule{Rule: rule, text: text, table: t, index: len(t.rules), window: int64(rule.Window / time.Second)}
	switch {
	case r.Count == BounceShare:
		r.measure = Bytes // see weigh
	case t.kind == ofArrivals:
		r.measure = r.Count
	}
	if r.measure >= numSums {
		r.estimator = t.estimatorOf(r.measure)
		r.nth = r.estimator.AddWindow(r.window)
	}
	c.rules, t.rules = append(c.rules, r), append(t.rules, r)
	t.shortest = min(r.window, cmp.Or(t.shortest, r.window))
	t.longest = max(r.window, t.longest)
	c.longest = max(r.window, c.longest)
	c.anomalies = c.anomalies || t.scope == everything
	for i := range r.Except {
		if at := r.Except[i].end(); at < math.MaxInt64 {
			c.exceptionEnds = append(c.exceptionEnds, exceptionEnd{at, r})
		}
	}
}

// Brief makes alerts say less, so that counting takes less: First, Last, Samples, Before and Chart stay empty, and Top
// and Distinct know only Subject, Anomaly, Entry and, if it is kept, LogHost. Call it before the first arrival.
func (c *Counters) Brief() {
	c.brief = true
	c.arrivals.kept = c.briefKeys()
	for _, t := range c.tables {
		c.arrivals.kept |= 1 << t.key
		if needsAccounts(t.key) {
			c.arrivals.kept |= accountKeys
		}
	}
}

// KeepLogHosts makes alerts know each arrival's LogHost, which takes a byte more of each. Call it before the first
// arrival.
func (c *Counters) KeepLogHosts() {
	c.arrivals.wide = true
	c.arrivals.kept |= 1 << LogHost
}

// briefKeys are the keys of which a brief alert knows values.
func (c *Counters) briefKeys() keySet {
	if c.arrivals.wide {
		return briefKeys | 1<<LogHost
	}
	return briefKeys
}

// Watch has a function get the count and the limit of each rule, by its number, with each arrival that the rule counts.
// Call it before the first arrival; nil is for none.
func (c *Counters) Watch(reached func(at time.Time, rule int, value []byte, count, limit int64)) {
	c.watch = reached
}

// Advance tells the counters that the log has reached the stamp at. It returns the alerts that have ended since the
// last call, in the order they ended; the slice is the caller's. Call it with the stamp of every line, whether the line
// counts or not, and before Count. Count moves the time by itself if you don't, but then the next Advance returns the
// alerts that end by it.
func (c *Counters) Advance(at time.Time) []*Alert {
	c.readStamp(at)
	ended := c.ended
	c.ended = nil
	return ended
}

// Count counts an arrival under every rule. It returns the alerts that the arrival opened, and those whose Times it
// raised, in the order of the rules; usually none. The slices are the caller's. An arrival without a value for a rule's
// key, or without anything that the rule counts, doesn't change its count. Count allocates nothing for values that it
// holds already, except a message id for an open alert.
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
	for _, t := range c.tables {
		c.countIn(t, a, at, &weights)
	}
	for i, rule := range c.rules {
		if t := rule.table; c.watch != nil && t.current != 0 {
			rc := rule.countOf(t.current)
			c.watch(a.At, i, t.value(t.current), rule.level(rc.count), rule.limit(rc.except))
		}
		o, g := c.evaluate(rule, a, at, &weights)
		if o != nil {
			opened = append(opened, o)
		}
		if g != nil {
			grown = append(grown, g)
		}
	}
	return c.countLogins(a, opened, grown)
}

// countIn counts an arrival in one table.
func (c *Counters) countIn(t *counterTable, a *Arrival, at int64, weights *[numSums]int64) {
	t.current = 0
	value := a.Values[t.key]
	if value == nil || t.isOutside(a.Outside) {
		return
	}
	if t.kind >= ofRefused && !a.Nature.isFate() {
		c.followArrival(t, value, a)
	}
	if !t.accepts(a.Nature) {
		return
	}
	c.hashes.compute(t.estimators, a)
	t.add(value, c.valueHashes[t.nth], at, c.clock.Now, t.weigh(a, weights))
	if a.Nature.isDoubtful() && t.current != 0 {
		t.recordDoubtful(t.current, at, c.clock.Now, weights)
	}
}

// countLogins counts an arrival once more for each of its Logins. It adds to the alerts that the arrival has opened and
// raised.
func (c *Counters) countLogins(a *Arrival, opened, grown []*Alert) ([]*Alert, []*Alert) {
	for n := range a.Logins {
		o, g := c.Count(a.alternate(n))
		opened, grown = append(opened, o...), append(grown, g...)
	}
	return opened, grown
}

// hash has a seed, so that nobody can make up values with the same hash.
func (c *Counters) hash(value []byte) uint32 { return uint32(maphash.Bytes(c.seed, value)) }

// readStamp reads a stamp, does what is due by then, and returns the second at which the line counts.
func (c *Counters) readStamp(stamp time.Time) int64 {
	was := c.clock
	at := c.clock.read(seconds(stamp))
	if c.since.IsZero() {
		c.since = stamp
	}
	if c.clock.Now > was.Now {
		c.endExceptions(was.Shift)
		c.slide(c.clock.Now)
		c.endAlerts(c.clock.Now, was.Shift)
		c.forgetArrivals()
	}
	return at
}

// slide removes what has left the windows by now. Alerts that end by it stay open until endAlerts.
func (c *Counters) slide(now int64) {
	for _, t := range c.tables {
		t.slide(now)
	}
}

// endAlerts ends the alerts that are due by now. shift is what the clock added to the stamps of the lines before.
func (c *Counters) endAlerts(now, shift int64) {
	ended := c.dequeue(now)
	slices.SortFunc(ended, func(a, b *openAlert) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.number, b.number))
	})
	for _, e := range ended {
		e.alert.Ended = time.Unix(e.end-shift, 0).In(e.alert.Last.Location())
		c.ended = append(c.ended, e.alert)
		c.leaveIncident(e.alert, e.end)
		e.alert.release(&c.budget)
		delete(c.open, openKey{e.rule, e.counter})
		t := e.rule.table
		e.rule.countOf(e.counter).open = false
		counter := t.counters.At(e.counter)
		counter.openAlerts--
		if counter.idle() {
			t.drop(e.counter, c.clock.Now)
		}
	}
}

// forgetArrivals drops the arrivals that have left. One between two late ones may stay some seconds longer.
func (c *Counters) forgetArrivals() {
	for h := &c.arrivals; h.rows > 0 && h.at(h.oldest())+c.longest+min(c.longest, maxPast) <= c.clock.Now; {
		h.pop()
	}
}

// logArrival adds the arrival to the arrival log, and drops the oldest ones when the log is over its bounds. The log
// keeps all values, also those that could be made from others, because only the caller knows how. With Brief it keeps
// few.
func (c *Counters) logArrival(a *Arrival, at int64, weights *[numSums]int64) {
	h := &c.arrivals
	h.push(a, at, c.valueHashes, weights)
	for ; h.rows > 1 && (h.rows > c.limits.rows || h.size > c.limits.text); c.cost.ForgottenRows++ {
		h.pop()
	}
}

// Open returns the open alerts in the order they were opened. After Restore the restored ones come first.
func (c *Counters) Open() []*Alert {
	open := c.openAlerts()
	alerts := make([]*Alert, len(open))
	for i, e := range open {
		alerts[i] = e.alert
	}
	return alerts
}

// openAlerts returns the open alerts in the order they were opened.
func (c *Counters) openAlerts() []*openAlert {
	return slices.SortedFunc(slices.Values(c.queue), func(a, b *openAlert) int {
		return cmp.Compare(a.number, b.number)
	})
}
