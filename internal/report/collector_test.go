package report

import (
	"math/rand/v2"
	"slices"
	"testing"

	"exiwatch/window"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestAccountUnderSeveralKeys: whatever keys an arrival's account stands under, each ranking is what it would be alone.
// Bounces that no rule counts aren't ranked by account.
func TestAccountUnderSeveralKeys(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	values := [][]byte{nil, {}, []byte("a"), []byte("b"), []byte("b@c")}
	for _, brief := range []bool{false, true} {
		s := Summary{Brief: brief}
		gathers := []func([]Reception){s.NewCollector(), s.NewCollector()}
		var want [window.NumKeys]Ranking
		for range 300 {
			receptions := make([]Reception, rnd.IntN(5))
			for i := range receptions {
				receptions[i].Class = Class(rnd.IntN(int(ClassOthers)))
				w := &window.Arrival{Recipients: rnd.Int64N(4), Bytes: rnd.Int64N(100)}
				for key := range rankedKeys {
					w.Values[key] = values[rnd.IntN(len(values))]
					isRanked := key != window.Account || receptions[i].Class != ClassBounces
					if w.Values[key] != nil && isRanked {
						want[key].Add(w.Values[key], w.Recipients, w.Bytes)
					}
				}
				receptions[i].Values = w
			}
			gathers[rnd.IntN(2)](receptions)
		}
		for key := range rankedKeys {
			if brief && !slices.Contains(textKeys, key) {
				continue
			}
			for range 2 {
				got := s.joined().rankings[key].Top(0, Messages)
				if diff := gocmp.Diff(want[key].Top(0, Messages), got); diff != "" {
					t.Errorf("brief %v: by %s (-alone +gathered):\n%s", brief, key, diff)
				}
			}
		}
	}
}
