package live

// A meter counts the arrivals of the last minute of log time.
type meter struct {
	counts [60]int64 // by second
	now    int64
}

// add counts an arrival at a second: the newest so far, or one up to a minute before; an older one counts as the
// newest.
func (m *meter) add(at int64) {
	minute := int64(len(m.counts))
	switch {
	case at-m.now >= minute:
		clear(m.counts[:])
		m.now = at
	case m.now-at >= minute:
		at = m.now
	}
	for ; m.now < at; m.now++ {
		*m.second(m.now + 1) = 0
	}
	*m.second(at)++
}

func (m *meter) second(at int64) *int64 {
	n := int64(len(m.counts))
	return &m.counts[(at%n+n)%n]
}

// sum is how many there were.
func (m *meter) sum() (n int64) {
	for _, c := range m.counts {
		n += c
	}
	return n
}
