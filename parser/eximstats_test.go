package parser

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var eximstatsLines = flag.Int("eximstats.lines", 100_000, "how many lines TestTotalsOfManyLines has counted")

// totals are what eximstats counts. By their names:
//
//   - messages are lines with `=>`, addresses those with `->` too. volume is the size of these messages as received.
//   - hosts, destinations are how many different ones lines with `=>` name. T=NAME are such lines of a transport.
//   - delayed, failed are messages with `==`, `**`, each once, whatever the code says. errors are lines with `**`.
type totals map[string]int

// Why eximstats counts less than the DeliveryReader, or something else. It finds a message's size by its id, and counts
// as delayed or failed only what it has seen arrive.
const (
	cutThrough = "eximstats doesn't know `>>`"
	fakeReject = "eximstats doesn't know `(=`, and so not the message"
	noArrival  = "the message arrived before the log began"
	firstT     = "eximstats takes the first ` T=` of a line, though it is the recipient's"
	firstH     = "eximstats takes the first ` H=` and ` T=` of a line, though they are the recipient's"
	noExim     = "the DeliveryReader reads no item of a line that no Exim wrote so"
)

// misread are lines of which the DeliveryReader and eximstats take other items. A part of the text tells them. more is
// what eximstats counts more.
var misread = []struct {
	part, why string
	more      totals
}{
	{`=> x r=a t=b <"x R=a T=b"@lab.test> `, firstT, totals{`T=b"@lab.test>`: 1, "T=box": -1}},
	{"=> |/usr/bin/env R=a T=b cat <pipe@lab.test> ", firstT, totals{"T=b": 1, "T=piped": -1}},
	{`=> x R=a T=b H=c [203.0.113.9] C="250 ok@accept.test <`, firstH, totals{"T=b": 1, "T=remote_smtp": -1, "hosts": 1}},
	{" 1XRlM6-003yMv-KG => ", noExim, totals{"T=dkim_remote_smtp": 1, "T=:blackhole:": -1}},
	{" 1tvXWP-009NZS-3B => ", noExim, totals{"T=remote_smtp": 1, "T=:blackhole:": -1}},
}

// TestTotalsOfManyLines has eximstats count a log in which deliveries end in every way.
func TestTotalsOfManyLines(t *testing.T) {
	cmd := exec.Command("go", "run", "../fixtures/biglog", "-deliveries", "-ids", "mixed", "-seed", "19", "-lines",
		strconv.Itoa(*eximstatsLines))
	cmd.Stderr = os.Stderr
	log, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	left := checkEximstats(t, "biglog", log)
	for _, why := range []string{cutThrough, fakeReject, noArrival} {
		if len(left[why]) == 0 {
			t.Errorf("the log has no message of which eximstats leaves out something since %s", why)
		}
	}
}

// TestTotalsOfLogs has eximstats count what a real Exim wrote, and the logs of other projects.
func TestTotalsOfLogs(t *testing.T) {
	names, _ := filepath.Glob("../fixtures/deliveries/*.log")
	others, _ := filepath.Glob(corpora + "/*/*log") // where the project is developed
	if len(names) == 0 {
		t.Fatal("no logs")
	}
	for _, name := range append(names, others...) {
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		checkEximstats(t, name, log)
	}
}

// checkEximstats compares what eximstats counts with what the DeliveryReader does. It gives what eximstats leaves out,
// and why.
func checkEximstats(t *testing.T, name string, log []byte) (left map[string]totals) {
	t.Helper()
	want := eximstats(t, log)
	c := deliveryCounter{totals: totals{}, left: map[string]totals{}, messages: map[string]*deliveredMessage{},
		hosts: map[string]bool{}, destinations: map[string]bool{}}
	c.count(log)
	keys := maps.Clone(want)
	maps.Copy(keys, c.totals)
	for key := range keys {
		got, why := c.totals[key], ""
		for reason, n := range c.left {
			if n[key] != 0 {
				got -= n[key]
				why += fmt.Sprintf(" - %d (%s)", n[key], reason)
			}
		}
		if got != want[key] {
			t.Errorf("%s: %s: %d%s, want eximstats' %d", name, key, c.totals[key], why, want[key])
		} else if why != "" {
			t.Logf("%s: %s: %d%s = %d", name, key, c.totals[key], why, want[key])
		}
	}
	return c.left
}

// A deliveryCounter counts what eximstats does, from what the readers say.
type deliveryCounter struct {
	totals
	left                map[string]totals // by the reason
	messages            map[string]*deliveredMessage
	hosts, destinations map[string]bool
}

type deliveredMessage struct {
	size              int
	unknown           string // why eximstats doesn't know it; empty if it does
	deferred, refused bool
}

func (c *deliveryCounter) message(id []byte) *deliveredMessage {
	m := c.messages[string(id)]
	if m == nil {
		m = &deliveredMessage{unknown: noArrival}
		c.messages[string(id)] = m
	}
	return m
}

// add counts n of what key names. why tells why eximstats doesn't; empty if it does.
func (c *deliveryCounter) add(key string, n int, why string) {
	c.totals[key] += n
	if why != "" && n > 0 {
		c.leave(key, n, why)
	}
}

func (c *deliveryCounter) leave(key string, n int, why string) {
	if c.left[why] == nil {
		c.left[why] = totals{}
	}
	c.left[why][key] += n
}

