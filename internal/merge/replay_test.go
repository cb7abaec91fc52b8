package merge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/pipeline/pipelinetest"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// manyRules count by what several lines tell together, by what a fleet's counters derive, and by how many differ.
const manyRules = `
[count]
only = ["all"]
[[rule]]
key = "account"
limit = 3
window = "5m"
[[rule]]
key = "sender"
limit = 2
window = "1h"
[[rule]]
key = "account"
count = "recipients"
limit = 4
window = "1h"
only = ["authenticated", "local"]
[[rule]]
key = "topic"
limit = 2
window = "1h"
[[rule]]
key = "subject"
limit = 2
window = "10m"
[[rule]]
key = "network"
count = "senders"
limit = 1
window = "1h"
[[rule]]
key = "host"
limit = 900
window = "1h"
[[rule]]
key = "account_domain"
limit = 2
window = "1h"
[[rule]]
key = "sender_domain"
count = "addresses"
limit = 2
window = "1h"
[[rule]]
key = "user"
limit = 1
window = "1m"
[[rule]]
key = "script"
limit = 1
window = "1h"
[[rule]]
key = "cpuser"
limit = 1
window = "1h"
[[rule]]
key = "log"
count = "anomalies"
limit = 1
window = "1h"
[[rule]]
key = "log"
limit = 20
window = "1h"
`

// TestOneLogIsNoFleet: the alerts of one host's log are those of the log, whatever rules there are. Where its clock was
// set back, a fleet's times are those of the clock that went on.
func TestOneLogIsNoFleet(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	found := 0
	check := func(name string, log func() replay.Source) {
		want, back := replayed(t, c, log())
		got := together(t, c, Log{Name: "mx1", Sources: []replay.Source{log()}})
		if back {
			want, got = timeless(want), timeless(got)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		found += len(want)
	}
	for _, path := range corpora(t) {
		check(path, func() replay.Source { return replay.Source{Name: path} })
	}
	for seed := range uint64(4) {
		lines, _ := testkit.Traffic(seed, 600)
		log := strings.Join(testkit.Joinable(seed, lines), "")
		check(fmt.Sprint("traffic ", seed), func() replay.Source { return text(log) })
	}
	if found < 200 {
		t.Errorf("only %d alerts were opened", found)
	}
}

// TestAnyLogIsNoFleet: the alerts of one host's log are those of the log, whatever the order of its lines decides.
func TestAnyLogIsNoFleet(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	c.Zone = zone
	rapid.Check(t, func(r *rapid.T) {
		log := string(pipelinetest.AnyLog(r, zone))
		want, back := replayed(t, c, text(log))
		got := together(t, c, Log{Name: "mx1", Sources: []replay.Source{text(log)}})
		if back {
			want, got = timeless(want), timeless(got)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			r.Fatalf("of the log\n%s(-want +got):\n%s", log, diff)
		}
	})
}

// hosts are those of a fleet in tests.
var hosts = []string{"mx0", "mx1", "mx2", "mx3", "mx4", "mx5", "mx6", "mx7", "mx8", "mx9"}

// dealt splits the lines of a log among so many hosts, by a hash of their message ids.
func dealt(lines []string, n int) map[string]string {
	logs := make(map[string]string)
	for _, line := range lines {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(strings.Fields(line)[2])) // it never fails
		logs[hosts[int(hash.Sum32()%uint32(n))]] += line
	}
	return logs
}

// named are the logs of hosts.
func named(logs map[string]string) (all []Log) {
	for host, log := range logs { // in any order
		all = append(all, Log{Name: host, Sources: []replay.Source{text(log)}})
	}
	return all
}

