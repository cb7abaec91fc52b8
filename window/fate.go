package window

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Fates say what became of an alert's messages and their recipients, as far as the log says and as long as the alert is
// open. They are zero where nobody follows the messages: see Counters.Follow. Where the log has no delivery lines, all
// messages seem to be in the queue.
type Fates struct {
	Known     bool  // the log has delivery lines
	Delivered int64 // recipients
	Refused   int64 // recipients, for good
	Deferred  int64 // recipients that were deferred at least once, whatever became of them
	Queued    int64 // messages that are still in the queue
}

// A Refusal is why recipients were refused or deferred.
type Refusal struct {
	Text       string   // folded
	Hosts      []string // that said so, those with the most recipients first; none where this host did
	Recipients int64
}

// refusalCounts is where Alert.values counts refusals: each value is a host, an LF and a text.
const (
	refusalCounts = NumValues
	numCounts     = NumValues + 1
)

// A MessageFollower gets the messages of alerts, by their ids as alerts keep them. Of an alert of a rule for fates
// these are all messages of its value.
type MessageFollower interface {
	// Opened gets the messages of the window that crosses the limit, when the alert has opened.
	Opened(a *Alert, ids [][]byte)
	// Joined gets each further message.
	Joined(a *Alert, id []byte)
}

// Follow sets who follows messages. Call it before the first arrival.
func (c *Counters) Follow(f MessageFollower) { c.follower = f }

// AddFate adds what became of a recipient of a message to an open alert. Why it was refused or deferred is told by a
// host, if it wasn't this one, in a folded text; nil: nobody told.
func (c *Counters) AddFate(a *Alert, n Nature, host, text []byte) {
	if !a.Ended.IsZero() {
		return
	}
	switch n {
	case Delivered:
		a.Fates.Delivered++
	case Refused:
		a.Fates.Refused++
	case Deferred:
		a.Fates.Deferred++
	}
	if text != nil && !a.isBare() {
		c.refusal = append(append(append(c.refusal[:0], host...), '\n'), text...)
		a.values[refusalCounts].add(c.refusal, ValueCount{Messages: 1, Recipients: 1}, &c.budget)
	}
}

// isBare reports whether the alert has no values: see Summary.
func (a *Alert) isBare() bool { return len(a.values) == 0 }

// Refusals returns the n commonest refusals, those with the most recipients first; all where n is 0.
func (a *Alert) Refusals(n int) (all []Refusal) {
	if a.isBare() {
		return nil
	}
	at := make(map[string]int)
	for _, row := range a.values[refusalCounts].top(0) {
		host, text, _ := strings.Cut(row.Value, "\n")
		i, known := at[text]
		if !known {
			i, at[text] = len(all), len(all)
			all = append(all, Refusal{Text: text})
		}
		if all[i].Recipients += row.Recipients; host != "" {
			all[i].Hosts = append(all[i].Hosts, host)
		}
	}
	slices.SortStableFunc(all, func(a, b Refusal) int { return cmp.Compare(b.Recipients, a.Recipients) })
	if n > 0 && n < len(all) {
		all = all[:n:n]
	}
	return all
}

// RefusingHosts returns the hosts that refused or deferred recipients, and how many, those with the most first.
func (a *Alert) RefusingHosts() []ValueCount {
	if a.isBare() {
		return nil
	}
	var hosts valueCounts
	budget := memoryBudget{limits: &defaultLimits}
	for _, row := range a.values[refusalCounts].rows {
		if host, _, _ := strings.Cut(row.Value, "\n"); host != "" {
			hosts.add([]byte(host), ValueCount{Messages: row.Messages, Recipients: row.Recipients}, &budget)
		}
	}
	return hosts.top(0)
}

// followWindow tells Follow of the messages in the window that an alert has opened with.
func (c *Counters) followWindow(a *Alert, rule *compiledRule, value []byte) {
	if c.follower == nil {
		return
	}
	var ids [][]byte
	if !rule.Count.Fates() {
		for _, p := range c.found {
			r := c.arrivals.read(p)
			ids = append(ids, bytes.Clone(r.messageID))
		}
		c.follower.Opened(a, ids)
		return
	}
	h, from := &c.arrivals, c.clock.Now-rule.window
	for p := h.newest(); ; p = h.before(p) {
		if h.at(p)+disorder <= from {
			break
		}
		if h.at(p) > from && h.mayHave(p, rule.table.nth, c.valueHashes[rule.table.nth]) {
			if r := h.read(p); bytes.Equal(r.values[rule.Key], value) && !rule.table.isOutside(r.outside) {
				ids = append(ids, bytes.Clone(r.messageID))
			}
		}
		if p == h.oldest() {
			break
		}
	}
	c.follower.Opened(a, ids)
}

// followArrival tells Follow of an arrival of a value whose fates a rule with an open alert counts.
func (c *Counters) followArrival(t *counterTable, value []byte, a *Arrival) {
	if c.follower == nil {
		return
	}
	n := t.find(value, c.valueHashes[t.nth])
	if n == 0 || t.counters.At(n).openAlerts == 0 {
		return
	}
	for _, r := range t.rules {
		if e := c.open[openKey{r, n}]; e != nil {
			c.follower.Joined(e.alert, a.keptID())
		}
	}
}
