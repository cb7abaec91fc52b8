package fleetchaos

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A load is a fleet that is measured. Its rules are account 20 and sender 10.
type load struct {
	name   string
	hosts  int
	rate   int           // lines a second of log time, of all hosts; nine in ten are arrivals
	window time.Duration // the longest
	length time.Duration
	speed  float64
}

// loads are those that a machine with two processors can bear.
var loads = []load{
	{"ten hosts, 1,000 lines a second", 10, 1000, time.Minute, time.Minute, 1},
	{"one host, 200 lines a second", 1, 200, time.Minute, 40 * time.Second, 1},
	{"two hosts, 200 lines a second each", 2, 400, time.Minute, 40 * time.Second, 1},
	{"50 hosts, 200 lines a second", 50, 200, time.Minute, 40 * time.Second, 1},
	{"ten hosts, 5m windows full of 1,000 lines a second", 10, 1000, 5 * time.Minute, 5 * time.Minute, 6},
	{"ten hosts, 1h windows full of 50 lines a second", 10, 50, time.Hour, time.Hour, 60},
	{"ten hosts, 24h windows full of 2 lines a second", 10, 2, 24 * time.Hour, 24 * time.Hour, 1200},
}

// windowUnits is how many units a load's longest window has.
const windowUnits = 5

// TestFigures prints how fast fleets are, and what they cost. It judges nothing: the machine may do other things.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("only with -fleetchaos.figures")
	}
	for _, l := range loads {
		t.Run(l.name, func(t *testing.T) { l.measure(t) })
	}
}

// measure runs the load, and kills the leader at the end.
func (l load) measure(t *testing.T) {
	f := newFleet(t, plan{engine: single, speed: l.speed, units: windowUnits,
		shape: shape{seed: 1, hosts: l.hosts, length: l.length, rate: l.rate, unit: l.window / windowUnits}})
	f.scribe.wrote = make(map[string]time.Time)
	memory := f.memory()
	f.start()
	leader := f.leader()
	began, busy := time.Now(), f.busy()
	<-f.written
	f.untilCounted()
	took := time.Since(began)
	used := make(map[*host]time.Duration)
	var others time.Duration
	for h, before := range busy {
		if used[h] = cpu(t, h.pid()) - before; h != leader {
			others += used[h]
		}
	}
	arrivals := f.arrivals()
	t.Logf("%d arrivals in %v", arrivals, took.Round(time.Second))
	t.Logf("Redis: %.0f bytes an arrival", float64(f.memory()-memory)/float64(arrivals))
	if n := len(f.hosts) - 1; n > 0 {
		mean := others / time.Duration(n)
		t.Logf("a daemon that doesn't lead: %.2f %% of a processor", 100*mean.Seconds()/took.Seconds())
		t.Logf("the leader: %.1f µs an arrival more than the others", (used[leader]-mean).Seconds()*1e6/float64(arrivals))
	} else {
		t.Logf("the only daemon: %.2f %% of a processor", 100*used[leader].Seconds()/took.Seconds())
	}
	if l.speed == 1 {
		f.tellDelays()
	}
	f.tellTakeover(leader)
}

// arrivals are those among the lines that were written.
func (f *fleet) arrivals() (n int) {
	for _, l := range f.scribe.lines {
		if strings.Contains(l.text, " <= ") {
			n++
		}
	}
	return n
}

// memory is what the engine uses, in bytes.
func (f *fleet) memory() int64 {
	_, text, _ := strings.Cut(fmt.Sprint(f.backend.nodes[0].Do("info", "memory")), "used_memory:")
	digits, _, _ := strings.Cut(text, "\r\n")
	n, err := strconv.ParseInt(digits, 10, 64)
	testkit.Must(f.t, err)
	return n
}

// busy is the processor time of each host's daemon.
func (f *fleet) busy() map[*host]time.Duration {
	all := make(map[*host]time.Duration)
	for _, h := range f.hosts {
		all[h] = cpu(f.t, h.pid())
	}
	return all
}

// tick is the unit of times in /proc/PID/stat: USER_HZ is 100 on all that Go runs on.
const tick = 10 * time.Millisecond

// cpu is the processor time that a process has taken: utime and stime in proc_pid_stat(5).
func cpu(t testing.TB, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	testkit.Must(t, err)
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	sum := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(string(field))
		testkit.Must(t, err)
		sum += n
	}
	return time.Duration(sum) * tick
}

// tellDelays tells how long it took from the line that crossed a limit to the webhook.
func (f *fleet) tellDelays() {
	var all []time.Duration
	for _, n := range f.sink.told() {
		if at, ok := f.scribe.wrote[n.Alert.CrossedBy]; ok && n.Event == "opened" {
			all = append(all, n.at.Sub(at))
		}
	}
	if len(all) == 0 {
		f.t.Log("no alerts")
		return
	}
	slices.Sort(all)
	at := func(part float64) time.Duration { return all[int(part*float64(len(all)-1))].Round(time.Millisecond) }
	f.t.Logf("from line to verdict, of %d: half in %v, 99 %% in %v, all in %v", len(all), at(0.5), at(0.99), at(1))
}

// tellTakeover kills the leader, and tells how long it took until the next one has committed.
func (f *fleet) tellTakeover(leader *host) {
	if len(f.hosts) == 1 {
		return
	}
	f.untilCounts()
	seq := f.seq()
	began := time.Now()
	leader.kill()
	last := seq
	testkit.Until(f.t, "another host has committed", func() bool {
		now := f.seq()
		moved := now > last && time.Since(began) > commitTime
		last = max(last, now)
		return moved
	})
	f.t.Logf("takeover: %v after the leader was killed", time.Since(began).Round(100*time.Millisecond))
}

// commitTime is how long a commit may be on its way from a leader that is killed.
const commitTime = time.Second

// seq is the number of the last commit; 0: it isn't known.
func (f *fleet) seq() int64 {
	seq, err := f.client.Seq(f.t.Context())
	if err != nil {
		return 0
	}
	return seq
}
