package fleet

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/window"
)

func TestLeaderCountsTheFleetOrder(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 4, 600, straight)
	f.all(firstSecond)
	stop := f.lead("mx0", 10*time.Second)
	for s := int64(0); s < 600; s += 50 {
		f.all(firstSecond + s)
	}
	f.finish()
	f.checkTold(stop())
}

// TestLeadersChange: each leader goes on where the one before it has stopped.
func TestLeadersChange(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := newFleetTest(t, seed, 4, 900, straight)
			random := rand.New(rand.NewPCG(seed, 1))
			var stop func() *Leader
			for s := int64(0); s < 900; s += 60 {
				if stop == nil || random.IntN(2) == 0 {
					if stop != nil {
						stop()
					}
					stop = f.lead(fmt.Sprintf("mx%d", random.IntN(4)), 10*time.Second)
				}
				f.all(firstSecond + s)
				wait := firstSecond + s - int64(random.IntN(120))
				f.until("second counted", func() bool { return f.counted() >= min(wait, firstSecond+s) })
			}
			f.finish()
			stop()
			for i := range 4 { // what a leader didn't know to be told
				stop = f.lead(fmt.Sprintf("mx%d", i), 10*time.Second)
				f.until("leader without pending events", func() bool {
					_, err := os.Stat(filepath.Join(f.dir, fmt.Sprintf("mx%d.json", i)))
					return err != nil && f.leader.leads.Load()
				})
				stop()
			}
			f.checkTold(stop())
		})
	}
}

// TestHostComesLate: a host is silent for longer than the fleet waits, and comes back.
func TestHostComesLate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := newFleetTest(t, seed, 4, 900, straight)
			stop := f.lead("mx0", time.Second)
			f.all(firstSecond + 300)
			f.until("second counted", func() bool { return f.counted() >= firstSecond+300 })
			f.all(firstSecond+700, 2)
			second := int64(firstSecond + 700)
			f.until("second counted without mx2", func() bool {
				second = min(second+1, firstSecond+800) // the others go on
				f.all(second, 2)
				return f.counted() >= firstSecond+700
			})
			f.finish()
			l := stop()
			f.until("rewind", func() bool { return l.last.stats.Rewinds > 0 })
			f.checkTold(l)
		})
	}
}

// TestLinesLateForATakeover: a host has said that it has nothing more, and its late lines come while nobody leads. By
// them an alert grows that was told.
func TestLinesLateForATakeover(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 2, 0, straight)
	early, late := f.hosts[0], f.hosts[1]
	for s := range int64(600) {
		early.addFor(1000+int(s), firstSecond+s) // that time goes on
		if s >= 240 && s < 265 {
			early.addFor(7, firstSecond+s)
		}
	}
	stop := f.lead("mx0", 10*time.Second)
	f.all(firstSecond + 290)
	f.until("second counted", func() bool { return f.counted() >= firstSecond+290 })
	stop()
	for s := range int64(20) {
		late.addFor(7, firstSecond+266+s)
	}
	f.all(firstSecond + 290)
	stop = f.lead("mx1", 10*time.Second)
	f.all(firstSecond + 600)
	f.until("all counted", func() bool { return f.counted() >= firstSecond+600 })
	stop()
	var told []string
	for _, e := range f.events {
		for _, a := range e.Alerts {
			if a.Rule.String() == "account 20/1m" && e.Name != pipeline.Ended {
				told = append(told, e.Name)
			}
		}
	}
	if want := []string{pipeline.Opened, "grew2"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestEngineIsEmptied: the publishers fill it again, the leader knows what was told.
func TestEngineIsEmptied(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := newFleetTest(t, seed, 4, 900, straight)
			stop := f.lead("mx0", 10*time.Second)
			for s := int64(0); s < 900; s += 60 {
				f.all(firstSecond + s)
				if s%240 == 120 {
					f.until("second counted", func() bool { return f.counted() >= firstSecond+s-100 })
					f.server.Do("FLUSHALL")
					for _, h := range f.hosts {
						h.announce(t)
					}
				}
			}
			f.finish()
			f.checkTold(stop())
		})
	}
}

// TestEmptiedEngineWaitsForItsLeader: another host that could lead leaves it to the last leader to write the state
// again, also if that has lost the lease meanwhile.
func TestEmptiedEngineWaitsForItsLeader(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 3, 900, straight)
	stop := f.lead("mx0", 2*time.Second)
	f.all(firstSecond + 200)
	f.until("second counted", func() bool { return f.counted() >= firstSecond+200 })
	first := f.leader
	stopOther := f.lead("mx1", 2*time.Second)
	f.until("host that knows the fleet", func() bool { // by its second look
		seq, err := f.observer.Seq(t.Context())
		return err == nil && seq > 3
	})
	for s := int64(300); s < 900; s += 300 {
		f.server.Restart(true)
		for _, h := range f.hosts {
			h.announce(t)
		}
		f.until("second counted", func() bool {
			f.all(firstSecond + s)
			return f.counted() >= firstSecond+s
		})
	}
	f.finish()
	stopOther()
	f.leader = first
	f.checkTold(stop())
}

// TestClocksApart: hosts whose clocks are off are merged by their clocks.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 3, 4, 900, func(host int) int64 { return []int64{0, 600, -600, 2}[host] })
	stop := f.lead("mx0", time.Minute) // nobody is silent
	for s := int64(0); s < 900; s += 30 {
		for i, h := range f.hosts {
			h.publish(t, firstSecond+s+[]int64{0, 600, -600, 2}[i])
		}
		f.until("second counted", func() bool { return f.counted() >= firstSecond+s-700 })
	}
	f.finish()
	f.checkTold(stop())
}

// TestOtherScopes: what a host counts under other scopes isn't taken for what the leader's mean.
func TestOtherScopes(t *testing.T) {
	t.Parallel()
	f := newFleetTest(t, 1, 3, 300, straight)
	other, err := window.ParseRule("account 20/1m")
	testkit.Must(t, err)
	other.Scope = "guests"
	f.hosts[2].rules = []window.Rule{other}
	f.all(firstSecond) // all have joined
	stop := f.lead("mx0", 10*time.Second)
	f.finish()
	f.hosts[2].all = nil // as if it weren't there
	f.checkTold(stop())
}

// TestUsual: a wrong clock doesn't decide whom the fleet waits for.
func TestUsual(t *testing.T) {
	const now = firstSecond
	for _, tt := range []struct {
		untils []int64
		want   int64
	}{
		{[]int64{now - 1}, now - 1},
		{[]int64{now - 1, now + 1e9}, now - 1},
		{[]int64{now - 600, now - 2}, now - 2},
		{[]int64{now - 600, now - 1, now + 600}, now - 1},
		{[]int64{now - 3, now - 2, now - 2, now + 1e9}, now - 2},
	} {
		if got := usualOf(tt.untils, now); got != tt.want {
			t.Errorf("usualOf(%d) = %d, want %d", tt.untils, got, tt.want)
		}
	}
}
