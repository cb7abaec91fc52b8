package window

import (
	"crypto/sha256"
	"encoding/binary"
)

// distinctKeys are the keys whose values the measures from numSums on count. Addresses counts Arrival.Addresses
// instead.
var distinctKeys = [Addresses - numSums]Key{Host, Network, Sender, Subject}

// distinctHashes are the hashes of an arrival's distinct values. Each measure's are computed once.
type distinctHashes struct {
	made      [numMeasures - numSums]bool
	byMeasure [numMeasures - numSums][]uint64
}

// reset forgets the previous arrival.
func (h *distinctHashes) reset() { h.made = [numMeasures - numSums]bool{} }

// compute adds the hashes that the estimators need.
func (h *distinctHashes) compute(estimators []estimator, a *Arrival) {
	for _, e := range estimators {
		i := e.measure - numSums
		if h.made[i] {
			continue
		}
		h.made[i] = true
		h.byMeasure[i] = h.byMeasure[i][:0]
		if e.measure == Addresses {
			for _, address := range a.Addresses {
				h.byMeasure[i] = append(h.byMeasure[i], distinctHash(address))
			}
		} else if value := a.Values[distinctKeys[i]]; value != nil {
			h.byMeasure[i] = append(h.byMeasure[i], distinctHash(value))
		}
	}
}

// distinctHash has no seed, so that another process makes the same estimates.
func distinctHash(value []byte) uint64 {
	sum := sha256.Sum256(value)
	return binary.BigEndian.Uint64(sum[:])
}
