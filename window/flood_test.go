package window

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// A flood is a million arrivals in 300 seconds from senders that are never seen twice.
const (
	floodArrivals = 1_000_000
	floodPerSec   = floodArrivals / 300
)

// underRace is whether the race detector watches. It makes a flood ten times as long, and there is only one goroutine.
var underRace = false

func skipWhereSlow(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("takes a million arrivals")
	}
}

// A flood of new senders takes all room again and again. Senders that send slowly are still counted exactly.
func TestOffendersInAFlood(t *testing.T) {
	skipWhereSlow(t)
	const (
		offenders = 200
		limit     = 20
		room      = 20_000
	)
	rules := []Rule{{Key: Sender, Limit: limit, Window: 5 * time.Minute}}
	free := newCounters(t, rules)
	bounded, err := newLimited(rules, defaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	bounded.limits.keys = room
	var want, opened []string
	count := func(c *Counters, a *Arrival, ids []string) []string {
		c.Advance(a.At)
		opened, _ := c.Count(a)
		for _, alert := range opened {
			ids = append(ids, alert.Value+" "+alert.ID)
		}
		return ids
	}
	// Each offender sends one message every 8 s, after two at the beginning: all are over at 160 s.
	const every = 8 * floodPerSec
	a := &Arrival{}
	for i := range floodArrivals {
		a.At = at(i / floodPerSec)
		a.MessageID = fmt.Appendf(a.MessageID[:0], "m%d", i)
		o := i % every
		if o%100 > 0 || o/100 >= offenders {
			a.Values[Sender] = fmt.Appendf(a.Values[Sender][:0], "%x@lab.test", uint32(i)*2654435761)
			opened = count(bounded, a, opened)
			continue
		}
		a.Values[Sender] = fmt.Appendf(a.Values[Sender][:0], "offender%d@lab.test", o/100)
		for n := 1 - min(1, i/every); n >= 0; n-- {
			want = count(free, a, want)
			opened = count(bounded, a, opened)
		}
	}
	if len(want) != offenders || !slices.Equal(want, opened) {
		t.Errorf("%d alerts opened without bounds and the flood, %d with them: %q", len(want), len(opened), opened)
	}
	got := bounded.Stats()
	if got.Keys != room || got.DroppedKeys < floodArrivals/2 {
		t.Errorf("held after the flood: %+v, want %d keys", got, room)
	}
}

func TestMillionSenders(t *testing.T) {
	skipWhereSlow(t)
	var before, peak, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := newCounters(t, []Rule{{Key: Sender, Limit: 20, Window: 5 * time.Minute}})
	a := &Arrival{}
	began := time.Now()
	for i := range floodArrivals {
		forged(a, i)
		a.At = at(i / (floodPerSec + 1))
		c.Advance(a.At)
		c.Count(a)
	}
	took := time.Since(began)
	runtime.ReadMemStats(&peak)
	runtime.GC()
	runtime.ReadMemStats(&after)
	s := c.Stats()
	perKey := (after.HeapAlloc - before.HeapAlloc) / uint64(s.Keys)
	t.Logf("%+v", s)
	t.Logf("%d bytes a key; heap %d MiB, after GC %d MiB; from the system %d MiB; %v an arrival",
		perKey, peak.HeapAlloc>>20, after.HeapAlloc>>20, peak.Sys>>20, took/floodArrivals)
	if s.Keys != floodArrivals || s.Rows != floodArrivals || perKey > 300 {
		t.Errorf("%d bytes for each of %d keys", perKey, s.Keys)
	}
	runtime.KeepAlive(c)
}

// forged makes the arrival one of a botnet's spam: each has another sender, account, host and subject.
func forged(a *Arrival, i int) {
	random := uint32(i) * 2654435761
	a.MessageID = fmt.Appendf(a.MessageID[:0], "1vN2ab-%011d-2kLm", i)
	a.Recipients, a.Bytes = 1, 4000
	a.Values[SenderDomain] = fmt.Appendf(a.Values[SenderDomain][:0], "mail%d.example.com", random%50_000)
	a.Values[Sender] = fmt.Appendf(a.Values[Sender][:0], "user.%08x@%s", random, a.Values[SenderDomain])
	a.Values[Account] = append(a.Values[Account][:0], a.Values[Sender]...)
	a.Values[Host] = fmt.Appendf(a.Values[Host][:0], "%d.%d.%d.%d", 1+random>>24%223, random>>16&255, random>>8&255,
		random&255)
	a.Values[Network] = fmt.Appendf(a.Values[Network][:0], "%d.%d.%d.0/24", 1+random>>24%223, random>>16&255,
		random>>8&255)
	a.Values[Subject] = fmt.Appendf(a.Values[Subject][:0], "Your parcel %08d could not be delivered", i)
	a.Values[Topic] = FoldSubject(a.Values[Subject], a.Values[Topic][:0])
}
