package live

import (
	"math"
	"time"

	"exiwatch/window"
)

// A bufferedArrival is an arrival in the buffer.
type bufferedArrival struct {
	at         int64 // the second at which the counters count it
	stamp      int64 // the log's own, milliseconds since 1970
	values     [window.NumValues]uint32
	recipients int64
	bytes      int64
	outside    uint64 // as in window.Arrival
	messageID  [maxMessageID]byte
}

// maxMessageID is how many bytes of a message id are kept: Exim's have 16, since 4.97 23.
const maxMessageID = 24

// An arrivalBuffer holds recent arrivals in the order in which they were read, numbered from 0 on.
type arrivalBuffer struct {
	rows        []bufferedArrival // a ring; its length is a power of two
	first, next uint64
	values      interner

	keep    int64 // seconds
	maxRows int
	maxText int

	now  int64 // the counters' clock
	cut  int64 // the latest second of an arrival that was dropped early
	zone *time.Location
}

// Bounds of a buffer: of its arrivals, 112 bytes each and so 112 MiB, and of their values, of which one line may have
// 8 kB.
const (
	maxRows = 1 << 20
	maxText = 128 << 20 // bytes
	minRows = 1 << 10
)

func newArrivalBuffer(keep time.Duration) *arrivalBuffer {
	return &arrivalBuffer{values: newInterner(), keep: int64(keep / time.Second), maxRows: maxRows, maxText: maxText,
		now: math.MinInt64, cut: math.MinInt64, zone: time.UTC}
}

// maxWeight bounds what one arrival adds to a sum, as package window does.
const maxWeight = 1 << 40

// add adds an arrival that was just counted.
func (b *arrivalBuffer) add(a *window.Arrival, clock window.Clock) {
	b.now, b.zone = clock.Now, a.At.Location()
	r := b.push()
	*r = bufferedArrival{
		at:         min(a.At.Unix()+clock.Shift, clock.Now), // rules 1 to 3 of package window
		stamp:      a.At.UnixMilli(),
		recipients: min(max(a.Recipients, 0), maxWeight),
		bytes:      min(max(a.Bytes, 0), maxWeight),
		outside:    a.Outside,
	}
	copy(r.messageID[:], a.MessageID)
	for k, value := range a.Values {
		r.values[k] = b.values.hold(value)
	}
	for b.len() > 0 && b.row(b.first).at+b.keep <= b.now {
		b.pop()
	}
	for b.len() > b.maxRows || b.values.text > b.maxText && b.len() > 1 {
		b.cut = max(b.cut, b.row(b.first).at)
		b.pop()
	}
}

// len is how many arrivals there are.
func (b *arrivalBuffer) len() int { return int(b.next - b.first) }

func (b *arrivalBuffer) row(n uint64) *bufferedArrival { return &b.rows[n&uint64(len(b.rows)-1)] }

func (b *arrivalBuffer) push() *bufferedArrival {
	if b.len() == len(b.rows) {
		rows := make([]bufferedArrival, max(2*len(b.rows), minRows))
		for n := b.first; n < b.next; n++ {
			rows[n&uint64(len(rows)-1)] = *b.row(n)
		}
		b.rows = rows
	}
	b.next++
	return b.row(b.next - 1)
}

func (b *arrivalBuffer) pop() {
	for _, id := range b.row(b.first).values {
		b.values.release(id)
	}
	b.first++
}

// disorder is how many seconds a row may be older than the one before it (package window, Time).
const disorder = 5

// A rowRange selects the arrivals of a query.
type rowRange struct {
	now    int64  // the window ends with this second
	until  uint64 // row number behind the last
	window int64  // seconds
	scope  int    // of the counters; -1: any
}

// each calls fn with the rows of the range, the last one first.
func (b *arrivalBuffer) each(s rowRange, fn func(r *bufferedArrival)) {
	for n := s.until; n > b.first; n-- {
		r := b.row(n - 1)
		if r.at+disorder+s.window <= s.now {
			return
		}
		if r.at+s.window > s.now && (s.scope < 0 || r.outside>>s.scope&1 == 0) {
			fn(r)
		}
	}
}

// missing tells whether arrivals of the range were dropped.
func (b *arrivalBuffer) missing(s rowRange) bool {
	return b.cut > math.MinInt64 && b.cut+s.window > s.now
}
