package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// filled makes an engine in memory that holds arrivals of hosts: of each so many batches of some arrivals, which are
// some milliseconds apart.
func filled(tb testing.TB, hosts, batches, arrivals int, apart time.Duration) *Memory {
	m, err := OpenMemory(filepath.Join(tb.TempDir(), "state.json"))
	if err != nil {
		tb.Fatal(err)
	}
	packer, n, scopes := NewPacker(), 0, leaderOf(tb, m, "account 1/1m").Scopes
	for h := range hosts {
		name, after := fmt.Sprintf("mx%d", h), engine.ID{}
		for s := range batches {
			var e merge.Encoder
			second := firstSecond + int64(time.Duration(s)*apart/time.Second)
			for range arrivals {
				n++
				e.Add(usual(n, second))
			}
			id := engine.ID{Generation: 1, Offset: uint64(s + 1)}
			end, err := m.Append(tb.Context(), name, engine.Append{After: after, ID: id,
				Untils: Untils{name: second + 1}.encode(), Resume: []byte("{}"),
				Batch: packer.Pack(&Bundle{Scopes: scopes, Last: second,
					Batches: []HostRecords{{name, append(merge.Records(nil), e.Records()...)}}})})
			if err != nil {
				tb.Fatal(err)
			}
			after = end.ID
		}
	}
	return m
}

// usual is an arrival such as a gateway of a company has many.
func usual(n int, second int64) *pipeline.Record {
	r := &pipeline.Record{Now: second}
	a := &r.Arrival
	a.At = time.Unix(second, 0).UTC()
	a.MessageID, a.Recipients, a.Bytes = fmt.Appendf(nil, "1vN2ab-%09d-2kLm", n), int64(1+n%3), int64(1000+n%9000)
	account := fmt.Appendf(nil, "user%d@example.org", n*7919%5000)
	a.Values[window.Auth], a.Values[window.Account], a.Values[window.Sender] = account, account, account
	a.Values[window.Host] = fmt.Appendf(nil, "192.0.%d.%d", n%7, n*31%250)
	a.Values[window.Helo], a.Values[window.Protocol] = []byte("pc.example.org"), []byte("esmtpsa")
	a.Values[window.Subject] = fmt.Appendf(nil, "Re: order %d of the day", n*13%900)
	return r
}

func leaderOf(tb testing.TB, e leaderEngine, rules ...string) *Leader {
	l := &Leader{Engine: e, Host: "mx0", Patience: 10 * time.Second, FromStart: true, Now: time.Now,
		Pending: filepath.Join(tb.TempDir(), "pending.json"), Log: slog.New(slog.DiscardHandler),
		Tell: func(_ context.Context, _ []Event, done func()) { done() }}
	for _, text := range rules {
		r, err := window.ParseRule(text)
		if err != nil {
			tb.Fatal(err)
		}
		l.Rules = append(l.Rules, r)
	}
	l.Scopes = ScopesOf(l.Rules)
	l.pending.path = l.Pending
	return l
}

// BenchmarkLeader is what an arrival takes of a leader: unpacked, merged, counted by three rules.
func BenchmarkLeader(b *testing.B) {
	for _, hosts := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("%d hosts", hosts), func(b *testing.B) {
			const batches, all = 1000, 100
			m := filled(b, hosts, batches, all/hosts, 100*time.Millisecond)
			arrivals := batches * (all / hosts * hosts)
			for b.Loop() {
				t := newTerm(leaderOf(b, m, "account 500/5m", "account recipients 5000/1h", "sender hosts 100/5m"), "token")
				m.state.Done = nil
				if err := t.lookForHosts(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := t.takeOver(b.Context()); err != nil {
					b.Fatal(err)
				}
				for more := true; more; {
					var err error
					if more, err = t.cycle(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				if int(t.stats.Arrivals) != arrivals {
					b.Fatalf("%d arrivals counted, want %d", t.stats.Arrivals, arrivals)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(arrivals), "ns/arrival")
		})
	}
}

// BenchmarkTakeover is how long the next leader of ten hosts counts before it goes on, with windows of several lengths.
func BenchmarkTakeover(b *testing.B) {
	const hosts = 10
	for _, load := range []struct {
		window    string
		perSecond int // of all hosts
		apart     time.Duration
	}{{"5m", 1000, 100 * time.Millisecond}, {"1h", 1000, time.Second}, {"24h", 20, 10 * time.Second}} {
		b.Run(fmt.Sprintf("%s at %d a second", load.window, load.perSecond), func(b *testing.B) {
			window, _ := time.ParseDuration(load.window)
			arrivals := load.perSecond * int(load.apart/time.Millisecond) / 1000 / hosts
			m := filled(b, hosts, int((2*window+time.Minute)/load.apart), arrivals, load.apart)
			end := firstSecond + int64((2*window+time.Minute)/time.Second) - 1
			m.state.Done = written(done{Second: end})
			for b.Loop() {
				t := newTerm(leaderOf(b, m, "account 100000/"+load.window), "token")
				if err := t.lookForHosts(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := t.takeOver(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(t.stats.Arrivals), "arrivals")
			}
		})
	}
}
