package deliverylab

import (
	"cmp"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/parser"
)

// A loggedArrival is what one line of the log says about an arrival. It is read in the plainest way, for the lab writes
// nothing odd into the log.
type loggedArrival struct {
	id, sender, host, account, headerID string
}

// A loggedDelivery is what one line says about a recipient.
type loggedDelivery struct {
	id, address, original, host string // original is the address as it arrived
	kind                        parser.DeliveryKind
	why                         string // it was refused or deferred
	second                      string
}

// isTry tells whether a recipient that was deferred was tried.
func (d loggedDelivery) isTry() bool { return !strings.HasPrefix(d.why, "retry time not reached") }

// outcome is what became of the recipient; ok is false if nothing did.
func (d loggedDelivery) outcome() (o outcome, ok bool) {
	switch d.kind {
	case parser.Delivered, parser.DeliveredWith, parser.CutThrough:
		return accepted, true
	case parser.Refused:
		return refused, true
	case parser.Deferred:
		return deferred, d.isTry()
	}
	return 0, false
}

// A mainLog is what the log says.
type mainLog struct {
	arrivals   map[string]loggedArrival // by message id
	deliveries []loggedDelivery         // in the order of the log
	completed  int                      // messages
}

var (
	arrivalLine = regexp.MustCompile(`^\S+ \S+ (?:\[\d+\] )?(\w{6}-\w{6,11}-\w{2,4}) <= (\S+)(.*)$`)
	hostItem    = regexp.MustCompile(` H=[^\[]*\[([0-9a-f.:]+)\]`)
	accountItem = regexp.MustCompile(` A=\w+:(\S+)`)
	headerItem  = regexp.MustCompile(` id=(\S+)`)
)

func readLog(t *testing.T, name string) *mainLog {
	t.Helper()
	text, err := os.ReadFile(name)
	testkit.Must(t, err)
	log := &mainLog{arrivals: make(map[string]loggedArrival)}
	r := parser.NewDeliveryReader(time.UTC, time.Time{})
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if m := arrivalLine.FindStringSubmatch(line); m != nil {
			log.arrivals[m[1]] = loggedArrival{id: m[1], sender: m[2], host: item(hostItem, m[3]),
				account: item(accountItem, m[3]), headerID: item(headerItem, m[3])}
			continue
		}
		d := r.Line([]byte(line))
		switch {
		case d == nil:
			continue
		case d.Reason != "" || d.Suspicious:
			t.Errorf("%s: %q, suspicious %v", line, d.Reason, d.Suspicious)
		case d.Kind == parser.Completed:
			log.completed++
			continue
		}
		log.deliveries = append(log.deliveries, loggedDelivery{id: string(d.MessageID), address: string(d.Address),
			original: string(d.Original), host: string(d.HostAddress), kind: d.Kind, why: string(d.Error),
			second: d.Time.Format(time.RFC3339)})
	}
	return log
}

func item(r *regexp.Regexp, text string) string {
	if m := r.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// fates are those of recipients of these arrivals, as in a ledger.
func (m *mainLog) fates(counts func(loggedArrival) bool) map[string]fate {
	all := make(map[string]fate)
	for _, d := range m.deliveries {
		o, ok := d.outcome()
		if a, known := m.arrivals[d.id]; !ok || !known || !counts(a) {
			continue
		}
		recipient := cmp.Or(d.original, d.address)
		f, again := all[recipient]
		if !again {
			f.host = d.host
		}
		if f.host != d.host {
			f.host += " and " + d.host
		}
		f.add(o, d.why)
		all[recipient] = f
	}
	return all
}