func (c *deliveryCounter) count(log []byte) {
	reader, arrivals := newDeliveryReader(), arrivalsByLine(log)
	n := int64(0)
	for line := range bytes.SplitSeq(log, []byte("\n")) {
		n++
		if a, ok := arrivals[n]; ok {
			m := c.message([]byte(a.id))
			m.size, m.unknown = a.size, a.unknown
		}
		d := reader.Line(line)
		if d == nil {
			continue
		}
		c.delivery(d)
		for _, m := range misread {
			if bytes.Contains(line, []byte(m.part)) {
				for key, more := range m.more {
					c.leave(key, -more, m.why)
				}
			}
		}
	}
	c.totals["hosts"], c.totals["destinations"] = len(c.hosts), len(c.destinations)
}

func (c *deliveryCounter) delivery(d *Delivery) {
	m := c.message(d.MessageID)
	switch d.Kind {
	case Delivered:
		c.delivered(d, "")
		c.add("volume", m.size, m.unknown)
		c.hosts[loggedHost(d)], c.destinations[firstWord(d.Address)] = true, true
	case DeliveredWith:
		c.add("addresses", 1, "")
	case CutThrough:
		c.delivered(d, cutThrough)
	case Deferred:
		if !m.deferred {
			c.add("delayed", 1, m.unknown)
		}
		m.deferred = true
	case Refused:
		c.add("errors", 1, "")
		if !m.refused {
			c.add("failed", 1, m.unknown)
		}
		m.refused = true
	}
}

func (c *deliveryCounter) delivered(d *Delivery, why string) {
	for _, key := range []string{"messages", "addresses", "T=" + cmp.Or(string(d.Transport), ":blackhole:")} {
		c.add(key, 1, why)
	}
}

// loggedHost is what stands behind H=: a name, or an address with its port.
func loggedHost(d *Delivery) string {
	switch {
	case d.Host != nil || d.HostAddress == nil:
		return string(d.Host)
	case d.HostPort != 0:
		return fmt.Sprintf("[%s]:%d", d.HostAddress, d.HostPort)
	}
	return fmt.Sprintf("[%s]", d.HostAddress)
}

func firstWord(text []byte) string {
	word, _, _ := strings.Cut(string(text), " ")
	return word
}

type loggedArrival struct {
	id, unknown string
	size        int
}

// arrivalsByLine are the messages that arrive, by the lines that say so.
func arrivalsByLine(log []byte) map[int64]loggedArrival {
	arrivals := map[int64]loggedArrival{}
	r := NewReader(time.UTC, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), func(e *Entry) {
		if e.Kind == Reception {
			a := loggedArrival{id: string(e.Arrival.MessageID), size: int(max(e.Arrival.Size, 0))}
			if e.Arrival.FakeReject {
				a.unknown = fakeReject
			}
			arrivals[e.Line] = a
		}
	})
	r.Lines(Place{Line: 1}, log)
	r.Flush()
	return arrivals
}

// longID is an id of Exim 4.97 and later, whose eximstats is the first to know them.
var longID = regexp.MustCompile(
	`(?m)^(.{19}(?:\.\d+)?(?: [-+]\d{4})?(?: \[\d+\])? \w{6}-)\w{5}(\w{6}-)\w\w(\w\w) `)

// eximstats has eximstats count a log. Of a version that doesn't know long ids it has the same messages counted with
// short ones.
func eximstats(t *testing.T, log []byte) totals {
	t.Helper()
	program, err := exec.LookPath("eximstats")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if found := runEximstats(t, program, []byte(longArrival)); found["volume"] == 0 {
		log = longID.ReplaceAll(log, []byte("$1$2$3 "))
	}
	return runEximstats(t, program, log)
}

const longArrival = "2026-11-23 01:53:50 1xVJFe-00000003lG0-2I00 <= a@b U=a P=local S=1\n" +
	"2026-11-23 01:53:50 1xVJFe-00000003lG0-2I00 => a@c R=r T=t\n"

// Rows that eximstats prints. Texts from the log stand between the transports and the errors' number.
var (
	receivedRow   = regexp.MustCompile(`(?m)^  Received +\d+ +\d+ +\d+ +\d+ +(\d+) +\S+ +(\d+) `)
	deliveredRow  = regexp.MustCompile(`(?m)^  Delivered +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)\s`)
	transportRows = regexp.MustCompile(`Deliveries by transport\n.*\n.*\n((?:  .*\n)*)`)
	errorsRow     = regexp.MustCompile(`\nErrors encountered: (\d+)\n-+\n$`)
)

func runEximstats(t *testing.T, program string, log []byte) totals {
	t.Helper()
	// Volumes in bytes; nothing about relays, hours, queue times and single hosts.
	cmd := exec.Command(program, "-emptyok", "-nvr", "-nr", "-h0", "-q0", "-t0", "-byhost", "-byemail")
	cmd.Stdin = bytes.NewReader(log)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("eximstats: %v\n%s", err, out)
	}
	found := totals{}
	for _, row := range []struct {
		of    *regexp.Regexp
		names []string
	}{
		{receivedRow, []string{"delayed", "failed"}},
		{deliveredRow, []string{"volume", "messages", "addresses", "hosts", "destinations"}},
		{errorsRow, []string{"errors"}},
	} {
		columns := row.of.FindSubmatch(out)
		if columns == nil && row.of != errorsRow { // no error, no row
			t.Fatalf("eximstats says\n%s", out)
		}
		for i, name := range row.names {
			if columns != nil {
				found[name], _ = strconv.Atoi(string(columns[i+1]))
			}
		}
	}
	for row := range bytes.Lines(transportRows.FindSubmatch(out)[1]) {
		columns := strings.Fields(string(row))
		found["T="+columns[0]], _ = strconv.Atoi(columns[2])
	}
	return found
}
