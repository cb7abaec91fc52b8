package window

import (
	"crypto/sha256"
	"encoding/binary"
)

// innerKeys are the keys whose values the measures from numSums on tell apart. Addresses has Arrival.Addresses.
var innerKeys = [Addresses - numSums]Key{Host, Network, Sender, Subject}

// hashes are those of an arrival's inner values, of each measure made once.
type hashes struct {
	made [numMeasures - numSums]bool
	of   [numMeasures - numSums][]uint64
}

// begin forgets the arrival before.
func (h *hashes) begin() { h.made = [numMeasures - numSums]bool{} }

// fill makes those that the varieties ask for.
func (h *hashes) fill(varieties []*variety, a *Arrival) {
	for _, v := range varieties {
		i := v.measure - numSums
		if h.made[i] {
			continue
		}
		h.made[i] = true
		h.of[i] = h.of[i][:0]
		if v.measure == Addresses {
			for _, address := range a.Addresses {
				h.of[i] = append(h.of[i], hashOf(address))
			}
		} else if value := a.Values[innerKeys[i]]; value != nil {
			h.of[i] = append(h.of[i], hashOf(value))
		}
	}
}

// hashOf has no seed, so that another process estimates the same.
func hashOf(value []byte) uint64 {
	sum := sha256.Sum256(value)
	return binary.BigEndian.Uint64(sum[:])
}
