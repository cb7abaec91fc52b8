package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/journaltest"
	"exiwatch/internal/testkit"
)

// shift renames the log's files as logrotate does: mainlog.1 becomes mainlog.2, and so on.
func (l *lab) shift() {
	l.t.Helper()
	for n := 30; n > 0; n-- {
		for _, ext := range []string{"", ".gz"} {
			err := os.Rename(fmt.Sprintf("%s.%d%s", l.path, n, ext), fmt.Sprintf("%s.%d%s", l.path, n+1, ext))
			if !errors.Is(err, os.ErrNotExist) {
				must(l.t, err)
			}
		}
	}
}

// cycle cycles the log by renaming it.
func (l *lab) cycle() {
	l.t.Helper()
	l.shift()
	must(l.t, os.Rename(l.path, l.path+".1"))
	testkit.Append(l.t, l.path, "")
}

// copyTruncate cycles the log by copying and truncating it.
func (l *lab) copyTruncate() {
	l.t.Helper()
	l.shift()
	text, err := os.ReadFile(l.path)
	must(l.t, err)
	must(l.t, os.WriteFile(l.path+".1", text, 0o640))
	must(l.t, os.Truncate(l.path, 0))
}

// compress compresses the file that was cycled last, if it isn't yet.
func (l *lab) compress() {
	l.t.Helper()
	text, err := os.ReadFile(l.path + ".1")
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	must(l.t, err)
	must(l.t, os.WriteFile(l.path+".1.gz", []byte(testkit.Gzip(l.t, string(text))), 0o640))
	must(l.t, os.Remove(l.path+".1"))
}

// size is how large the current file is.
func (l *lab) size() int64 {
	l.t.Helper()
	info, err := os.Stat(l.path)
	must(l.t, err)
	return info.Size()
}

// TestPublisherWhateverHappens: every line is published once and in order, though the log is cycled in all ways, the
// publisher ends, and the engine stops.
func TestPublisherWhateverHappens(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, "appendonly yes", "appendfsync always")
			lines, _ := testkit.Traffic(seed, 2500)
			lines = testkit.Joinable(seed, lines)
			r := rand.New(rand.NewPCG(seed, 2))
			stop, paused := l.start(), false
			for len(lines) > 0 {
				n := min(1+r.IntN(120), len(lines))
				l.write(strings.Join(lines[:n], ""))
				lines = lines[n:]
				switch what := r.IntN(9); {
				case what == 0 && l.size() > 1000:
					l.cycle()
				case what == 1 && l.size() > 1000 && !paused: // else what isn't read would be lost with the truncation
					l.untilPublished()
					l.copyTruncate()
				case what == 2:
					l.compress()
				case what == 3:
					stop()
					stop = l.start()
				case what == 4 && !paused:
					l.redis.Pause()
					paused = true
				case what == 5 && !paused:
					l.redis.Restart(false)
				case paused:
					l.redis.Resume()
					paused = false
				}
			}
			if paused {
				l.redis.Resume()
			}
			l.untilPublished()
			stop()
			l.start()
			l.untilPublished()
		})
	}
}

// TestLogCycledWhileEngineStops: what was written meanwhile is found in the files that the log was cycled to.
func TestLogCycledWhileEngineStops(t *testing.T) {
	t.Parallel()
	l := newLab(t, "appendonly yes", "appendfsync always")
	lines, _ := testkit.Traffic(13, 4000)
	write := func() {
		l.write(strings.Join(lines[:500], ""))
		lines = lines[500:]
	}
	write()
	stop := l.start()
	l.untilPublished()
	l.redis.Kill()
	write()
	testkit.Until(t, "that is logged", func() bool {
		return strings.Contains(l.log.String(), "the fleet's engine doesn't answer: arrivals wait in the log")
	})
	l.cycle()
	write()
	l.cycle()
	l.compress()
	write()
	stop() // and the publisher doesn't know of the second file
	l.start()
	l.cycle()
	write()
	l.compress()
	write()
	l.redis.Restart(false)
	l.untilPublished()
	testkit.Until(t, "the log is read to its end", func() bool { return len(l.untils()) > 0 })
	write()
	l.untilPublished()
}

