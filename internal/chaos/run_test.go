package chaos

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A chaos is one run.
type chaos struct {
	t       *testing.T
	o       options
	dir     string
	config  string
	r       *rand.Rand // of the goroutine that writes and cycles
	begun   time.Time
	journal *journal
	traffic *traffic
	writer  *writer
	row     *row
	post    *post
	others  *listeners
	keeper  *keeper
	packing sync.WaitGroup // a cycled file being compressed

	n         int // entries so far
	rush      int // until then they are written without a pause
	sentinels int
	storms    int
}

func newChaos(t *testing.T, o options) *chaos {
	dir, err := os.MkdirTemp("", fmt.Sprintf("exiwatch-chaos-seed%d-", o.seed))
	testkit.Must(t, err)
	c := &chaos{t: t, o: o, dir: dir, begun: time.Now(), r: rand.New(rand.NewPCG(o.seed, 2)),
		traffic: newTraffic(o.seed)}
	c.journal = newJournal(t, filepath.Join(dir, "journal"))
	t.Cleanup(c.tidy)
	scheme, base := schemes[o.seed%uint64(len(schemes))], "mainlog"
	if scheme == stamped {
		base = "main-%D.log"
	}
	c.writer = newWriter(t, dir, base, c.traffic)
	c.row = &row{t: t, base: c.writer.pattern, scheme: scheme}
	c.post = newPost(t, c.writer, c.note)
	c.others = newListeners(c.post, dir)
	c.config = c.configure()
	c.keeper = newKeeper(t, filepath.Join(dir, "stderr"), &c.writer.mu, c.note, program, "run", "--config", c.config,
		"--from-start")
	return c
}

// tidy removes the folder, unless somebody will want to look at it.
func (c *chaos) tidy() {
	c.journal.close()
	if !c.t.Failed() && !*keep {
		os.RemoveAll(c.dir)
		return
	}
	c.t.Logf("seed %d is kept in %s; to repeat it:\ngo test ./internal/chaos -count=1 -run TestChaos$ -v -chaos.seed=%d -chaos.seeds=1 -chaos.lines=%d -chaos.kills=%d -chaos.cycles=%d -chaos.outages=%d -chaos.faults=%d -chaos.loops=%d -chaos.storms=%d -chaos.ways=%s",
		c.o.seed, c.dir, c.o.seed, c.o.lines, c.o.kills, c.o.cycles, c.o.outages, c.o.faults, c.o.loops, c.o.storms,
		*wayList)
}

// sentinelLimit is the limit of the rule that a sentinel breaks.
const sentinelLimit = 5

// configure writes the configuration: rules of different keys and measures. Where all arrivals count the daemon's own
// mails would, too, if it didn't know them.
func (c *chaos) configure() string {
	only := [][]string{{"authenticated", "local", "relayed"}, {"all"}}[c.r.IntN(2)]
	text := fmt.Sprintf(`log = %q
state = %q
timezone = "UTC"
[count]
only = [%s]
[[rule]]
limit = %d
window = "1m"
[[rule]]
key = "sender"
count = "recipients"
limit = 25
window = "2m"
[[rule]]
key = "host"
limit = 8
window = "1m"
[[rule]]
key = "topic"
limit = 10
window = "5m"
[[rule]]
key = "account"
count = "bytes"
limit = 20000
window = "3m"
[[rule]]
count = "bounces"
limit = 3
window = "2m"
[[rule]]
key = "host"
count = "bounce_share"
limit = 60
floor = 5
window = "5m"
[mail]
to = ["director@lab.test"]
from = "exiwatch@mx.lab.test"
max_per_hour = 0
via = "smtp://127.0.0.1:%d"
`, c.writer.pattern, filepath.Join(c.dir, "state"), quoted(only), sentinelLimit, c.post.port) + c.others.configuration()
	path := filepath.Join(c.dir, "exiwatch.toml")
	testkit.Must(c.t, os.WriteFile(path, []byte(text), 0o644))
	c.note("scheme %s, counting %q", c.row.scheme, only)
	return path
}

