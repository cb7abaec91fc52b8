package window

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func TestFloodOfKeysIsGivenBack(t *testing.T) {
	const keys = 200_000
	l := newLog(t, "sender 20/5m", "account 20/1h", "subject 3/1m", "sender recipients 500/1h")
	kinds := []Key{Sender, Account, Subject}
	a := &Arrival{MessageID: []byte("1vN2ab-000000001Xy-2kLm")}
	for i := range keys {
		a.At = at(i / 1000)
		for _, k := range kinds {
			a.Values[k] = fmt.Appendf(a.Values[k][:0], "%d of %d", k, i)
		}
		l.count(a)
	}
	got := l.counters.Stats()
	if want := (Stats{Keys: 2*keys + 60_000, Rows: keys, Bytes: got.Bytes}); got != want {
		t.Errorf("held after the flood: %+v, want %+v", got, want)
	}
	for s := range 2 * 3600 { // another window for the charts
		l.counters.Advance(at(keys/1000 - 1 + s))
	}
	if got := l.counters.Stats(); got.Rows != 1000 {
		t.Errorf("%d rows a second before the end, want 1000", got.Rows)
	}
	l.counters.Advance(at(keys/1000 - 1 + 2*3600))
	if got := l.counters.Stats(); got != (Stats{}) {
		t.Errorf("held after two windows of quiet: %+v", got)
	}
	c := l.counters
	for _, t := range c.tables {
		if held := t.counters.Len() + t.ruleCounts.Len() + t.buckets.Len() + t.peakHistories.Len() +
			uint32(cap(t.index)); held != 0 || !reflect.ValueOf(t.values).IsZero() {
			l.t.Errorf("key %v keeps room for its counters", t.key)
		}
	}
	if len(c.arrivals.blocks) > 0 {
		t.Errorf("room for %d blocks kept", len(c.arrivals.blocks))
	}
}

func TestCounterHoldsOneBucketASecond(t *testing.T) {
	l := newLog(t, "sender 20/10s", "sender 1000000/1m")
	for s := range 1000 {
		for range 5 {
			l.send(1, at(s))
			l.send(1, at(max(s-5, 0)))
		}
	}
	if got := l.counters.tables[0].buckets.Len(); got > 1+60+disorder {
		t.Errorf("%d buckets for a window of 60 s", got)
	}
}

func TestShortWindowDoesNotWaitForTheLong(t *testing.T) {
	l := newLog(t, "sender 20/10s", "host 20/1d")
	l.send(5, at(0))
	l.counters.Advance(at(10))
	if got := l.counters.Stats(); got.Keys != 0 || got.Rows != 5 {
		t.Errorf("held after the short window: %+v, want 5 rows and no keys", got)
	}
}

func TestIdleValueWithAnOpenAlert(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	l.counters.Advance(at(19))
	if got := l.counters.Stats(); got != (Stats{Keys: 1, Rows: 3, Bytes: got.Bytes, Open: 1}) {
		t.Errorf("held while the alert is open: %+v, want its key and the rows of a chart", got)
	}
	l.send(1, at(19))
	l.ended = l.counters.Advance(at(1000))
	l.endedAt(1, at(20))
	if got := l.counters.Stats(); got != (Stats{}) {
		t.Errorf("held at the end: %+v", got)
	}
}

// traffic returns arrivals of a server with 5,000 accounts, few of which send most of them.
func traffic(n int) []Arrival {
	random := rand.New(rand.NewPCG(1, 2))
	accounts := rand.NewZipf(random, 1.2, 10, 4999)
	arrivals := make([]Arrival, n)
	for i := range arrivals {
		account := accounts.Uint64()
		address := fmt.Appendf(nil, "user%d@domain%d.lab.test", account, account%300)
		subject := fmt.Appendf(nil, "Your weekly report number %d", random.IntN(3000))
		arrivals[i] = Arrival{MessageID: fmt.Appendf(nil, "1vN2ab-%09d-2kLm", i), Recipients: 1 +
			int64(random.IntN(3)), Bytes: 4000}
		arrivals[i].Values = [NumValues][]byte{
			Sender:       address,
			SenderDomain: address[len("user"):],
			Auth:         address,
			Host:         fmt.Appendf(nil, "192.0.%d.%d", account>>8, account&255),
			Network:      fmt.Appendf(nil, "192.0.%d.0/24", account>>8),
			Account:      address,
			Subject:      subject,
			Topic:        FoldSubject(subject, nil),
		}
	}
	return arrivals
}

