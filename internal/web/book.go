package web

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"time"

	"exiwatch/window"
)

// A Book has the last arrivals, counted or not, in the order in which they were read, and how many came in each minute. One goroutine
// adds; what Open returns may be read by others at the same time, for what was once written isn't changed.
type Book struct {
	blocks  []*block // the oldest first
	minutes [MinutesKept]minute
	zone    *time.Location
	shift   int64
}

// Bounds of a book: 38 MiB, in which there is room for some 150,000 arrivals, and the minutes of six hours.
const (
	maxBlocks   = 512
	blockSize   = 64 << 10 // bytes
	maxRows     = 512      // of a block
	maxValue    = 1 << 10  // bytes: of a longer value the beginning is kept
	maxID       = 64       // bytes: Exim's message ids have 23 at most
	MinutesKept = 360
)

// A block is filled to its capacity and never moves.
type block struct {
	data []byte
	ends []uint32 // of the rows in data
}

// Classes of arrivals by how they came in.
const (
	Authenticated = iota
	Local
	Other // mostly mail from elsewhere
	numClasses
)

type minute struct {
	at     int64 // minutes since 1970, by the counters' clock
	counts [numClasses]int64
}

// NewBook makes a book without arrivals.
func NewBook() *Book { return &Book{zone: time.UTC} }

// kept are the values that a row has. The others can be made of them.
var kept = [...]window.Key{
	window.Sender, window.Auth, window.User, window.Host, window.Network, window.Subject, window.Helo, window.Protocol, window.RecipientDomain,
}

// maxRow is how many bytes a row may have.
const maxRow = 6*binary.MaxVarintLen64 + maxID + len(kept)*(binary.MaxVarintLen64+maxValue)

// Add takes an arrival that counts at the second at of the counters' clock; shift is that clock's. counted tells whether any rule counts it.
func (b *Book) Add(a *window.Arrival, at, shift int64, counted bool) {
	b.zone, b.shift = a.At.Location(), shift
	b.note(at/60, classOf(a))
	last := b.room()
	data := last.data
	data = binary.AppendVarint(data, at)
	data = binary.AppendVarint(data, a.At.UnixMilli())
	data = binary.AppendUvarint(data, uint64(max(a.Recipients, 0)))
	data = binary.AppendUvarint(data, uint64(max(a.Bytes, 0)))
	outside := a.Outside
	if !counted {
		outside = math.MaxUint64
	}
	data = binary.AppendUvarint(data, outside)
	id := a.MessageID[:min(len(a.MessageID), maxID)]
	data = append(binary.AppendUvarint(data, uint64(len(id))), id...)
	for _, k := range kept {
		value := a.Values[k]
		if value == nil {
			data = append(data, 0)
			continue
		}
		value = value[:min(len(value), maxValue)]
		data = append(binary.AppendUvarint(data, uint64(len(value))+1), value...)
	}
	last.data = data
	last.ends = append(last.ends, uint32(len(data)))
}

func classOf(a *window.Arrival) int {
	switch {
	case len(a.Values[window.Auth]) > 0:
		return Authenticated
	case a.Values[window.User] != nil:
		return Local
	}
	return Other
}

// note counts an arrival in its minute.
func (b *Book) note(at int64, class int) {
	m := &b.minutes[(at%MinutesKept+MinutesKept)%MinutesKept]
	if m.at > at {
		return // it is of long ago
	}
	if m.at < at {
		*m = minute{at: at}
	}
	m.counts[class]++
}

// room returns the newest block, in which there is room for a row.
func (b *Book) room() *block {
	if n := len(b.blocks); n > 0 {
		last := b.blocks[n-1]
		if cap(last.data)-len(last.data) >= maxRow && len(last.ends) < maxRows {
			return last
		}
	}
	if len(b.blocks) == maxBlocks {
		b.blocks[0] = nil
		b.blocks = slices.Delete(b.blocks, 0, 1)
	}
	last := &block{data: make([]byte, 0, blockSize+maxRow), ends: make([]uint32, 0, maxRows)}
	b.blocks = append(b.blocks, last)
	return last
}

// A View is a book as it was at a moment.
type View struct {
	blocks  []block
	minutes [MinutesKept]minute
	zone    *time.Location
	shift   int64
}

// View returns the book as it is now. It is to be called as Add is, and takes microseconds.
func (b *Book) View() *View {
	v := &View{blocks: make([]block, len(b.blocks)), minutes: b.minutes, zone: b.zone, shift: b.shift}
	for i, from := range b.blocks {
		v.blocks[i] = *from
	}
	return v
}

// stamp is the log's own time at a second of the clock.
func (v *View) stamp(at int64) time.Time { return time.Unix(at-v.shift, 0).In(v.zone) }

// A row is an arrival in a book.
type row struct {
	at                int64 // second of the clock
	stamp             int64 // the log's own, milliseconds since 1970
	recipients, bytes int64
	outside           uint64 // scopes whose rules don't count it
	messageID         []byte
	values            [len(kept)][]byte
}

// rows yields the arrivals, the newest first, until those are reached that came before the second since. What a row points to stays.
func (v *View) rows(since int64) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		var r row
		for i := len(v.blocks) - 1; i >= 0; i-- {
			b := &v.blocks[i]
			for n := len(b.ends) - 1; n >= 0; n-- {
				from := uint32(0)
				if n > 0 {
					from = b.ends[n-1]
				}
				r.unpack(b.data[from:b.ends[n]])
				if r.at < since-disorder {
					return
				}
				if r.at >= since && !yield(&r) {
					return
				}
			}
		}
	}
}

// disorder is how many seconds a row may be older than the one before it: package window's, and some for several logs in one book.
const disorder = 60

func (r *row) unpack(data []byte) {
	number := func() int64 {
		n, size := binary.Varint(data)
		data = data[size:]
		return n
	}
	unsigned := func() uint64 {
		n, size := binary.Uvarint(data)
		data = data[size:]
		return n
	}
	text := func(n uint64) (t []byte) {
		t, data = data[:n:n], data[n:]
		return t
	}
	r.at, r.stamp = number(), number()
	r.recipients, r.bytes, r.outside = int64(unsigned()), int64(unsigned()), unsigned()
	r.messageID = text(unsigned())
	for i := range r.values {
		r.values[i] = nil
		if n := unsigned(); n > 0 {
			r.values[i] = text(n - 1)
		}
	}
}

// counts tells whether the rules of a scope count it.
func (r *row) counts(scope int) bool { return r.outside>>scope&1 == 0 }

// value is the arrival's value of a key, nil if it has none. That of a topic is put into buffer.
func (r *row) value(k window.Key, buffer *[]byte) []byte {
	switch k {
	case window.Account:
		for _, k := range [...]window.Key{window.Auth, window.User, window.Sender} {
			if v := r.value(k, nil); len(v) > 0 {
				return v
			}
		}
		return nil
	case window.SenderDomain:
		sender := r.value(window.Sender, nil)
		if at := bytes.LastIndexByte(sender, '@'); at >= 0 {
			return sender[at+1:]
		}
		return nil
	case window.Topic:
		subject := r.value(window.Subject, nil)
		if subject == nil {
			return nil
		}
		*buffer = window.Fold(subject, (*buffer)[:0])
		if *buffer == nil {
			*buffer = []byte{}
		}
		return *buffer
	}
	for i := range kept {
		if kept[i] == k {
			return r.values[i]
		}
	}
	return nil
}
