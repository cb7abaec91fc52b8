package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
	"exiwatch/window"
)

const firstSecond = 1_790_000_000

// A fleetTest is a fleet whose records are known beforehand.
type fleetTest struct {
	*testing.T
	server   *redistest.Server
	rules    []window.Rule
	hosts    []*testHost
	leader   *Leader                         // the last one
	wrap     func(leaderEngine) leaderEngine // nil: leaders use the engine as it is
	dir      string
	observer *engine.Client

	mu     sync.Mutex
	events []Event
}

// A testHost publishes records of its own.
type testHost struct {
	name   string
	all    []*pipeline.Record
	sent   int
	last   engine.ID
	client *engine.Client
	packer *Packer
	rules  []window.Rule
}

// newFleetTest makes a fleet of n hosts. Accounts send in bursts through all of them; skew says how far a host's clock
// is off.
func newFleetTest(t *testing.T, seed uint64, n, seconds int, skew func(host int) int64) *fleetTest {
	f := &fleetTest{T: t, server: redistest.Start(t), dir: t.TempDir(), rules: parseRules(t)}
	for i := range n {
		f.hosts = append(f.hosts, &testHost{name: fmt.Sprintf("mx%d", i), client: f.client(), packer: NewPacker()})
	}
	f.observer = f.client()
	for _, h := range f.hosts {
		h.rules = f.rules
		h.announce(t)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for s := range seconds {
		for range random.IntN(8) {
			i := random.IntN(n)
			f.hosts[i].add(random, firstSecond+int64(s)+skew(i))
		}
	}
	return f
}

// parseRules are the rules of the fleets here.
func parseRules(t testing.TB) (rules []window.Rule) {
	for _, text := range []string{"account 20/1m", "sender 6/20s", "account hosts 4/2m"} {
		r, err := window.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	return rules
}

// announce says that the host is there.
func (h *testHost) announce(t testing.TB) {
	if err := Announce(t.Context(), h.client, h.name, &HostInfo{Host: h.name, Rules: Rules{}.String()}); err != nil {
		t.Fatal(err)
	}
}

func straight(int) int64 { return 0 }

// add adds an arrival at a second.
func (h *testHost) add(random *rand.Rand, second int64) {
	text := func(format string, args ...any) []byte { return fmt.Appendf(nil, format, args...) }
	a := h.addFor(min(random.IntN(6)+random.IntN(40), 20), second)
	a.Values[window.Host] = text("192.0.2.%d", random.IntN(7))
	a.Values[window.Subject] = text("hello %d", random.IntN(9))
}

// addFor adds an arrival of an account at a second.
func (h *testHost) addFor(account int, second int64) *window.Arrival {
	r := &pipeline.Record{Now: second}
	a := &r.Arrival
	a.At = time.Unix(second, 0).UTC()
	a.MessageID, a.Recipients, a.Bytes = fmt.Appendf(nil, "1v%06d", len(h.all)), 1, 1000
	name := fmt.Appendf(nil, "user%d@lab.test", account)
	a.Values[window.Auth], a.Values[window.Account], a.Values[window.Sender] = name, name, name
	a.Values[window.LogHost] = []byte(h.name)
	h.all = append(h.all, r)
	return a
}

func (f *fleetTest) client() *engine.Client {
	c, err := engine.Open(engine.Options{URLs: []string{f.server.URL()}, Name: "lab"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	return c
}

// publish publishes all records before a second that haven't been yet.
func (h *testHost) publish(t testing.TB, until int64) {
	var e merge.Encoder
	n := h.sent
	for n < len(h.all) && h.all[n].Now < until && n < h.sent+500 {
		e.Add(h.all[n])
		n++
	}
	a := engine.Append{After: h.last, Untils: written(Untils{h.name: until}), Resume: []byte("{}")}
	if n < h.sent+500 || n == len(h.all) {
		a.Untils = written(Untils{h.name: until})
	} else {
		a.Untils = written(Untils{h.name: h.all[n].Now})
	}
	if a.ID = h.last; e.Len() > 0 {
		a.ID = engine.ID{Generation: 1, Offset: uint64(n)}
		a.Batch = h.packer.Pack(&Bundle{Scopes: ScopesOf(h.rules), Last: h.all[n-1].Now,
			Batches: []HostRecords{{h.name, slices.Clone(e.Records())}}})
	}
	end, err := h.client.Append(t.Context(), h.name, a)
	if err != nil {
		return // the engine is away
	}
	if h.last = end.ID; end.ID == a.ID {
		h.sent = n
	} else {
		h.sent = int(end.ID.Offset) // what an engine that was emptied has
	}
	if h.sent < len(h.all) && h.all[h.sent].Now < until {
		h.publish(t, until)
	}
}

// lead runs a leader until the function that it returns is called. kill ends it without a word.
func (f *fleetTest) lead(name string, patience time.Duration) (stop func() *Leader) {
	var e leaderEngine = f.client()
	if f.wrap != nil {
		e = f.wrap(e)
	}
	l := &Leader{Engine: e, Host: name, Rules: f.rules, Scopes: ScopesOf(f.rules), Patience: patience,
		FromStart: true, Now: time.Now, Pending: filepath.Join(f.dir, name+".json"),
		Log: slog.New(slog.NewTextHandler(f.Output(), nil)),
		Tell: func(_ context.Context, events []Event, done func()) {
			f.mu.Lock()
			f.events = append(f.events, events...)
			f.mu.Unlock()
			done()
		}}
	f.leader = l
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	var once sync.Once
	stop = func() *Leader {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				f.Error(err)
			}
		})
		return l
	}
	f.Cleanup(func() { stop() })
	return stop
}

// until waits for something, as long as the fleet is counted further.
func (f *fleetTest) until(what string, is func() bool) {
	f.Helper()
	testkit.Until(f, what, is, func() any { return f.counted() })
}

// all publishes everything up to a second with all hosts but some.
func (f *fleetTest) all(until int64, but ...int) {
	for i, h := range f.hosts {
		if !slices.Contains(but, i) {
			h.publish(f, until)
		}
	}
}

// an outcome is what matters of an alert.
type outcome struct {
	ID, Rule, Value string
	Opened          int64
}

func (o outcome) String() string {
	return fmt.Sprintf("%s %s %s +%d", o.ID, o.Rule, o.Value, o.Opened-firstSecond)
}

// reference are the alerts of the fleet order.
func (f *fleetTest) reference() (all []outcome) {
	var records []*pipeline.Record
	for _, h := range f.hosts {
		records = append(records, h.all...)
	}
	slices.SortStableFunc(records, func(a, b *pipeline.Record) int { return cmp.Compare(a.Now, b.Now) })
	counter, err := merge.NewCounter(f.rules, merge.Events{Opened: func(alerts []*window.Alert) {
		for _, a := range alerts {
			all = append(all, outcome{a.ID, a.Rule.String(), a.Value, a.Opened.Unix()})
		}
	}})
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range records {
		counter.Add(r)
	}
	return sorted(all)
}

func sorted(all []outcome) []outcome {
	slices.SortFunc(all, func(a, b outcome) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// checkTold fails if an event was told twice, or the alerts that were told aren't those of the fleet order.
func (f *fleetTest) checkTold(l *Leader) {
	f.Helper()
	times := make(map[string]int)
	alerts := make(map[string]outcome)
	for _, e := range f.events {
		for _, a := range e.Alerts {
			name := fullName(a.ID, e.Name)
			if times[name]++; times[name] > 1 {
				f.Errorf("%s was told %d times", name, times[name])
			}
			switch e.Name {
			case pipeline.Opened:
				alerts[a.ID] = outcome{a.ID, a.Rule.String(), a.Value, a.Opened.Unix()}
			case pipeline.Withdrawn:
				delete(alerts, a.ID)
			}
		}
	}
	want := f.reference()
	for _, w := range want {
		id := w.ID
		if is := l.last.ledger.is[id]; is != "" {
			id = is
		}
		got, ok := alerts[id]
		if !ok {
			f.Errorf("not told: %s", w)
		} else if got.Rule != w.Rule || got.Value != w.Value || got.ID == w.ID && got != w {
			f.Errorf("told %s, want %s", got, w)
		}
		delete(alerts, id)
	}
	for _, extra := range alerts {
		f.Errorf("told, and not so: %s", extra)
	}
	f.Logf("%d alerts, %d events", len(want), len(f.events))
}

// finish publishes everything, and waits until it has been counted, also what comes late.
func (f *fleetTest) finish() {
	f.Helper()
	end := f.latest() + 1
	f.until("end of the records", func() bool {
		f.all(end + 100)
		d := f.state()
		for _, h := range f.hosts {
			if d.Until[h.name] < end {
				return false
			}
		}
		return d.Second >= end
	})
}

// counted is the second up to which the fleet has been counted, as the engine knows.
func (f *fleetTest) counted() int64 { return f.state().Second }

// state is what the leader has left in the engine.
func (f *fleetTest) state() (d done) {
	v, err := f.observer.Verdicts(f.Context(), "")
	if err != nil || json.Unmarshal(v.Done, &d) != nil {
		return done{}
	}
	return d
}

func (f *fleetTest) latest() (last int64) {
	for _, h := range f.hosts {
		last = max(last, h.all[len(h.all)-1].Now)
	}
	return last
}