// TestEngineEmptied: what the log holds from two windows before Since on is published again.
func TestEngineEmptied(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	lines, end := testkit.Traffic(5, 3000)
	l.since.Store(end.Unix() + 2*3600) // calls and more are looked for in the hours before
	for i := range 3 {
		l.write(strings.Join(lines[i*800:(i+1)*800], ""))
		l.cycle()
	}
	l.compress()
	l.start()
	if some, all := count(l.wanted(l.from())), count(l.wanted(0)); some < 100 || some > all/2 {
		t.Fatalf("%d of %d arrivals are to be published", some, all)
	}
	l.untilPublished()
	_, before := l.published(l.client)
	l.redis.Do("FLUSHALL")
	l.write(strings.Join(lines[2400:2600], ""))
	l.untilPublished()
	_, again := l.published(l.client)
	if again.Born == before.Born || again.ID.Generation <= before.ID.Generation {
		t.Errorf("the stream ended at %v, and at %v when it was filled again", before, again)
	}
	l.redis.Restart(true)
	l.since.Store(0) // all
	l.write(strings.Join(lines[2600:], ""))
	l.untilPublished()
}

// TestEngineLosesLastEntries, as in a failover: they are published again, and a reader learns of it.
func TestEngineLosesLastEntries(t *testing.T) {
	l := newLab(t, "appendonly yes", "appendfsync no")
	lines, _ := testkit.Traffic(6, 1000)
	l.write(strings.Join(lines[:500], ""))
	stop := l.start()
	l.untilPublished()
	key := "xw:{lab/" + labStream + "}:"
	end, log := l.redis.Do("DUMP", key+"end"), l.redis.Do("DUMP", key+"log")
	l.write(strings.Join(lines[500:700], ""))
	l.untilPublished()
	l.redis.Do("EVAL", `redis.call("RESTORE", KEYS[1], 0, ARGV[1], "REPLACE")
		redis.call("RESTORE", KEYS[2], 0, ARGV[2], "REPLACE")`, 2, key+"end", key+"log", end, log)
	l.write(strings.Join(lines[700:], ""))
	l.untilPublished()
	_, at := l.published(l.client)
	if Lost(at) != 1 {
		t.Errorf("Lost = %d, want 1; the log says %s", Lost(at), l.log)
	}
	stop()
	l.start()
	l.untilPublished()
}

// TestCentralLog: the arrivals of each host of a log are published under its name and with its clock.
func TestCentralLog(t *testing.T) {
	l := newLab(t)
	l.host = ""
	lines, _ := testkit.Traffic(7, 2000)
	hosts := 3
	for i, line := range lines {
		at, err := time.Parse(time.DateTime, line[:len(time.DateTime)])
		must(t, err)
		host := i % hosts
		at = at.Add(time.Duration(host-1) * 10 * time.Minute)
		lines[i] = fmt.Sprintf("Nov 23 10:00:00 mx%d exim[4711]: %s%s", host, at.Format(time.DateTime),
			line[len(time.DateTime):])
	}
	r := rand.New(rand.NewPCG(7, 2))
	for len(lines) > 0 {
		stop := l.start()
		n := min(1+r.IntN(400), len(lines))
		l.write(strings.Join(lines[:n], ""))
		lines = lines[n:]
		if r.IntN(2) == 0 {
			l.untilPublished()
		}
		stop()
	}
	l.start()
	l.untilPublished()
	if all := l.wanted(l.from()); len(all) != hosts {
		t.Errorf("%d hosts, want %d", len(all), hosts)
	}
	testkit.Until(t, "the untils of all hosts", func() bool { return len(l.untils()) == hosts })
}

// A faultyEngine does not do, or does without an answer, what it is told now and then.
type faultyEngine struct {
	Streams
	mu     sync.Mutex
	random *rand.Rand
	faults int
}

