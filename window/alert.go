package window

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"
)

// An Alert is one value's time over one rule's limit: from the arrival that crossed it until the count has been at or
// under it for one whole window. While it is open every further arrival of the value goes into it, by the goroutine
// that calls Count: who wants its state of one moment, or reads it elsewhere, takes what is needed before the next
// call.
type Alert struct {
	// ID is the same whenever the same message takes the same value over the same rule: 20 hexadecimal digits.
	ID        string
	Rule      Rule
	Value     string
	Opened    time.Time // stamp of the arrival that crossed the limit, as given
	CrossedBy string    // its message id
	Count     int64     // the count with it, in what the rule counts
	Limit     int64     // the limit that was crossed: the rule's or that of an exception
	Peak      int64     // the highest count in one window while open
	Times     int64     // how many times the limit the Peak has come to, of 2, 5, 10, 20, 50 …; 0: not twice yet
	Ended     time.Time // when the count had been down for one window, by the log's own clock; zero while open
	// Before is the highest count that the value ever had in one window which has nothing in common with the one that
	// crossed, as far as is known of the log, which is from BeforeSince on. Both are zero where that is less than two
	// windows.
	Before      int64
	BeforeSince time.Time
	// Thread is the ID of the first alert that the same arrival opened, which may be this one: they are told of
	// together.
	Thread string

	// Suspicious is how many of the arrivals below may be somebody else's: their entries have two readings, or may be
	// forged.
	Suspicious int64

	// AtLeast is true where Exim cut recipients off: Recipients is a lower bound.
	AtLeast bool

	// Totals of the arrivals while open, those of the window that crossed the limit included.
	Messages, Recipients, Bytes int64
	// First and Last are the stamps of the first and the last of them, to the millisecond; within one second the order
	// is the log's.
	First, Last time.Time
	// Samples are message ids among them, three at most: the first, the one that crossed the limit and the last; while
	// that is the one that crossed, one from the middle of its window too. Each once; clipped to 24 bytes.
	Samples []string

	tallies         []tally // of each Key; none where nothing was tallied
	course          series
	firstID, lastID string
	// Seconds of the clock.
	firstAt, lastAt, openedAt int64
}

const idLen = 10 // bytes of an alert's ID, which has two digits for each

// alertID hashes rule, value and message id, each behind its length, so that no two triples look the same.
func alertID(rule Rule, value string, messageID []byte) string {
	var b []byte
	for _, s := range []string{rule.String(), value, string(messageID)} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:idLen])
}

// begin takes the oldest row that history still has of the window that crossed the limit for the first arrival.
func (a *Alert) begin(oldest *row, zone *time.Location) {
	a.First, a.firstAt, a.firstID = oldest.time(zone), oldest.at, oldest.id()
	a.Last, a.lastAt, a.lastID = a.First, a.firstAt, a.firstID
}

// add puts an arrival into the totals.
func (a *Alert) add(weights *[numSums]int64) {
	a.Messages = saturate(a.Messages, weights[Messages])
	a.Recipients = saturate(a.Recipients, weights[Recipients])
	a.Bytes = saturate(a.Bytes, weights[Bytes])
}

// offsetOf is how many seconds a stamp's zone is east of UTC.
func offsetOf(t time.Time) int64 {
	_, offset := t.Zone()
	return int64(offset)
}

// note tallies an arrival that is in the totals.
func (a *Alert) note(r *row, zone *time.Location, b *budget) {
	for k, value := range r.values {
		a.tally(Key(k), value, r.recipients, r.bytes, b)
	}
	if r.at < a.firstAt {
		a.First, a.firstAt, a.firstID = r.time(zone), r.at, r.id()
	}
	if r.at >= a.lastAt {
		a.Last, a.lastAt, a.lastID = r.time(zone), r.at, r.id()
	}
}

// tally counts an arrival under its value of a key, or each of its values, if it has one.
func (a *Alert) tally(k Key, value []byte, recipients, size int64, b *budget) {
	if value == nil {
		return
	}
	n := ValueCount{Messages: 1, Recipients: recipients, Bytes: size}
	for more := k == RecipientDomain; more; {
		var domain []byte
		if domain, value, more = bytes.Cut(value, lineFeed); more {
			a.tallies[k].add(domain, n, b)
		} else {
			value = domain
		}
	}
	a.tallies[k].add(value, n, b)
}

var lineFeed = []byte("\n")

// giveBack returns to the budget what the tallies took.
func (a *Alert) giveBack(b *budget) {
	for k := range a.tallies {
		a.tallies[k].giveBack(b)
	}
}

// sample chooses the Samples; middle is taken while the last arrival is the one that crossed the limit.
func (a *Alert) sample(crossed, middle string) {
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

// Top ranks the values of a key among the arrivals in the totals: most messages first, ties by value downwards, n at
// most, all where n is 0. An arrival without a value for the key is in no row. Only the first 1000 values an alert
// meets are ranked, each exactly; one that came later may be missing however often it occurred, which Distinct tells.
func (a *Alert) Top(k Key, n int) []ValueCount {
	if int(k) >= len(a.tallies) {
		return nil
	}
	return a.tallies[k].top(n)
}

// Distinct says how many values of a key the arrivals in the totals have; more, that there were others beyond the 1000
// that an alert tells apart.
func (a *Alert) Distinct(k Key) (n int, more bool) {
	if int(k) >= len(a.tallies) {
		return 0, false
	}
	return len(a.tallies[k].rows), a.tallies[k].other.Messages > 0
}
