package window

// nextMultiple is the first of 2, 5, 10, 20, 50, 100 … that is greater than times, which is 0 or one of them.
func nextMultiple(times int64) int64 {
	if times == 0 {
		return 2
	}
	first := times
	for first >= 10 {
		first /= 10
	}
	if first == 2 {
		return times / 2 * 5
	}
	return times * 2
}

// maxMultiple keeps nextTimes and what is multiplied by it far from overflow.
const maxMultiple = 1_000_000_000

// raisePeak puts a count into the Peak, and reports whether that has come to more times the limit than was told.
func (a *Alert) raisePeak(count int64) (grown bool) {
	a.Peak = max(a.Peak, count)
	for next := nextMultiple(a.Times); next <= maxMultiple && a.Peak/next >= a.Limit; next = nextMultiple(next) {
		a.Times, grown = next, true
	}
	return grown
}
