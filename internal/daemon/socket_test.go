package daemon

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/testkit"
	"exiwatch/tailer"
	"exiwatch/window"
)

var (
	loadQuestions = flag.Int("daemon.questions", 2000, "questions of TestQuestionsUnderLoad")
	loadLines     = flag.Int("daemon.lines", 4000, "lines a second that are logged meanwhile")
)

// asked makes a configuration with a socket of this process's own group.
func asked(t *testing.T, text string) config.Config {
	t.Helper()
	dir, err := os.MkdirTemp("", "exiwatch")
	testkit.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return configtest.Parse(t, text+fmt.Sprintf("\n[socket]\npath = %q\ngroup = '%d'\n", filepath.Join(dir, "s"),
		os.Getgid()))
}

// answer asks a daemon, which must answer.
func (w *watchman) answer(request string) string {
	w.t.Helper()
	got, err := readsocket.Ask(w.t.Context(), w.daemon.Config.Socket.Path, request)
	if err != nil {
		w.t.Errorf("%q: %v", request, err)
	}
	return got
}

// logged is n messages of a login, from now on.
func logged(login string, n int, at time.Time) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b,
			"%s 1xV%03d-%06d-01 <= %s@Lab.test H=(pc) [2001:db8::%d] P=esmtpa A=plain:%s:x S=5 T=\"Your parcel %d\"\n",
			at.UTC().Format(time.DateTime), len(login), i, login, 1+i%2, login, i)
	}
	return b.String()
}

// TestAnswers: each key is asked as it is counted, exceptions hold, and the answer has what was logged just before.
func TestAnswers(t *testing.T) {
	first, second := testkit.Write(t, "mainlog", ""), testkit.Write(t, "mainlog", "")
	c := asked(t, fmt.Sprintf(`
log = [%q, %q]
[count]
only = ["all"]
[[rule]]
key = "sender"
limit = 20
window = "1h"
[[rule.except]]
match = "news@lab.test"
limit = 30
[[rule]]
key = "sender"
count = "bytes"
limit = 1000
window = "2h"
only = ["authenticated"]
[[rule]]
key = "auth"
limit = 20
[[rule]]
key = "network"
limit = 20
[[rule]]
key = "host"
limit = 20
[[rule]]
key = "account"
limit = 20
[[rule]]
key = "account_domain"
limit = 20
[[rule]]
key = "topic"
limit = 20
[[rule]]
key = "sender_domain"
count = "hosts"
limit = 1
`, first, second))
	w := start(t, c, false, new(post))
	w.untilSays(ready)
	now := time.Now()
	testkit.Append(t, first, logged("alice", 20, now))
	w.until("the lines are counted", func() bool { return w.daemonArrivals() == 20 })
	if got := w.answer("alice@lab.test\ncount sender=alice@LAB.TEST\nauth=alice\nhost=2001:db8::1"); got != "no\n100\nno\nno" {
		t.Errorf("at the limit: %q", got)
	}
	testkit.Append(t, first, logged("alice", 1, now)+logged("news", 21,
		now)+strings.Repeat(now.UTC().Format(time.DateTime)+" 1xVbbb-000001-01 <= <> R=1xVaaa-000001-01 U=Debian-exim P=local S=9\n", 21))
	testkit.Append(t, second,
		strings.Repeat(now.UTC().Format(time.DateTime)+" 1xVbbb-000001-01 <= \"a b\"@x.test H=mx [192.0.2.7] P=esmtp S=9\n", 25))
	w.until("the lines are counted", func() bool { return w.daemonArrivals() == 20+1+21+21+25 })
	for request, want := range map[string]string{
		"alice@lab.test": "yes", "alice@LAB.test": "yes", "ALICE@lab.test": "yes", "sender=alice@lab.test": "yes",
		"bob@lab.test":                   "no",
		"auth=bob sender=alice@lab.test": "yes", "auth=bob sender=bob@lab.test": "no", "auth=alice:whatever": "yes",
		"auth=alice@lab.test": "no",
		"account=alice":       "yes", "account=alice@lab.test": "no", "account=<>": "no", "account=Debian-exim": "yes",
		"news@lab.test": "no", "count news@lab.test": "105", "count account=news": "21", "account=news": "yes",
		"": "yes", "\n": "yes", "<>": "yes", "count sender=<>": "21",
		"host=2001:db8::1": "yes", "host=2001:0DB8:0:0::1": "yes", "host=2001:db8::3": "no",
		"count host=2001:db8::2": "20", "host=": "no",
		"network=2001:db8::ffff": "yes", "network=2001:db8::/64": "yes", "network=2001:db8:0:0:7::/64": "yes",
		"network=2001:db8:0:1::1": "no", "network=x": "no",
		"host=192.0.2.7": "yes", "host=::ffff:192.0.2.7": "yes", "network=192.0.2.99": "yes",
		"network=192.0.2.0/24": "yes", "network=192.0.3.7": "no",
		`"a b"@x.test`: "yes", `sender="\"a b\"@x.test"`: "yes", `topic="RE: your PARCEL 99"`: "yes",
		"topic=parcel":           "no",
		"sender_domain=Lab.Test": "yes", "sender_domain=alice@lab.test": "yes", "sender_domain=x.test": "no",
		"count sender_domain=lab.test": "2",
		"account_domain=<X.test>":      "yes", "account_domain=<web@x.test>": "yes", "account_domain=x.test": "no",
		"user=Debian-exim": "no", "count subject=x": "0",
	} {
		if got := w.answer(request); got != want {
			t.Errorf("%q is answered %q, want %q", request, got, want)
		}
	}
	before := w.daemon.tally.Arrivals
	w.stop()
	if w.daemon.tally.Arrivals != before {
		t.Errorf("asking counts: %d arrivals, then %d", before, w.daemon.tally.Arrivals)
	}
}