// byDefinition gives the alerts of a fleet as the fleet order is defined: all records of each host, sorted.
func byDefinition(t *testing.T, c config.Config, logs map[string]string) []verdict {
	t.Helper()
	var records []*pipeline.Record
	keep := func(host string, r *pipeline.Record) {
		e := new(Encoder)
		e.Add(r)
		testkit.Must(t, e.Records().Each(host, func(r *pipeline.Record) {
			kept := *r
			records = append(records, &kept)
		}))
	}
	for _, host := range slices.Sorted(maps.Keys(logs)) {
		p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{Publish: keep})
		testkit.Must(t, err)
		p.NameHost(host, true)
		_, err = replay.Run(t.Context(), p, []replay.Source{text(logs[host])}, c.Zone, now, nil)
		testkit.Must(t, err)
	}
	slices.SortStableFunc(records, func(a, b *pipeline.Record) int { return cmp.Compare(a.Now, b.Now) })
	var all alerts
	counter, err := NewCounter(c.Rules, Events{Opened: all.opened})
	testkit.Must(t, err)
	for _, r := range records {
		counter.Add(r)
	}
	counter.Reach(lastSecond(logs), c.Zone)
	return all.verdicts()
}

// lastSecond is the last second that a log without steps of the clock has come to.
func lastSecond(logs map[string]string) (last int64) {
	for _, log := range logs {
		for line := range strings.Lines(log) {
			if at, err := time.Parse(time.DateTime, line[:len(time.DateTime)]); err == nil && strings.Contains(line, " <= ") {
				last = max(last, at.Unix())
			}
		}
	}
	return last
}

// TestTenHostsByDefinition: the alerts of ten logs are those of the fleet order, however they are read.
func TestTenHostsByDefinition(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	found := 0
	for seed := range uint64(3) {
		lines, _ := testkit.Traffic(seed, 3000)
		logs := dealt(lines, 10)
		want, got := byDefinition(t, c, logs), together(t, c, named(logs)...)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("traffic %d (-want +got):\n%s", seed, diff)
		}
		found += len(want)
	}
	if found < 200 {
		t.Errorf("only %d alerts were opened", found)
	}
}

// TestTenHostsAreOneLog: where each line has a second of its own, a log dealt to ten hosts has the alerts of the whole.
func TestTenHostsAreOneLog(t *testing.T) {
	c := configtest.Parse(t, manyRules)
	for seed := range uint64(3) {
		lines, _ := testkit.Traffic(seed, 3000)
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "nonsense") })
		at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
		for i, line := range lines {
			at = at.Add(time.Duration(1+i%9) * time.Second)
			lines[i] = at.Format(time.DateTime) + line[len(time.DateTime):]
		}
		want, back := replayed(t, c, text(strings.Join(lines, "")))
		got := together(t, c, named(dealt(lines, 10))...)
		if diff := gocmp.Diff(want, got); diff != "" || back {
			t.Errorf("traffic %d (-want +got):\n%s", seed, diff)
		}
		if len(want) < 50 {
			t.Errorf("traffic %d opens only %d alerts", seed, len(want))
		}
	}
}

// arrivals are so many of an account, each in a second of its own from a time on.
func arrivals(account, from string, n int, more ...string) (log string) {
	at, err := time.Parse(time.DateTime, from)
	if err != nil {
		panic(err) // the test is wrong
	}
	for i := range n {
		log += fmt.Sprintf("%s 1xV000-%s%02d%03d-01 <= %s@lab.test U=%[5]s P=local S=5%s\n",
			at.Add(time.Duration(i)*time.Second).Format(time.DateTime), account[:1], at.Minute(), i, account,
			strings.Join(more, ""))
	}
	return log
}

// TestClockSetBack: what a host's clock says then is its own matter. Its arrivals count where its clock goes on, and
// those of other hosts where theirs are.
func TestClockSetBack(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nkey = \"account\"\nlimit = 5\nwindow = \"1m\"")
	back := arrivals("ann", "2026-11-23 10:00:00", 4) + arrivals("ann", "2026-11-23 09:00:00", 4)
	other := arrivals("bob", "2026-11-23 09:00:10", 6) + arrivals("cid", "2026-11-23 10:00:01", 6)
	var got []string
	for _, v := range together(t, c, named(map[string]string{"mx1": back, "mx2": other})...) {
		got = append(got, v.Opened+" "+v.Value)
	}
	// ann's clock stood at 10:00:03 when it was set back to 09:00:00.
	want := []string{"2026-11-23T09:00:15Z bob", "2026-11-23T10:00:04Z ann", "2026-11-23T10:00:06Z cid"}
	if !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
}

