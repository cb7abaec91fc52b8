package window

// varied is where a rule that counts distinct values is counted.
type varied struct {
	variety *variety
	window  int // in variety.windows
}

// variety returns the one of a measure.
func (f *family) variety(m Measure) *variety {
	for _, v := range f.varieties {
		if v.measure == m {
			return v
		}
	}
	f.varieties = append(f.varieties, newVariety(m, f.limits))
	return f.varieties[len(f.varieties)-1]
}

// vary counts the arrival's inner values under counter n at the second of a bucket.
func (f *family) vary(n uint32, at, now int64) {
	for _, v := range f.varieties {
		for _, h := range f.hashes.of[v.measure-numSums] {
			if v.renew(n, h, at, now) {
				continue
			}
			if f.crowded(n, now) {
				f.omitted++
				continue
			}
			v.insert(n, h, at, now)
		}
	}
}

// crowded reports whether there is no room for another inner value, also not by dropping counters other than n.
func (f *family) crowded(n uint32, now int64) bool {
	for f.inner() >= f.limits.inner {
		if !f.evict(n, now) {
			return true
		}
	}
	return false
}

// inner is how many inner values are held.
func (f *family) inner() (held int) {
	for _, v := range f.varieties {
		held += v.held
	}
	return held
}
