package fleet

import (
	"bytes"
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bigLog is a log of fixtures/biglog with subjects.
func bigLog(t testing.TB, lines string) (all []string, arrivals int) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "biglog")
	if out, err := exec.Command("go", "build", "-o", program, "exiwatch/fixtures/biglog").CombinedOutput(); err != nil {
		t.Fatalf("building biglog: %v\n%s", err, out)
	}
	text, err := exec.Command(program, "-lines", lines, "-selectors", "subject", "-ids", "long").Output()
	must(t, err)
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n"), bytes.Count(text, []byte(" <= "))
}

var cost = flag.Bool("fleet.cost", false, "measure what an arrival costs")

// TestCostOfAnArrival: what an arrival needs of Redis, and of the publisher's processor, at so many a second.
func TestCostOfAnArrival(t *testing.T) {
	if !*cost {
		t.Skip("takes a minute: -fleet.cost")
	}
	for _, rate := range []int{20, 100, 200} {
		l := newLab(t)
		lines, arrivals := bigLog(t, "12000")
		perLine := float64(arrivals) / float64(len(lines))
		stop := l.start()
		before, begin := cpu(t), time.Now()
		next := 0
		for time.Since(begin) < 15*time.Second {
			n := min(int(time.Since(begin).Seconds()*float64(rate)/perLine), len(lines))
			l.write(strings.Join(lines[next:n], ""))
			next = n
			time.Sleep(5 * time.Millisecond) // the rate is one of real time
		}
		took, used := time.Since(begin), cpu(t)-before
		l.untilPublished()
		stop()
		all, _ := l.published(l.client)
		key := "xw:{lab/" + labStream + "}:"
		bytes := l.redis.Do("MEMORY", "USAGE", key+"log", "SAMPLES", 0).(int64)
		end := l.redis.Do("MEMORY", "USAGE", key+"end").(int64)
		entries := l.redis.Do("XLEN", key+"log").(int64)
		each := float64(bytes) / float64(count(all))
		t.Logf("%d a second: %.1f bytes an arrival in %d entries of %.1f, %d bytes of the end; %.1f %% of a processor, "+
			"with what writes the log", rate, each, entries, float64(count(all))/float64(entries), end,
			100*used.Seconds()/took.Seconds())
		if each > 110 {
			t.Errorf("an arrival has %.1f bytes, want at most 110", each)
		}
	}
}

// cpu is how much of the processor this process has used.
func cpu(t *testing.T) time.Duration {
	var r syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