var errFault = errors.New("a fault")

func (f *faultyEngine) Append(ctx context.Context, stream string, a engine.Append) (engine.End, error) {
	f.mu.Lock()
	fault := f.random.IntN(6)
	if fault < 2 {
		f.faults++
	}
	f.mu.Unlock()
	if fault == 0 {
		return engine.End{}, errFault
	}
	end, err := f.Streams.Append(ctx, stream, a)
	if fault == 1 {
		return engine.End{}, errFault
	}
	return end, err
}

// TestAnswersLost: an append that was done, or wasn't, is tried again.
func TestAnswersLost(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	f := &faultyEngine{Streams: l.client, random: rand.New(rand.NewPCG(8, 8))}
	l.engine = f
	lines, _ := testkit.Traffic(8, 2000)
	for i := range 20 {
		stop := l.start()
		l.write(strings.Join(lines[i*100:(i+1)*100], ""))
		if i%3 > 0 {
			l.untilPublished()
		}
		stop()
	}
	l.start()
	l.untilPublished()
	if f.faults == 0 || !strings.Contains(l.log.String(), "the fleet's engine answers again") {
		t.Errorf("%d faults, want some, and that they are logged:\n%s", f.faults, l.log)
	}
	if n := strings.Count(l.log.String(), "level=ERROR"); n > 0 {
		t.Errorf("%d errors are logged, want none:\n%s", n, l.log)
	}
}

// TestPublisherEndsWhileEngineStops: it ends at once though an append gets no answer.
func TestPublisherEndsWhileEngineStops(t *testing.T) {
	l := newLab(t)
	lines, _ := testkit.Traffic(9, 1000)
	l.write(strings.Join(lines[:500], ""))
	stop := l.start()
	l.untilPublished()
	l.redis.Pause()
	l.write(strings.Join(lines[500:], ""))
	testkit.Until(t, "that is logged", func() bool {
		return strings.Contains(l.log.String(), "the fleet's engine doesn't answer: arrivals wait in the log")
	})
	began := time.Now()
	stop()
	if took := time.Since(began); took > time.Second {
		t.Errorf("it ended after %v", took)
	}
	l.redis.Resume()
	l.start()
	l.untilPublished()
	if n := strings.Count(l.log.String(), "doesn't answer"); n > 1 {
		t.Errorf("it is said %d times:\n%s", n, l.log)
	}
}

// TestPublisherLosesState: it goes on where the stream ends. If that is lost, too, it begins anew.
func TestPublisherLosesState(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	lines, _ := testkit.Traffic(14, 1000)
	for i, lose := range []func(){
		func() { must(t, os.Remove(l.state)) },
		func() { must(t, os.WriteFile(l.state, []byte(`{"version":1,`), 0o600)) },
		func() { must(t, os.Remove(l.state)); l.redis.Restart(true) },
		func() { l.redis.Restart(true) },
		func() {},
	} {
		stop := l.start()
		l.write(strings.Join(lines[i*200:(i+1)*200], ""))
		l.cycle()
		l.untilPublished()
		stop()
		lose()
	}
	l.start()
	l.untilPublished()
}

// TestJournalPublished: the journal is a log like others, also when the stream is lost.
func TestJournalPublished(t *testing.T) {
	j := journaltest.New(t)
	j.Install()
	l := newLab(t)
	l.path = "journal"
	l.since.Store(journaltest.Day.Unix())
	write := func(from, to int) {
		var text strings.Builder
		for n := from; n < to; n++ {
			text.WriteString(arrivalAt(journaltest.Day.Add(time.Duration(n)*time.Second), n))
		}
		l.text.WriteString(text.String())
		j.Append("system", journaltest.Exim(text.String())...)
	}
	for i := range 3 {
		stop := l.start()
		write(i*100, (i+1)*100)
		l.untilPublished()
		stop()
		if i == 1 {
			l.redis.Restart(true)
		}
	}
}
