package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"exiwatch/internal/testkit"
)

// ways are the ways to cycle a log that keeps its name. Each begins with the writer locked, and log time moved by
// cycleStep.
var ways = map[string]func(*chaos){
	"rename":   (*chaos).rename,
	"create":   (*chaos).create,
	"late":     (*chaos).late,
	"over":     (*chaos).over,
	"truncate": (*chaos).truncate,
	"regrow":   (*chaos).regrow,
}

// wayNames are all that -chaos.ways may name, in the order in which the plan draws them: more than one cycle without
// a pause, deletion, and compression, which comes on top of any other, besides those of ways.
var wayNames = []string{"rename", "create", "late", "over", "truncate", "regrow", "several", "delete", "compress"}

// cycle cycles the log, and perhaps has a cycled file compressed while writing goes on.
func (c *chaos) cycle(way string, pack packing) {
	c.packing.Wait() // as the next run of logrotate waits for the last
	switch way {
	case "several":
		names := []string{"rename", "create", "over", "truncate"}
		for range 2 + c.r.IntN(3) {
			c.once(names[c.r.IntN(len(names))])
			for range c.r.IntN(4) {
				c.step()
			}
		}
	case "delete":
		c.remove()
	default:
		c.once(way)
	}
	if pack.wanted {
		c.packing.Go(func() { c.row.compress(c.row.youngest(pack.skip), pack.program) })
	}
}

// A packing says which file is compressed behind a cycle.
type packing struct {
	wanted  bool
	skip    int // 1: delaycompress
	program int
}

func (c *chaos) once(way string) {
	c.note("cycle: %s, at truth file %d", way, c.writer.files)
	if c.row.scheme == stamped {
		c.date()
		return
	}
	c.writer.mu.Lock()
	defer c.writer.mu.Unlock()
	if _, err := os.Stat(c.log()); err != nil {
		return // nothing was written since the last cycle
	}
	c.traffic.jump(cycleStep)
	ways[way](c)
}

// log is the path that the log has now.
func (c *chaos) log() string { return c.writer.path() }

// rename leaves no log until the next line: logrotate's nocreate, Debian's choice.
func (c *chaos) rename() {
	testkit.Must(c.t, os.Rename(c.log(), c.row.vacate(c.traffic.at)))
}

// create leaves an empty log: logrotate's create.
func (c *chaos) create() {
	c.rename()
	f, err := os.OpenFile(c.log(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	testkit.Must(c.t, err)
	testkit.Must(c.t, f.Close())
}

// late has a process write to the cycled file that has it open still, before or after the first lines of the new one.
func (c *chaos) late() {
	old := c.writer.detach()
	defer old.Close()
	c.rename()
	if old == nil {
		return
	}
	for range c.r.IntN(3) {
		c.entry()
	}
	for range 1 + c.r.IntN(sentinelLimit) {
		_, err := old.WriteString(c.traffic.lateLine())
		testkit.Must(c.t, err)
	}
}

// over renames a new file to the log's name: exicyclog. What Exim wrote between its two renames would be lost for
// everybody; here nobody writes then.
func (c *chaos) over() {
	c.rename()
	made := fmt.Sprintf("%s.%d", c.log(), os.Getpid())
	testkit.Must(c.t, os.WriteFile(made, nil, 0o640))
	testkit.Must(c.t, os.Rename(made, c.log()))
}

// truncate copies the log and empties it: logrotate's copytruncate. What Exim wrote between the two would be lost;
// here nobody writes then.
func (c *chaos) truncate() {
	c.writer.reopen() // so that the file has its name in truth
	text, err := os.ReadFile(c.log())
	testkit.Must(c.t, err)
	copied := c.row.vacate(c.traffic.at)
	testkit.Must(c.t, os.WriteFile(copied, text, 0o640))
	testkit.Must(c.t, os.Truncate(c.log(), 0))
	c.writer.recordCopy(copied)
}

// regrown is how many entries regrow writes that count; after them it writes what is cheap.
const regrown = 100

// regrow empties the log, and writes more than was in it before anybody has looked.
func (c *chaos) regrow() {
	before, err := os.Stat(c.log())
	testkit.Must(c.t, err)
	c.truncate()
	for range regrown {
		c.entry()
	}
	for now := before; now.Size() <= before.Size(); {
		c.writer.write(c.traffic.filler())
		now, err = os.Stat(c.log())
		testkit.Must(c.t, err)
	}
}

// date lets midnight pass, from half a minute before it on: Exim then writes to a new name.
func (c *chaos) date() {
	c.writer.mu.Lock()
	before := c.log()
	at := c.traffic.at
	if eve := time.Date(at.Year(), at.Month(), at.Day(), 23, 59, 30, 0, time.UTC); at.Before(eve) {
		c.traffic.at = eve
	}
	c.writer.mu.Unlock()
	for c.log() == before {
		c.step()
	}
	if _, err := os.Stat(before); err == nil {
		c.row.passed(before)
	}
}

// longestWindow is that of the configuration's rules.
const longestWindow = 5 * time.Minute

// remove deletes the log, which is fair only when the daemon has read it: bytes that are nowhere any more can't be
// counted, nor can windows be built from them anew. So it happens while the daemon is up and every mail is out, and
// log time then passes until no window reaches back. The daemon isn't killed before it has read some of the new log.
func (c *chaos) remove() {
	c.settle()
	c.writer.mu.Lock()
	c.note("cycle: delete, at truth file %d", c.writer.files)
	testkit.Must(c.t, os.Remove(c.log()))
	c.traffic.jump(3 * longestWindow)
	c.traffic.queue = nil // their arrivals are gone
	c.writer.mu.Unlock()
	c.settle()
}

// settle has the daemon read everything so far, and mail everything.
func (c *chaos) settle() {
	c.post.set(up)
	c.post.disarm()
	c.keeper.start()
	c.keeper.wait()
	c.until("the spool is empty", c.spoolEmpty)
	c.sentinels++
	account := fmt.Sprintf("sentinel%d", c.sentinels)
	c.writer.mu.Lock()
	c.writer.write(c.traffic.sentinel(account))
	c.writer.mu.Unlock()
	c.until("the mail of "+account, func() bool { return c.post.has(account) })
	c.until("the spool is empty", c.spoolEmpty)
}

// spoolEmpty tells whether no mail waits, and nothing for another channel.
func (c *chaos) spoolEmpty() bool {
	waiting, err := filepath.Glob(filepath.Join(c.dir, "state/*/waiting/*.eml"))
	return err == nil && len(waiting) == 0
}
