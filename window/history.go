package window

import "time"

// maxMessageID is the room for a message id: Exim's have 16 characters, since 4.97 23. Longer ones are clipped.
const maxMessageID = 24 // bytes

// A row is an arrival as history keeps it: 112 bytes without a pointer.
type row struct {
	at        int64 // second of the clock
	stamp     int64 // the log's own, milliseconds since 1970
	values    [NumValues]uint32
	messageID [maxMessageID]byte // padded with NUL
	weights   [numSums - 1]int64
	outside   uint64 // as in Arrival
}

func (r *row) setMessageID(id []byte) {
	r.messageID = [maxMessageID]byte{}
	copy(r.messageID[:], id)
}

func (r *row) id() string {
	n := maxMessageID
	for n > 0 && r.messageID[n-1] == 0 {
		n--
	}
	return string(r.messageID[:n])
}

func (r *row) recipients() int64 { return r.weights[Recipients-1] }
func (r *row) bytes() int64      { return r.weights[Bytes-1] }

// time is the log's own stamp, in the given zone.
func (r *row) time(zone *time.Location) time.Time { return time.UnixMilli(r.stamp).In(zone) }

// milliseconds is the log's own stamp as a row keeps it.
func milliseconds(t time.Time) int64 { return seconds(t)*1000 + int64(t.Nanosecond()/1e6) }

// A history is the arrivals still inside the longest window, or the newest of them where these are too many, in the order
// they were read, numbered from 0 on.
// As a line may come late, a row may be up to disorder older than the one before it.
type history struct {
	rows        []row // a ring; its length is a power of two
	first, next uint64
}

const minRows = 64 // a ring isn't made smaller than this

func (h *history) len() int { return int(h.next - h.first) }

func (h *history) row(n uint64) *row { return &h.rows[n&uint64(len(h.rows)-1)] }

// push returns the row for the next arrival, good until the next push or pop; what is in it is to be overwritten.
func (h *history) push() *row {
	if h.len() == len(h.rows) {
		h.resize(max(2*len(h.rows), minRows))
	}
	h.next++
	return h.row(h.next - 1)
}

// pop forgets the oldest row.
func (h *history) pop() {
	h.first++
	if n := len(h.rows); n > minRows && h.len() <= n/4 {
		h.resize(n / 2)
	}
}

func (h *history) resize(n int) {
	rows := make([]row, n)
	for i := h.first; i < h.next; i++ {
		rows[i&uint64(n-1)] = *h.row(i)
	}
	h.rows = rows
}
