package fleetchaos

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// A shape says what a fleet's traffic is like.
type shape struct {
	seed   uint64
	hosts  int
	length time.Duration // of log time
	rate   int           // arrivals a second of log time, on the average
	unit   time.Duration // of bursts and windows: a burst takes one to four
	skew   func(host int) time.Duration
}

// A line is one entry of a host's log, at a moment of the fleet's time. Its stamp may be another one: see shape.skew.
type line struct {
	at   time.Duration // since the beginning
	host int
	text string // without the stamp
}

// A rule has a window of so many units.
type rule struct {
	key, count string
	limit      int
	units      int
}

// rules are those of the fleets. With a unit of a minute they are 20/5m, 500/1h, 10/1m, 5/10m and 5/1h.
var rules = []rule{
	{"account", "messages", 20, 5}, {"account", "recipients", 500, 60}, {"sender", "messages", 10, 1},
	{"account", "hosts", 5, 10}, {"log", "anomalies", 5, 60},
}

// longest is the longest window of rules.
func longest(unit time.Duration) (window time.Duration) {
	for _, r := range rules {
		window = max(window, time.Duration(r.units)*unit)
	}
	return window
}

// A generator makes traffic.
type generator struct {
	shape
	r      *rand.Rand
	n      int // messages so far
	bursts []burst
}

// A burst is somebody who sends in bulk for a while, through all hosts.
type burst struct {
	who        int
	until      time.Duration
	share      int // of the arrivals that are of bursts
	addresses  int // of sending hosts
	recipients int
	subject    string
	broken     bool // arrivals that can't be read
}

const accounts = 60

var subjects = []string{"Invoice 17", "Re: Lunch", `Gr\303\274\303\237e`, "Your parcel", "Offer 2026-11"}

// traffic is all of it, in the fleet's order but for skew.
func traffic(s shape) (lines []line) {
	g := generator{shape: s, r: rand.New(rand.NewPCG(s.seed, 11))}
	for at := time.Duration(0); at < s.length; at += time.Second {
		g.begin(at)
		n := g.r.IntN(2*s.rate + 1)
		for i := range n {
			lines = append(lines, g.next(at+time.Duration(i)*time.Second/time.Duration(n)))
		}
	}
	return lines
}

// begin lets bursts begin and end.
func (g *generator) begin(at time.Duration) {
	var going []burst
	for _, b := range g.bursts {
		if b.until > at {
			going = append(going, b)
		}
	}
	g.bursts = going
	if g.r.IntN(max(int(g.unit/time.Second)/3, 1)) > 0 {
		return
	}
	b := burst{who: g.r.IntN(accounts), share: 1 + g.r.IntN(3), addresses: 1 + g.r.IntN(10),
		recipients: 1 + g.r.IntN(6)*g.r.IntN(3), subject: subjects[g.r.IntN(len(subjects))], broken: g.r.IntN(12) == 0}
	b.until = at + g.unit + time.Duration(g.r.Int64N(int64(3*g.unit)))
	g.bursts = append(g.bursts, b)
}

// next is an entry: an arrival of a burst or of anybody, or something else.
func (g *generator) next(at time.Duration) line {
	g.n++
	id := fmt.Sprintf("1x%04d-%06d-%02d", g.n/1_000_000, g.n%1_000_000, g.n%100)
	l := line{at: at, host: hostOf(id, g.hosts)}
	switch n := g.r.IntN(10); {
	case n < 6 && len(g.bursts) > 0:
		l.text = id + g.ofBurst()
	case n < 7:
		l.text = id + " => r@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.1]\n"
	default:
		l.text = id + g.arrival(g.r.IntN(accounts), 1+g.r.IntN(200), 1, subjects[g.r.IntN(len(subjects))])
	}
	return l
}

func (g *generator) ofBurst() string {
	total := 0
	for _, b := range g.bursts {
		total += b.share
	}
	n := g.r.IntN(total)
	for _, b := range g.bursts {
		if n -= b.share; n >= 0 {
			continue
		}
		if b.broken && g.r.IntN(8) == 0 {
			return " <= nobody nonsense\n"
		}
		return g.arrival(b.who, 1+g.r.IntN(b.addresses), b.recipients, b.subject)
	}
	return ""
}

// arrival is one of an account. A quarter of the accounts are scripts of the hosts.
func (g *generator) arrival(who, address, recipients int, subject string) string {
	rest := fmt.Sprintf(` S=%d T="%s" for%s`+"\n", 300+g.r.IntN(4000), subject,
		strings.Repeat(fmt.Sprintf(" r%d@example.org", g.r.IntN(500)), recipients))
	if who%4 == 3 {
		return fmt.Sprintf(" <= web%d@lab.test U=web%d P=local%s", who, who, rest)
	}
	return fmt.Sprintf(" <= user%d@lab.test H=(pc) [192.0.2.%d] P=esmtpsa "+
		"X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:user%d%s",
		who, address, who, rest)
}

// hostOf is the host that gets a message.
func hostOf(id string, hosts int) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % uint32(hosts))
}

// stamped is a line as it is in its host's log, if the fleet's time began at a moment.
func (s *shape) stamped(l line, begin time.Time) string {
	at := begin.Add(l.at)
	if s.skew != nil {
		at = at.Add(s.skew(l.host))
	}
	return at.UTC().Format(time.DateTime) + " " + l.text
}
