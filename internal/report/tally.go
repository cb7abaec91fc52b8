package report

import (
	"time"

	"exiwatch/parser"
)

// A Tally says how much was read of a log.
type Tally struct {
	Arrivals   int64
	Malformed  int64 // lines that begin like arrivals and could not be read
	Overflowed int64 // entries that Exim replaced by, or ended in, its overflow mark
	Suspicious int64 // arrivals that can be read in another way, or may be forged
	Injected   int64 // lines inside another entry: forged
	Recipients int64
	Size       int64 // bytes
	First      Time  // of the first arrival in the log
	Last       Time  // of the last one

	earliest, latest time.Time // stamps of arrivals, which may step back
}

// A Time is a log time with what is needed to write it as the log does.
type Time struct {
	time.Time
	Millis bool
}

// MarshalJSON gives null for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + Stamp(t.Time, t.Millis) + `"`), nil
}

// Arrival counts an arrival.
func (t *Tally) Arrival(a *parser.Arrival) {
	t.Arrivals++
	t.Recipients += int64(a.RecipientCount)
	t.Size += max(a.Size, 0)
	if a.Overflowed {
		t.Overflowed++
	}
	if a.IsDoubtful() {
		t.Suspicious++
	}
	t.Last = Time{a.Time, a.Millis}
	if t.First.IsZero() {
		t.First, t.earliest, t.latest = t.Last, a.Time, a.Time
	}
	if a.Time.Before(t.earliest) {
		t.earliest = a.Time
	}
	if a.Time.After(t.latest) {
		t.latest = a.Time
	}
}

// join adds the tally of another log.
func (t *Tally) join(other *Tally) {
	t.Arrivals += other.Arrivals
	t.Malformed += other.Malformed
	t.Overflowed += other.Overflowed
	t.Suspicious += other.Suspicious
	t.Injected += other.Injected
	t.Recipients += other.Recipients
	t.Size += other.Size
	if other.First.IsZero() {
		return
	}
	none := t.First.IsZero()
	if none || other.First.Before(t.First.Time) {
		t.First = other.First
	}
	if other.Last.After(t.Last.Time) {
		t.Last = other.Last
	}
	if none || other.earliest.Before(t.earliest) {
		t.earliest = other.earliest
	}
	if other.latest.After(t.latest) {
		t.latest = other.latest
	}
}

// Other counts an entry that is no arrival.
func (t *Tally) Other(e *parser.Entry) {
	switch e.Kind {
	case parser.Malformed:
		t.Malformed++
	case parser.Overflow:
		t.Overflowed++
	case parser.Injected:
		t.Injected++
	}
}
