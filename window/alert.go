package window

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"
)

// An Alert is one value's time over one rule's limit. It begins with the arrival that crossed the limit and ends when
// the count has been at or under the limit for one whole window. While it is open, Count adds every further arrival of
// the value to it. To read it from another goroutine, or as it is at one moment, take a Snapshot before the next call
// of Count.
type Alert struct {
	// ID is 20 hexadecimal digits. It is the same whenever the same message, in a fleet of the same LogHost, takes the
	// same value over the same rule.
	ID        string
	Rule      Rule
	Value     string
	Opened    time.Time // stamp of the arrival that crossed the limit, as given
	CrossedBy string    // its message id
	Count     int64     // the count with that arrival, in the rule's measure
	Limit     int64     // the limit that was crossed: the rule's or that of an exception
	Peak      int64     // the highest count in one window while open
	Times     int64     // the highest of 2, 5, 10, 20, 50 … times the limit that Peak has reached; 0: none yet
	Ended     time.Time // when the count had been down for one window, by the log's own clock; zero while open
	// Before is the highest count that the value had in any window that doesn't overlap the one that crossed the limit.
	// It covers the log from BeforeSince on. Both are zero where less than two windows of the log are known.
	Before      int64
	BeforeSince time.Time
	Incident    *Incident // what it belongs to
	Closes      bool      // the incident is over with it
	Untold      bool      // nobody was told that it opened: see Restore

	// Suspicious is how many of the arrivals below may be somebody else's: their entries have two readings, or may be
	// forged.
	Suspicious int64

	Fates Fates

	// AtLeast is true where Exim cut recipients off. Recipients is then a lower bound.
	AtLeast bool

	// Totals of the arrivals while the alert is open, with those of the window that crossed the limit.
	Messages, Recipients, Bytes int64
	// First and Last are the stamps of the first and the last of these arrivals, to the millisecond. Within one second
	// the order is that of the log.
	First, Last time.Time
	// Samples are at most three message ids of these arrivals, each once, cut to 24 bytes: the first, the one that
	// crossed the limit and the last. While the last is the one that crossed, there is also one from the middle of its
	// window.
	Samples []string

	values          []valueCounts // of each Key, and refusalCounts; empty where nothing was counted
	chart           series
	firstID, lastID string
	// Seconds of the clock.
	firstAt, lastAt, openedAt int64
}

const idLen = 10 // bytes of an alert's ID, which has two digits for each

// alertID hashes rule, value and message id, and in a fleet the host that logged it: two hosts may use one message id.
// Each stands behind its length, so that no two of these look the same.
func alertID(rule Rule, value string, a *Arrival) string {
	parts := []string{rule.String(), value, string(a.MessageID)}
	if host := a.Values[LogHost]; host != nil {
		parts = append(parts, string(host))
	}
	var b []byte
	for _, s := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:idLen])
}

// setFirst makes the window's oldest arrival that is still logged the alert's first one.
func (a *Alert) setFirst(oldest *loggedArrival, zone *time.Location) {
	a.First, a.firstAt, a.firstID = oldest.time(zone), oldest.at, oldest.id()
	a.Last, a.lastAt, a.lastID = a.First, a.firstAt, a.firstID
}

// addTotals adds an arrival to the totals.
func (a *Alert) addTotals(weights *[numSums]int64) {
	a.Messages = saturate(a.Messages, weights[Messages])
	a.Recipients = saturate(a.Recipients, weights[Recipients])
	a.Bytes = saturate(a.Bytes, weights[Bytes])
}

// offsetOf is how many seconds a stamp's zone is east of UTC.
func offsetOf(t time.Time) int64 {
	_, offset := t.Zone()
	return int64(offset)
}

// addTime moves First and Last to an arrival that is in the totals.
func (a *Alert) addTime(r *loggedArrival, zone *time.Location) {
	if r.at < a.firstAt {
		a.First, a.firstAt, a.firstID = r.time(zone), r.at, r.id()
	}
	if r.at >= a.lastAt {
		a.Last, a.lastAt, a.lastID = r.time(zone), r.at, r.id()
	}
}

// countValue counts an arrival under its value of a key, or under each of its values. An arrival without one doesn't
// count.
func (a *Alert) countValue(k Key, r *loggedArrival, b *memoryBudget) {
	for rest, more := r.values[k], r.values[k] != nil; more; {
		value := rest
		if more = false; k == RecipientDomain {
			value, rest, more = bytes.Cut(rest, lineFeed)
		}
		a.values[k].add(value, ValueCount{Messages: 1, Recipients: r.recipients, Bytes: r.bytes}, b)
	}
}

var lineFeed = []byte("\n")

// release gives back what the value counts took of the budget.
func (a *Alert) release(b *memoryBudget) {
	for k := range a.values {
		a.values[k].release(b)
	}
}

// setSamples chooses the Samples. It takes middle while the last arrival is the one that crossed the limit.
func (a *Alert) setSamples(crossed, middle string) {
	ids := [...]string{a.firstID, crossed, a.lastID}
	if a.lastID == crossed {
		ids = [...]string{a.firstID, middle, crossed}
	}
	a.Samples = a.Samples[:0]
	for _, id := range ids {
		if !slices.Contains(a.Samples, id) {
			a.Samples = append(a.Samples, id)
		}
	}
}

// Top ranks the values of a key among the arrivals in the totals: most messages first, equal ones by value from high to
// low. It returns at most n, or all where n is 0. An arrival without a value for the key is in no row. Only the first
// 1000 values that an alert meets are ranked, each exactly. A later one may be missing however often it occurred;
// Distinct reports that.
func (a *Alert) Top(k Key, n int) []ValueCount {
	if int(k) >= len(a.values) {
		return nil
	}
	return a.values[k].top(n)
}

// Distinct returns how many values of a key the arrivals in the totals have. more reports that there were others,
// beyond the 1000 that an alert tells apart.
func (a *Alert) Distinct(k Key) (n int, more bool) {
	if int(k) >= len(a.values) {
		return 0, false
	}
	return len(a.values[k].rows), a.values[k].other.Messages > 0
}

// nextMultiple is the first of 2, 5, 10, 20, 50, 100 … that is greater than times.
func nextMultiple(times int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, digit := range [...]int64{1, 2, 5} {
			if n := digit * power; n > max(times, 1) {
				return n
			}
		}
	}
}

// maxMultiple keeps nextMultiple, and what it is multiplied by, far from overflow.
const maxMultiple = 1_000_000_000

// raisePeak raises the Peak to a count. It reports whether Times has grown by that.
func (a *Alert) raisePeak(count int64) (grown bool) {
	a.Peak = max(a.Peak, count)
	for next := nextMultiple(a.Times); next <= maxMultiple && a.Peak/next >= a.Limit; next = nextMultiple(next) {
		a.Times, grown = next, true
	}
	return grown
}