// TestAnswerHasWhatWasLoggedBefore: it waits for lines that the logs hold and that aren't counted yet, but not for
// long.
func TestAnswerHasWhatWasLoggedBefore(t *testing.T) {
	log := testkit.Write(t, "mainlog", "12345678")
	info, err := os.Stat(log)
	testkit.Must(t, err)
	p, err := pipeline.New(config.Scopes{"": {}}, []window.Rule{{Key: window.User, Limit: 1, Window: time.Hour}},
		pipeline.Listener{})
	testkit.Must(t, err)
	l := follow.New(log, p, follow.Options{Zone: time.UTC, Now: time.Now})
	d := &Daemon{counters: newCountersLock(), now: time.Now, logs: []*follow.LiveLog{l}}
	q := readsocket.Question{Terms: []readsocket.Term{{Key: window.User, Value: "ann"}}}
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		d.counters.lock()
		defer d.counters.unlock()
		for range 2 {
			w := window.Arrival{At: time.Now()}
			w.Values[window.User] = []byte("ann")
			p.Counters().Count(&w)
		}
		stat := info.Sys().(*syscall.Stat_t)
		l.Seen = tailer.Position{Device: uint64(stat.Dev), Inode: stat.Ino, Offset: 8}
		l.NoteTime(new(follow.Batch), time.Now())
	}()
	if _, over, err := d.answer(t.Context(), q); !over || err != nil {
		t.Errorf("over = %v, %v, want true", over, err)
	}
	<-counted
	testkit.Append(t, log, "9") // which nobody reads
	began := time.Now()
	if _, over, err := d.answer(t.Context(), q); !over || err != nil {
		t.Errorf("over = %v, %v, want true", over, err)
	}
	if took := time.Since(began); took < freshness {
		t.Errorf("it waited %v, want %v", took, freshness)
	}
}

// TestIdleLogKeepsNobody: after the window he is accepted again, though no line comes.
func TestIdleLogKeepsNobody(t *testing.T) {
	log := testkit.Write(t, "mainlog", "")
	c := asked(t, fmt.Sprintf("log = %q\n[[rule]]\nkey = 'auth'\nlimit = 2\nwindow = '10s'\n", log))
	w := start(t, c, false, new(post))
	w.untilSays(ready)
	at := time.Now()
	testkit.Append(t, log, logged("alice", 3, at))
	w.until("she is over the limit", func() bool { return w.answer("alice") == "yes" })
	w.until("she may send again", func() bool { return w.answer("alice") == "no" })
	if took := time.Since(at.Truncate(time.Second)); took < 10*time.Second || took > 30*time.Second {
		t.Errorf("after %v, want 10 s", took)
	}
	testkit.Append(t, log, logged("alice", 1, at.Add(9*time.Second))) // a late line finds the counts as they were
	w.until("the line is counted", func() bool { return w.daemonArrivals() == 4 })
	w.stop()
	if got, want := w.post.ids(), replayIDs(t, c, log); !slices.Equal(got, want) || len(want) != 1 {
		t.Errorf("mailed %v, replay lists %v", got, want)
	}
}

