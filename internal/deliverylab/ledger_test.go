package deliverylab

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"exiwatch/internal/testkit"
)

// An outcome is what a server answered for a recipient.
type outcome int

const (
	accepted outcome = iota
	refused          // for good
	deferred         // or it has closed the connection
)

// A fate is what became of a recipient at a server.
type fate struct {
	host                        string
	accepted, refused, deferred int  // how often
	listed                      bool // it was refused because Spamhaus lists this host
}

// inQueue tells whether the recipient is still to be tried.
func (f fate) inQueue() bool { return f.accepted+f.refused == 0 }

// add adds an answer.
func (f *fate) add(o outcome, answer string) {
	*[]*int{&f.accepted, &f.refused, &f.deferred}[o]++
	f.listed = f.listed || o == refused && strings.Contains(answer, "spamhaus.org")
}

// A ledger has the truth: what the servers answered. Each recipient is of one message only.
type ledger struct {
	mu     sync.Mutex
	fates  map[string]*fate    // by recipient
	owings map[string][]string // by server, recipients that only that server gets
}

func newLedger() *ledger {
	return &ledger{fates: make(map[string]*fate), owings: make(map[string][]string)}
}

// owe says that a recipient's mail goes to a server.
func (l *ledger) owe(host, recipient string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owings[host] = append(l.owings[host], recipient)
}

// owed are the recipients of a server that are still to be tried.
func (l *ledger) owed(host string) (recipients []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.owings[host] {
		if f := l.fates[r]; f == nil || f.inQueue() {
			recipients = append(recipients, r)
		}
	}
	return recipients
}

// note writes down an answer.
func (l *ledger) note(host, recipient string, o outcome, answer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.fates[recipient]
	if f == nil {
		f = &fate{host: host}
		l.fates[recipient] = f
	}
	f.add(o, answer)
}

var (
	envelopeTo = regexp.MustCompile(`(?m)^Envelope-to: ((?:x|copy\.)\d+@lab\.test)$`)
	failedTo   = regexp.MustCompile(`(?m)^X-Failed-Recipients: (\S+(?:\n +\S+)*)$`)
)

// readMailbox writes down what became of recipients that no server was asked to take: they are in the local mailbox, or
// in a bounce there. It returns all recipients that bounces name.
func (l *ledger) readMailbox(t *testing.T, name string) (bounced map[string]bool) {
	t.Helper()
	box, err := os.ReadFile(name)
	testkit.Must(t, err)
	for _, m := range envelopeTo.FindAllStringSubmatch(string(box), -1) {
		l.note("", m[1], accepted, "")
	}
	bounced = make(map[string]bool)
	for _, m := range failedTo.FindAllStringSubmatch(string(box), -1) {
		for recipient := range strings.SplitSeq(m[1], ",") {
			recipient = strings.TrimSpace(recipient)
			bounced[recipient] = true
			if strings.HasSuffix(recipient, "@nowhere.test") {
				l.note("", recipient, refused, "")
			}
		}
	}
	return bounced
}

// copied are all fates.
func (l *ledger) copied() map[string]fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string]fate)
	for r, f := range l.fates {
		all[r] = *f
	}
	return all
}

// compare reports in what two maps differ.
func compare[K ~string, V comparable](t *testing.T, what string, got, want map[K]V) {
	t.Helper()
	const most = 20 // lines
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(both(got, want))) {
		g, inGot := got[key]
		w, inWant := want[key]
		switch {
		case !inGot:
			differ = append(differ, fmt.Sprintf("%s: nothing, want %+v", key, w))
		case !inWant:
			differ = append(differ, fmt.Sprintf("%s: %+v, want nothing", key, g))
		case g != w:
			differ = append(differ, fmt.Sprintf("%s: %+v, want %+v", key, g, w))
		}
	}
	if n := len(differ); n > 0 {
		t.Errorf("%s: %d of %d differ\n%s", what, n, len(want), strings.Join(differ[:min(n, most)], "\n"))
	}
}

func both[K ~string, V any](a, b map[K]V) map[K]V {
	all := maps.Clone(a)
	if all == nil {
		all = make(map[K]V)
	}
	maps.Copy(all, b)
	return all
}
