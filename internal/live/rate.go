package live

// A ratePerMinute counts the arrivals of the last minute of log time.
type ratePerMinute struct {
	counts [60]int64 // by second
	now    int64
}

// add counts an arrival at a second. One more than a minute older than the newest counts as the newest.
func (r *ratePerMinute) add(at int64) {
	minute := int64(len(r.counts))
	switch {
	case at-r.now >= minute:
		clear(r.counts[:])
		r.now = at
	case r.now-at >= minute:
		at = r.now
	}
	for ; r.now < at; r.now++ {
		*r.second(r.now + 1) = 0
	}
	*r.second(at)++
}

func (r *ratePerMinute) second(at int64) *int64 {
	n := int64(len(r.counts))
	return &r.counts[(at%n+n)%n]
}

// sum is the number of arrivals.
func (r *ratePerMinute) sum() (n int64) {
	for _, c := range r.counts {
		n += c
	}
	return n
}