// TestOwnMailOnAnotherHost: a mail about an alert of the fleet doesn't count, whichever host sends it. A copy of it
// counts, for cPanel's user, too.
func TestOwnMailOnAnotherHost(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nkey = \"account\"\nlimit = 2\nwindow = \"1h\"\n"+
		"[[rule]]\nkey = \"cpuser\"\nlimit = 2\nwindow = \"1h\"")
	first := map[string]string{"mx1": arrivals("ann", "2026-11-23 10:00:00", 3)}
	f := newFleetRun(t, c, named(first)...)
	_, err := f.Run(t.Context(), f.counter)
	testkit.Must(t, err)
	if len(f.alerts) != 1 {
		t.Fatalf("%d alerts", len(f.alerts))
	}
	mail := " id=" + mailer.MessageID(f.alerts[0].ID, pipeline.Opened, "lab.test", nil)
	first["mx2"] = arrivals("bob", "2026-11-23 10:05:00", 4, mail)
	for i, line := range slices.Collect(strings.Lines(first["mx2"])) {
		stamp, id := line[:len(time.DateTime)], strings.Fields(line)[2]
		first["mx2"] = strings.Replace(first["mx2"], line,
			line+fmt.Sprintf("%s %s Sender identification U=cp D=lab.test S=bob%d\n", stamp, id, i), 1)
	}
	var got []string
	for _, v := range together(t, c, named(first)...) {
		got = append(got, fmt.Sprint(v.Value, " ", v.CrossedBy[7:13], " ", v.Messages))
	}
	if want := []string{"ann a00002 3", "bob b05003 3", "cp b05003 3"}; !slices.Equal(got, want) {
		t.Errorf("alerts %q, want %q", got, want)
	}
}

// TestBrokenLogs: of a broken log everything counts that can be read, and each is named.
func TestBrokenLogs(t *testing.T) {
	c := configtest.Parse(t, "[[rule]]\nkey = \"account\"\nlimit = 5\nwindow = \"1m\"")
	whole := testkit.Gzip(t, arrivals("ann", "2026-11-23 10:00:00", 4))
	broken := replay.Source{Name: testkit.Write(t, "broken.gz", whole[:len(whole)-4])}
	missing := replay.Source{Name: filepath.Join(t.TempDir(), "missing")}
	f := newFleetRun(t, c, Log{Name: "mx1", Sources: []replay.Source{broken}},
		Log{Unnamed: "central", Sources: []replay.Source{missing}},
		Log{Name: "mx3", Sources: []replay.Source{text(arrivals("ann", "2026-11-23 10:00:05", 4))}})
	outcome, err := f.Run(t.Context(), f.counter)
	var all *replay.BrokenLogs
	if !errors.As(err, &all) || len(all.Errors) != 2 || !strings.Contains(err.Error(), broken.Name) ||
		!strings.Contains(err.Error(), missing.Name) {
		t.Errorf("%v, want an error that names %s and %s", err, broken.Name, missing.Name)
	}
	if len(f.alerts) != 1 || outcome.Lines != 8 || len(outcome.Sources) != 3 {
		t.Errorf("%d alerts of %+v", len(f.alerts), outcome)
	}
}

// TestCancelledReplay: it ends, says so and counts no more, whether a log is planned or read.
func TestCancelledReplay(t *testing.T) {
	c := configtest.Parse(t, "")
	lines, _ := testkit.Traffic(1, 20_000)
	log := strings.Join(lines, "")
	for name, at := range map[string]float64{"planning": 0.1, "reading": 0.8} {
		ctx, cancel := context.WithCancel(t.Context())
		f := newFleetRun(t, c, Log{Unnamed: "central", Sources: []replay.Source{file(t, log)}})
		f.Progress = func(share float64) {
			if share >= at {
				cancel()
			}
		}
		if _, err := f.Run(ctx, f.counter); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", name, err, context.Canceled)
		}
		cancel()
	}
}
