package window

// distinctRef is where a rule that counts distinct values is counted.
type distinctRef struct {
	estimator *Estimator
	window    int // in variety.windows
}

// estimator returns the one of a measure.
func (t *counterTable) estimator(m Measure) *Estimator {
	for _, v := range t.estimators {
		if v.measure == m {
			return v
		}
	}
	t.estimators = append(t.estimators, newEstimator(m, t.limits))
	return t.estimators[len(t.estimators)-1]
}

// countDistinct counts the arrival's inner values under counter n at the second of a bucket.
func (t *counterTable) countDistinct(n uint32, at, now int64) {
	for _, v := range t.estimators {
		for _, h := range t.hashes.byMeasure[v.measure-numSums] {
			if v.Renew(n, h, at, now) {
				continue
			}
			if t.distinctFull(n, now) {
				t.omittedDistinct++
				continue
			}
			v.Add(n, h, at, now)
		}
	}
}

// distinctFull reports whether there is no room for another inner value, also not by dropping counters other than n.
func (t *counterTable) distinctFull(n uint32, now int64) bool {
	for t.distinctHeld() >= t.limits.distinct {
		if !t.evict(n, now) {
			return true
		}
	}
	return false
}

// distinctHeld is how many inner values are held.
func (t *counterTable) distinctHeld() (held int) {
	for _, v := range t.estimators {
		held += v.held
	}
	return held
}
