package window

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestRankTakesThoseNearestToTheirLimits: pieces of any size give the same as sorting all, and time that passed without
// a line counts.
func TestRankTakesThoseNearestToTheirLimits(t *testing.T) {
	rules := []Rule{
		{Key: Account, Limit: 50, Window: time.Minute,
			Except: []Exception{{Match: func(v string) bool { return v == "u7" }, Limit: 1000}}},
		{Key: Host, Count: Networks, Limit: 2, Window: time.Hour},
	}
	c, err := New(rules)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i := range 40 {
		for n := range i + 1 {
			a := Arrival{At: begin.Add(time.Duration(i) * time.Second), MessageID: fmt.Appendf(nil, "%d-%d", i, n)}
			a.Values[Account] = fmt.Appendf(nil, "u%d", i)
			a.Values[Host], a.Values[Network] = []byte("h"), fmt.Appendf(nil, "net%d", i%4)
			c.Count(&a)
		}
	}
	now := c.Clock().Now
	for _, later := range []int64{0, 30, 61} {
		var want []Usage
		for i := range 40 {
			want = append(want, c.Usages(Account, fmt.Sprintf("u%d", i), now+later)...)
		}
		want = append(want, c.Usages(Host, "h", now+later)...)
		slices.SortFunc(want, func(a, b Usage) int {
			return cmp.Or(cmp.Compare(b.Share(), a.Share()), cmp.Compare(b.Count, a.Count),
				cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Value, b.Value))
		})
		want = slices.DeleteFunc(want, func(s Usage) bool { return s.Count == 0 })
		want = want[:min(10, len(want))]
		for _, piece := range []int{1, 7, 1000} {
			ranking := Ranking{Most: 10}
			for rule := range rules {
				for from := 0; ; {
					if from = c.Rank(&ranking, rule, from, piece, now+later); from == 0 {
						break
					}
				}
			}
			if got := ranking.Sorted(); !slices.Equal(got, want) {
				t.Errorf("%d seconds later, %d at a time:\n%v\nwant\n%v", later, piece, got, want)
			}
		}
	}
	if got := c.Usages(Account, "u7", now); got[0].Limit != 1000 || got[0].Count != 8 {
		t.Errorf("an exception's: %v", got)
	}
	if got := c.Usages(Account, "nobody", now); len(got) != 1 || got[0].Count != 0 || got[0].Limit != 50 {
		t.Errorf("of nobody: %v", got)
	}
	if got := c.Usages(Host, "h", now); got[0].Count != 4 {
		t.Errorf("networks of the host: %v", got)
	}
}
