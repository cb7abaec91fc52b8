package window

// A Nature says how the counters treat an arrival, or what became of one of its recipients. Its zero value is an
// ordinary arrival.
type Nature uint8

const (
	Plain         Nature = iota // an arrival as Exim logs it
	Odd                         // an anomaly: Exim cut the entry
	Doubtful                    // an anomaly without a certain sender: it has two readings, or may be forged
	Stray                       // an anomaly that is no arrival: only rules that count Anomalies count it
	Alternate                   // a Doubtful arrival again, for another login: see accepts
	Identified                  // again, for the CPUser whom the log names later: only rules by CPUser count it
	Relayed                     // again, for rules that count it only when it is relayed
	DoubtfulLater               // a Doubtful arrival again, when it is relayed

	// What became of a recipient of an arrival, which has the arrival's values. Only such rules count it.
	Delivered
	Refused  // for good
	Deferred // for the first time
	NumNatures
)

func (n Nature) isOdd() bool { return n == Odd || n == Doubtful || n == Stray }

// isDoubtful reports whether the arrival may be somebody else's.
func (n Nature) isDoubtful() bool { return n == Doubtful || n == Alternate || n == DoubtfulLater }

// Later reports whether it is no arrival, but what the log says later of one that rules have counted.
func (n Nature) Later() bool { return n == Identified || n == Relayed || n.isFate() }

// IsNature reports whether it is one of the natures above.
func (n Nature) IsNature() bool { return n < NumNatures }

// isFate reports whether it says what became of a recipient.
func (n Nature) isFate() bool { return n >= Delivered }

// A tableKind is what a table counts.
type tableKind uint8

const (
	ofArrivals tableKind = iota
	ofAnomalies
	ofRefused
	ofDeferred
	ofFates // Delivered and Refused: see share
)

// kind is the kind of the table that counts a measure.
func (m Measure) kind() tableKind {
	switch m {
	case Anomalies:
		return ofAnomalies
	case Bounces:
		return ofRefused
	case Deferrals:
		return ofDeferred
	case BounceShare:
		return ofFates
	}
	return ofArrivals
}

// accepts reports whether a table counts arrivals of this nature.
func (t *counterTable) accepts(n Nature) bool { return accepts(t.kind, t.key, n) }

// Accepts reports whether the rule counts arrivals of this nature.
func (r *Rule) Accepts(n Nature) bool { return accepts(r.Count.kind(), r.Key, n) }

func accepts(kind tableKind, key Key, n Nature) bool {
	switch kind {
	case ofAnomalies:
		return n.isOdd()
	case ofRefused:
		return n == Refused
	case ofDeferred:
		return n == Deferred
	case ofFates:
		return n == Delivered || n == Refused
	}
	switch {
	case n == Identified || key == CPUser:
		return n == Identified && key == CPUser
	case n == Alternate:
		return key == Auth || key == Account || key == AccountDomain
	}
	return n != Stray && !n.isFate()
}

// doubtfulSums are what the doubtful arrivals of one second add to a counter.
type doubtfulSums struct {
	at   int64
	sums [numSums]int64
}

// recordDoubtful adds a doubtful arrival of counter n.
func (t *counterTable) recordDoubtful(n uint32, at, now int64, weights *[numSums]int64) {
	if t.doubtful == nil {
		t.doubtful = make(map[uint32][]doubtfulSums)
	}
	all := t.doubtful[n]
	for len(all) > 0 && all[0].at+t.longest <= now {
		all = all[1:]
	}
	if last := len(all) - 1; last < 0 || all[last].at != at {
		all = append(all, doubtfulSums{at: at})
	}
	d := &all[len(all)-1]
	for m, w := range weights {
		d.sums[m] = saturate(d.sums[m], w)
	}
	t.doubtful[n] = all
}

// doubtfulCount is the part of a rule's count that comes from doubtful arrivals after the second left. Where the rule
// counts distinct values it is an upper bound.
func (r *compiledRule) doubtfulCount(n uint32, left int64) (sum int64) {
	m := r.measure
	switch {
	case m == Addresses:
		m = Recipients
	case m >= numSums:
		m = Messages
	}
	for _, d := range r.table.doubtful[n] {
		if d.at > left {
			sum = saturate(sum, d.sums[m])
		}
	}
	return sum
}
