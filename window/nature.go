package window

// A Nature says what the counters make of an arrival. Its zero value is an ordinary one.
type Nature uint8

const (
	Plain     Nature = iota // an arrival as Exim logs it
	Odd                     // its entry is an anomaly: Exim cut it
	Doubtful                // an anomaly, and who sent it is not certain: its entry has two readings, or may be forged
	Stray                   // an anomaly that is no arrival: only rules that count Anomalies see it
	Alternate               // a Doubtful arrival once more, for another login: only rules by Auth or Account see it
)

func (n Nature) isOdd() bool { return n == Odd || n == Doubtful || n == Stray }

// isDoubtful reports whether the arrival may be somebody else's.
func (n Nature) isDoubtful() bool { return n == Doubtful || n == Alternate }

// sees reports whether a family counts arrivals of this nature.
func (f *family) sees(n Nature) bool {
	if n == Plain {
		return !f.odd
	}
	return f.seesOdd(n)
}

func (f *family) seesOdd(n Nature) bool {
	switch {
	case f.odd:
		return n.isOdd()
	case n == Alternate:
		return f.key == Auth || f.key == Account
	}
	return n != Stray
}

// A doubt is what doubtful arrivals of one second add to a counter.
type doubt struct {
	at   int64
	sums [numSums]int64
}

// doubt notes a doubtful arrival of counter n.
func (f *family) doubt(n uint32, at, now int64, weights *[numSums]int64) {
	if f.doubts == nil {
		f.doubts = make(map[uint32][]doubt)
	}
	all := f.doubts[n]
	for len(all) > 0 && all[0].at+f.longest <= now {
		all = all[1:]
	}
	if last := len(all) - 1; last < 0 || all[last].at != at {
		all = append(all, doubt{at: at})
	}
	d := &all[len(all)-1]
	for m, w := range weights {
		d.sums[m] = saturate(d.sums[m], w)
	}
	f.doubts[n] = all
}

// doubted is how much of a rule's count, of what arrived after the second left, rests on doubtful arrivals: at most
// so much where the rule counts distinct values.
func (f *family) doubted(n uint32, rule int, left int64) (sum int64) {
	m := f.rules[rule].Count
	switch {
	case m == Addresses:
		m = Recipients
	case m >= numSums:
		m = Messages
	}
	for _, d := range f.doubts[n] {
		if d.at > left {
			sum = saturate(sum, d.sums[m])
		}
	}
	return sum
}
