package suggest_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"exiwatch/internal/suggest"
	"exiwatch/window"
)

// A naive counter knows one value's arrivals.
type naive struct {
	rule   window.Rule
	at     []int64 // seconds, as read
	weight []int64
	now    int64
	over   int64 // the last second at which the count was over the limit
	open   bool
	alerts int64
}

// count is what arrived in the window that ends with the second now.
func (n *naive) count(now int64) (sum int64) {
	for i, at := range n.at {
		if at+int64(n.rule.Window/time.Second) > now {
			sum += n.weight[i]
		}
	}
	return sum
}

func (n *naive) add(at, now, weight int64) {
	span := int64(n.rule.Window / time.Second)
	for _, a := range n.at { // between two arrivals a count is over the limit at last when one leaves
		if last := min(a+span-1, now-1); last >= n.now && last > n.over && n.count(last) > n.rule.Limit {
			n.over = last
		}
	}
	for len(n.at) > 0 && n.at[0]+span <= n.now {
		n.at, n.weight = n.at[1:], n.weight[1:]
	}
	if n.open && n.over+1+span <= now {
		n.open = false
	}
	n.now = now
	n.at, n.weight = append(n.at, at), append(n.weight, weight)
	if n.count(now) > n.rule.Limit {
		n.over = now
		if !n.open {
			n.open = true
			n.alerts++
		}
	}
}

func weightOf(e *event, m window.Measure) int64 {
	switch m {
	case window.Recipients:
		return e.recipients
	case window.Bytes:
		return e.bytes
	}
	return 1
}

// A valueDay is a value on a day.
type valueDay struct{ value, day string }

// naively gives the peak of each value on each day, and how many alerts the rule opens.
func naively(logs [][]event, rule window.Rule) (peaks map[valueDay]int64, alerts int64) {
	peaks = map[valueDay]int64{}
	for _, log := range logs {
		byValue := map[string]*naive{}
		now := int64(0)
		for i := range log {
			e := &log[i]
			now = max(now, e.at.Unix())
			n := byValue[e.value]
			if n == nil {
				n = &naive{rule: rule}
				byValue[e.value] = n
			}
			n.add(e.at.Unix(), now, weightOf(e, rule.Count))
			on := valueDay{e.value, e.at.Format(time.DateOnly)}
			peaks[on] = max(peaks[on], n.count(now))
		}
		for _, n := range byValue {
			alerts += n.alerts
		}
	}
	return peaks, alerts
}

// traffic is a log of some values that send now and then, in bursts, and some steadily. Some lines come late.
func traffic(random *rand.Rand, arrivals, values int) []event {
	log := make([]event, arrivals)
	now := begin
	burst, left := "", 0
	for i := range log {
		if left == 0 {
			now = now.Add(time.Duration(random.IntN(9000)) * time.Second)
			burst, left = fmt.Sprintf("v%d", random.IntN(values)), 1+random.IntN(1+random.IntN(30))
		}
		left--
		now = now.Add(time.Duration(random.IntN(4)) * time.Second)
		log[i] = event{now.Add(-time.Duration(random.IntN(6)*random.IntN(2)) * time.Second), burst, 1 +
			random.Int64N(9), 300 + random.Int64N(9000)}
	}
	return log
}

// TestAgainstNaiveCounting: daily peaks, the limit that comes of them, and the alerts of it and of the rule's own.
func TestAgainstNaiveCounting(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 3))
		logs := [][]event{traffic(random, 1500, 12)}
		if seed%3 == 0 {
			logs = append(logs, traffic(random, 700, 12)) // counted by itself
		}
		rules := []string{"sender 20/5m", "sender 3/10s", "sender recipients 50/1h", "sender bytes 20000/5m"}
		result := suggestions(t, []float64{0, 1, 7, 40}[seed%4], window.Sender, logs, rules...)
		for i, text := range rules {
			rule, _ := window.ParseRule(text)
			verify(t, text, logs, rule, &result, &result.Rules[i])
		}
	}
}

func verify(t *testing.T, text string, logs [][]event, rule window.Rule, result *suggest.Suggestions,
	got *suggest.Suggestion) {
	t.Helper()
	daily, given := naively(logs, rule)
	if len(got.LikelyAbuse)+len(got.Except) > 0 {
		t.Fatalf("%s: incidents %v, exceptions %v in even traffic by senders", text, got.LikelyAbuse, got.Except)
	}
	peaks := slices.Sorted(maps.Values(daily))
	rank := func(share float64) int64 { return peaks[int(math.Ceil(share*float64(len(peaks))))-1] }
	highest := int64(0)
	for on, peak := range daily {
		if on.value == got.HighestValue {
			highest = max(highest, peak)
		}
	}
	want := []int64{int64(len(peaks)), rank(0.5), rank(0.95), rank(0.99), rank(0.999), rank(1), highest}
	if have := []int64{int64(got.DailyPeaks), got.Median, got.P95, got.P99, got.P999, got.Highest,
		got.Highest}; !slices.Equal(have, want) {
		t.Errorf("%s: %d, naively %d", text, have, want)
	}
	if *got.Alerts != given {
		t.Errorf("%s opens %d alerts, naively %d", text, *got.Alerts, given)
	}
	rule.Limit = *got.Suggested
	_, opened := naively(logs, rule)
	if opened != *got.Opened || opened > result.AlertsAllowed {
		t.Errorf("%s: limit %d opens %d alerts, naively %d, %d are allowed", text, rule.Limit, *got.Opened, opened,
			result.AlertsAllowed)
	}
	sum := int64(0)
	for _, by := range got.By {
		sum += by.Alerts
	}
	if sum != opened {
		t.Errorf("%s: limit %d opens %d alerts, %v", text, rule.Limit, opened, got.By)
	}
	first := max(suggest.Floor(rule.Count, rule.Window), (rank(0.99)*3+1)/2)
	if rule.Limit < first {
		t.Errorf("%s: limit %d is under %d, which the peaks suggest", text, rule.Limit, first)
	}
	if rule.Limit == first {
		return
	}
	rule.Limit--
	if _, below := naively(logs, rule); below <= result.AlertsAllowed {
		t.Errorf("%s: limit %d opens %d alerts, so it would do: %d are allowed", text, rule.Limit, below,
			result.AlertsAllowed)
	}
}
