package chaos

import (
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"time"
)

// An event is what happens before the line of its number is written. Events follow from the seed; the clock's part is
// that the daemon reads when it does.
type event struct {
	line int
	do   func(*chaos)
}

// plan draws the events of a run.
func plan(r *rand.Rand, o options) []event {
	var events []event
	add := func(line int, do func(*chaos)) { events = append(events, event{line, do}) }
	for range o.cycles {
		way, pack := pick(r, o.ways), drawPacking(r, o)
		add(r.IntN(o.lines), func(c *chaos) { c.cycle(way, pack) })
	}
	for i := range o.kills { // each in its share of the lines, so that few meet a daemon that is down
		share := max(o.lines/o.kills, 1)
		planKill(r, i*share+r.IntN(share), o.outages > 0, add)
	}
	for range o.outages {
		planOutage(r, r.IntN(o.lines), o.lines/10, add)
	}
	for range o.faults {
		planFault(r, o, add)
	}
	for range o.loops {
		planLoop(r, r.IntN(o.lines), min(longestLoop, max(o.lines/3000, 2)), add)
	}
	for range o.storms {
		accounts := max(o.lines/200, 1)
		add(r.IntN(o.lines), func(c *chaos) { c.storm(accounts) })
	}
	for range o.lines / 5000 {
		n := r.IntN(2000)
		add(r.IntN(o.lines), func(c *chaos) { c.rush = c.n + n })
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.line - b.line })
	return events
}

func drawPacking(r *rand.Rand, o options) packing {
	p := packing{skip: r.IntN(2), program: r.IntN(len(compressors))}
	p.wanted = r.IntN(2) == 0 && o.compress
	return p
}

// planKill has the daemon end in one of its ways, and come back when some more has been written.
func planKill(r *rand.Rand, line int, answering bool, add func(int, func(*chaos))) {
	pause := time.Duration(r.IntN(200)) * time.Millisecond
	kind := r.IntN(20)
	if kind < 2 && answering { // between the log's line and the answer; strike starts the next one
		add(line, func(c *chaos) { c.post.arm(c.strike) })
		return
	}
	add(line, func(c *chaos) {
		switch {
		case kind < 5: // and again when the next one has hardly begun
			c.keeper.kill(syscall.SIGKILL, 0)
			c.keeper.start()
			c.keeper.kill(syscall.SIGKILL, pause)
		case kind < 7:
			c.keeper.kill(syscall.SIGTERM, pause)
		case kind < 8:
			c.keeper.kill(syscall.SIGHUP, pause)
		default:
			c.keeper.kill(syscall.SIGKILL, pause)
		}
	})
	add(line+r.IntN(linesASecond), func(c *chaos) { c.keeper.start() })
}

// planFault has calls of the daemon fail, mostly while the log is cycled.
func planFault(r *rand.Rand, o options, add func(int, func(*chaos))) {
	f, next := drawFault(r), r.IntN(4) == 0 && o.kills > 0
	line, way, pack := r.IntN(o.lines), pick(r, o.ways), drawPacking(r, o)
	add(line, func(c *chaos) { c.fault(f, next) })
	if way != "delete" { // which waits until the daemon has read everything
		add(line+r.IntN(linesASecond), func(c *chaos) { c.cycle(way, pack) })
	}
}

// longestLoop is how often a daemon is killed in a row.
const longestLoop = 12

// planLoop has daemons killed one after the other when they have hardly begun, while a lot is written.
func planLoop(r *rand.Rand, line, times int, add func(int, func(*chaos))) {
	lives := make([]time.Duration, times)
	for i := range lives {
		lives[i] = 500*time.Millisecond + time.Duration(r.IntN(1500))*time.Millisecond
	}
	add(line, func(c *chaos) {
		c.note("crash loop: %v", lives)
		c.rush = max(c.rush, c.n+2000)
		for _, life := range lives {
			c.keeper.start()
			c.keeper.kill(syscall.SIGKILL, life)
		}
		c.keeper.start()
	})
}

// longOutage is so long that the pauses between attempts get long, too.
const longOutage = 20_000 // lines

// planOutage has the mail server behave badly for a while, one in five up to longest lines long, or cut the
// connection once between the log's line and the answer.
func planOutage(r *rand.Rand, line, longest int, add func(int, func(*chaos))) {
	if r.IntN(6) == 0 {
		add(line, func(c *chaos) { c.post.arm(func(conn net.Conn) { conn.Close() }) })
		return
	}
	length := 100 + r.IntN(linesASecond)
	if r.IntN(5) == 0 {
		length = 1 + r.IntN(min(longest, longOutage))
	}
	m := outages[r.IntN(len(outages))]
	add(line, func(c *chaos) { c.post.set(m) })
	add(line+length, func(c *chaos) { c.post.set(up) })
}