func quoted(words []string) string {
	s := ""
	for _, w := range words {
		s += fmt.Sprintf("%q,", w)
	}
	return s
}

func (c *chaos) note(format string, args ...any) { c.journal.note(format, args...) }

// strike is for the post: kill the daemon before the answer.
func (c *chaos) strike(net.Conn) { c.keeper.strike() }

// run writes all there is to be written, with everything that happens meanwhile, and judges.
//
// It begins when the daemon has read something: which files are the log's is known from then on, as --from-start
// begins with the current file.
func (c *chaos) run() {
	c.settle()
	c.begun = time.Now()
	events := plan(rand.New(rand.NewPCG(c.o.seed, 3)), c.o)
	told := time.Now()
	for c.n < c.o.lines {
		for len(events) > 0 && events[0].line <= c.n {
			do := events[0].do
			events = events[1:]
			do(c)
		}
		c.step()
		c.pace()
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			c.t.Logf("%d lines in %d files, %d mails, %d kills", c.n, c.writer.files, len(c.post.accepted()),
				c.keeper.killed())
		}
	}
	c.packing.Wait()
	c.finish()
	c.judge()
}

// step writes one entry, once in a while in two halves.
func (c *chaos) step() {
	c.writer.mu.Lock()
	defer c.writer.mu.Unlock()
	c.entry()
}

// entry is step for who has locked the writer.
func (c *chaos) entry() {
	c.n++
	text := c.traffic.next()
	if c.r.IntN(700) == 0 {
		c.writer.writeHalves(text, 1+c.r.IntN(len(text)-1), time.Duration(1+c.r.IntN(30))*time.Millisecond)
		return
	}
	c.writer.write(text)
}

// longest is how long writing may take.
const longest = 10 * time.Minute

// pace waits until the next line is due. After a rush the log is quiet for a while.
func (c *chaos) pace() {
	if c.n < c.rush {
		return
	}
	whole := min(time.Duration(c.o.lines)*time.Second/linesASecond, longest)
	due := c.begun.Add(time.Duration(float64(whole) * float64(c.n) / float64(c.o.lines)))
	if wait := time.Until(due); wait > 5*time.Millisecond {
		time.Sleep(wait) // the rate of the lines
	}
}

// finish has everything read and mailed, and stops the daemon.
func (c *chaos) finish() {
	c.note("everything is written")
	c.settle()
	c.untilQuiet()
	c.keeper.retire()
	c.t.Logf("%d lines in %d files, %d mails, %d kills, %d calls that failed, in %s", c.n, c.writer.files,
		len(c.post.accepted()), c.keeper.killed(), c.injected(), time.Since(c.begun).Round(time.Second))
}

// quietTime is how long no mail comes when there are no more.
const quietTime = 3 * time.Second

// untilQuiet waits until no mail has come for a while and none waits.
func (c *chaos) untilQuiet() {
	n, since := len(c.post.accepted()), time.Now()
	c.until("quiet", func() bool {
		if now := len(c.post.accepted()); now != n || !c.spoolEmpty() {
			n, since = now, time.Now()
		}
		return time.Since(since) > quietTime
	})
}

// until waits for something that must happen. The long run may have a lot to catch up with: while mails come, or the
// daemon says something, it goes on.
func (c *chaos) until(what string, done func() bool) {
	c.t.Helper()
	limit := patience + time.Since(c.begun)/4
	n, since := c.progress(), time.Now()
	for ; !done(); time.Sleep(10 * time.Millisecond) { // until another process has done it
		if now := c.progress(); now != n {
			n, since = now, time.Now()
		}
		if time.Since(since) > limit {
			c.note("waited in vain: %s", what)
			c.t.Errorf("waited %v in vain: %s", limit.Round(time.Second), what)
			return
		}
	}
}

// progress changes with each mail, and with all that the daemon says.
func (c *chaos) progress() int64 {
	n := int64(len(c.post.accepted()))
	if info, err := os.Stat(c.keeper.stderr); err == nil {
		n += info.Size()
	}
	return n
}