// uniform returns traffic of accounts that all send the same amount.
func uniform(n int) []Arrival {
	arrivals := traffic(n)
	for i := range arrivals {
		account := fmt.Appendf(nil, "user%d@domain%d.lab.test", i%5000, i%5000%300)
		for _, k := range []Key{Sender, Auth, Account} {
			arrivals[i].Values[k] = account
		}
		arrivals[i].Values[SenderDomain] = account[bytes.IndexByte(account, '@')+1:]
	}
	return arrivals
}

// flood returns arrivals that are all forged.
func flood(n int) []Arrival {
	arrivals := make([]Arrival, n)
	for i := range arrivals {
		forged(&arrivals[i], i)
	}
	return arrivals
}

// inLine puts the texts of the arrivals one behind the other, as they are in a log.
func inLine(arrivals []Arrival) {
	var text []byte
	for i := range arrivals {
		text = append(text, arrivals[i].MessageID...)
		arrivals[i].MessageID = text[len(text)-len(arrivals[i].MessageID):]
		for k, value := range arrivals[i].Values {
			if value != nil {
				text = append(text, value...)
				arrivals[i].Values[k] = text[len(text)-len(value):]
			}
		}
	}
}

// addressed returns traffic with the recipients' addresses.
func addressed(n int) []Arrival {
	random := rand.New(rand.NewPCG(3, 4))
	arrivals := traffic(n)
	for i := range arrivals {
		for range arrivals[i].Recipients {
			arrivals[i].Addresses = append(arrivals[i].Addresses,
				fmt.Appendf(nil, "customer%d@example.org", random.IntN(20000)))
		}
	}
	return arrivals
}

var trafficRules = []string{"account 1000000/5m", "account recipients 1000000/1h", "host 1000000/10m"}

var distinctRules = []string{
	"account hosts 1000000/10m", "account subjects 1000000/1h", "account addresses 1000000/1h",
	"host senders 1000000/10m",
}

func TestCountAllocatesNothing(t *testing.T) {
	allocatesNothing(t, trafficRules, traffic(5000))
	allocatesNothing(t, distinctRules, addressed(5000))
}

func allocatesNothing(t *testing.T, rules []string, arrivals []Arrival) {
	l := newLog(t, rules...)
	stamp := noon
	n := 0
	step := func() {
		a := &arrivals[n%len(arrivals)]
		n++
		stamp = stamp.Add(100 * time.Millisecond)
		a.At = stamp
		l.counters.Advance(a.At)
		l.counters.Count(a)
	}
	for range 20 * len(arrivals) {
		step()
	}
	if allocs := testing.AllocsPerRun(20*len(arrivals), step); allocs != 0 {
		t.Errorf("%v allocations an arrival under %q, want 0", allocs, rules)
	}
}

// BenchmarkCount has the traffic of a server with 1.5 million arrivals a day. The flood has a million in 5 minutes.
func BenchmarkCount(b *testing.B) {
	const step = 56 * time.Millisecond
	b.Run("uniform", func(b *testing.B) { benchmarkCount(b, []string{"account 20/5m"}, uniform(50_000), step) })
	b.Run("zipf", func(b *testing.B) { benchmarkCount(b, []string{"account 1000000/5m"}, traffic(50_000), step) })
	b.Run("hot", func(b *testing.B) { benchmarkCount(b, []string{"account 1000000/5m"}, traffic(1_000), step) })
	b.Run("three", func(b *testing.B) { benchmarkCount(b, trafficRules, traffic(50_000), step) })
	b.Run("distinct", func(b *testing.B) { benchmarkCount(b, distinctRules, addressed(50_000), step) })
	b.Run("flood", func(b *testing.B) {
		benchmarkCount(b, []string{"account 20/5m"}, flood(floodArrivals), 5*time.Minute/floodArrivals)
	})
}

func benchmarkCount(b *testing.B, texts []string, arrivals []Arrival, step time.Duration) {
	var rules []Rule
	for _, s := range texts {
		r, err := ParseRule(s)
		if err != nil {
			b.Fatal(err)
		}
		rules = append(rules, r)
	}
	c, err := New(rules)
	if err != nil {
		b.Fatal(err)
	}
	inLine(arrivals)
	stamp := noon
	n := 0
	b.ReportAllocs()
	defer func() { s := c.Stats(); b.ReportMetric(float64(s.Bytes)/float64(s.Rows), "B/row") }()
	for b.Loop() {
		a := &arrivals[n%len(arrivals)]
		n++
		stamp = stamp.Add(step)
		a.At = stamp
		c.Advance(a.At)
		c.Count(a)
	}
}