// daemonArrivals is how many arrivals were counted.
func (w *watchman) daemonArrivals() (n int64) {
	if err := w.daemon.counters.with(context.Background(), func() { n = int64(w.daemon.tally.Arrivals) }); err != nil {
		w.t.Error(err)
	}
	return n
}

// TestAnswersWhileTheOwnerIsBusy: what is slow for the owner is in nobody's way.
func TestAnswersWhileTheOwnerIsBusy(t *testing.T) {
	d := &Daemon{counters: newCountersLock()}
	d.counters.lock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := d.counters.with(ctx, func() { t.Error("let in while somebody counts") }); err == nil {
		t.Error("no error, want one of time")
	}
	in := false
	d.counters.unlocked(func() {
		if err := d.counters.with(t.Context(), func() { in = true }); err != nil || !in {
			t.Errorf("while the owner is slow: %v", err)
		}
	})
}

// TestQuestionsUnderLoad: 16 at a time while the log grows, and alerts are mailed, no answer is wrong; none is late
// where the machine has nothing else to do, which is for who runs it with -daemon.questions.
func TestQuestionsUnderLoad(t *testing.T) {
	log := testkit.Write(t, "mainlog", "")
	c := asked(t,
		fmt.Sprintf("log = %q\n[[rule]]\nkey = 'auth'\nlimit = 20\nwindow = '5m'\n[[rule]]\nkey = 'network'\ncount = 'bytes'\nlimit = 5000000000\nwindow = '1h'\n[mail]\nmax_per_hour = 20\n", log))
	w := start(t, c, false, new(post))
	w.untilSays(ready)
	const accounts = 50
	for i := range accounts {
		n := 21 // even ones are over
		if i%2 == 1 {
			n = 20
		}
		testkit.Append(t, log, logged(fmt.Sprintf("known%d", i), n, time.Now()))
	}
	w.until("they are known", func() bool { return w.daemonArrivals() == accounts/2*(20+21) })
	stop, written := make(chan struct{}), make(chan int)
	go func() { written <- grow(t, log, *loadLines, stop) }()
	var wait sync.WaitGroup
	var wrong atomic.Int64
	took := make([][]time.Duration, 16)
	began := time.Now()
	for i := range took {
		wait.Go(func() {
			for n := range *loadQuestions / len(took) {
				who := (i + n) % accounts
				from := time.Now()
				got := w.answer(fmt.Sprintf("auth=known%d\n", who))
				took[i] = append(took[i], time.Since(from))
				if want := []string{"yes", "no"}[who%2]; got == "no" && want == "yes" {
					wrong.Add(1)
				} else if got != want {
					t.Errorf("known%d is answered %q, want %s", who, got, want)
				}
			}
		})
	}
	wait.Wait()
	lasted := time.Since(began)
	close(stop)
	lines := <-written
	all := slices.Concat(took...)
	slices.Sort(all)
	tally := w.daemon.socket.server.Stats()
	t.Logf("%d questions in %v while %d lines were logged: p50 %v, p99 %v, max %v; %+v; %d alerts", len(all), lasted,
		lines,
		all[len(all)/2], all[len(all)*99/100], all[len(all)-1], tally, len(w.opened()))
	late := tally.Answers[readsocket.Late]
	if wrong.Load() > late {
		t.Errorf("%d answers were no and should have been yes", wrong.Load())
	}
	// how long others have the processor isn't ours to say
	if late > 0 && *loadQuestions >= 10_000 || int(late) == len(all) {
		t.Errorf("%d answers came too late", late)
	}
}

// grow logs lines of many accounts, and of one a second that goes over its limit, until it is stopped.
func grow(t *testing.T, log string, perSecond int, stop <-chan struct{}) (lines int) {
	const ticks = 100 // a second
	tick := time.NewTicker(time.Second / ticks)
	defer tick.Stop()
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	for began := time.Now(); ; {
		select {
		case now := <-tick.C:
			var b strings.Builder
			for due := int(now.Sub(began).Seconds() * float64(perSecond)); lines < due; lines++ {
				account := lines % 50_000
				if lines%1000 < 30 {
					account = 100_000 + lines/1000
				}
				fmt.Fprintf(&b,
					"%s 1xW%03d-%06d-01 <= u%d@lab.test H=(pc) [10.%d.%d.1] P=esmtpa A=plain:u%d S=1000 T=\"Parcel %d\"\n",
					now.UTC().Format(time.DateTime), lines%1000, lines, account, account>>8&255, account&255, account,
					lines%777)
			}
			if _, err := f.WriteString(b.String()); err != nil {
				t.Error(err)
			}
		case <-stop:
			return lines
		}
	}
}
