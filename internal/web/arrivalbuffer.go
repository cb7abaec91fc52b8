package web

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"iter"
	"math"
	"slices"
	"time"

	"exiwatch/internal/report"
	"exiwatch/window"
)

// An ArrivalBuffer holds the last arrivals, counted or not, in the order in which they were read, and counts those of
// each minute. One goroutine adds. Others may read a View at the same time, because written data never changes.
type ArrivalBuffer struct {
	blocks  []*block // the oldest first
	minutes [MinutesKept]minute
	zone    *time.Location
	shift   int64
	seed    maphash.Seed
}

// Bounds of a buffer: 44 MiB, enough for some 150,000 arrivals, and the minutes of six hours.
const (
	maxBlocks   = 512
	blockSize   = 64 << 10 // bytes
	maxRows     = 512      // of a block
	maxValue    = 1 << 10  // bytes: longer values are cut
	maxID       = 64       // bytes: Exim's message ids have 23 at most
	MinutesKept = 360
)

// A block is filled to its capacity and never moves.
type block struct {
	data  []byte
	heads []head // of the rows in data
}

// A head serves to find a row without unpacking it.
type head struct {
	at     int64 // second of the clock
	end    uint32
	hashes [len(hashed)]uint32
}

// hashed are the keys whose values have hashes in a head.
var hashed = [...]window.Key{window.Account, window.Host, window.Sender}

// hashOf gives a value's hash for a head.
func (b *ArrivalBuffer) hashOf(value []byte) uint32 { return uint32(maphash.Bytes(b.seed, value)) }

type minute struct {
	at     int64 // minutes since 1970, by the counters' clock
	counts [report.NumClasses]int64
}

// NewArrivalBuffer makes a buffer without arrivals.
func NewArrivalBuffer() *ArrivalBuffer {
	return &ArrivalBuffer{zone: time.UTC, seed: maphash.MakeSeed()}
}

// kept are the keys whose values a row stores. The other values can be made from them.
var kept = [...]window.Key{
	window.Sender, window.Auth, window.User, window.Host, window.Network, window.AccountDomain,
	window.Script, window.Subject, window.Helo, window.Protocol, window.RecipientDomain,
}

// maxRow is the greatest size of a row, in bytes.
const maxRow = 5*binary.MaxVarintLen64 + maxID + len(kept)*(binary.MaxVarintLen64+maxValue)

// Add stores an arrival at the second at of the counters' clock; shift is that clock's shift from log time. counted
// tells whether any rule counts the arrival.
func (b *ArrivalBuffer) Add(a *window.Arrival, at, shift int64, counted bool) {
	b.zone, b.shift = a.At.Location(), shift
	b.note(at/60, report.ClassOf(a))
	last := b.room()
	data := last.data
	data = binary.AppendUvarint(data, uint64(a.At.UnixMilli()))
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
	h := head{at: at, end: uint32(len(data))}
	for i, k := range hashed {
		value := a.Values[k]
		h.hashes[i] = b.hashOf(value[:min(len(value), maxValue)])
	}
	last.heads = append(last.heads, h)
}

// note counts an arrival in its minute.
func (b *ArrivalBuffer) note(at int64, class int) {
	m := &b.minutes[(at%MinutesKept+MinutesKept)%MinutesKept]
	if m.at > at {
		return // too old
	}
	if m.at < at {
		*m = minute{at: at}
	}
	m.counts[class]++
}

// room returns the newest block, with room for a row. It drops the oldest block if there are too many.
func (b *ArrivalBuffer) room() *block {
	if n := len(b.blocks); n > 0 {
		last := b.blocks[n-1]
		if cap(last.data)-len(last.data) >= maxRow && len(last.heads) < maxRows {
			return last
		}
	}
	if len(b.blocks) == maxBlocks {
		b.blocks[0] = nil
		b.blocks = slices.Delete(b.blocks, 0, 1)
	}
	last := &block{data: make([]byte, 0, blockSize+maxRow), heads: make([]head, 0, maxRows)}
	b.blocks = append(b.blocks, last)
	return last
}

// A BufferSnapshot is a buffer as it was at one moment.
type BufferSnapshot struct {
	blocks  []block
	minutes [MinutesKept]minute
	zone    *time.Location
	shift   int64
	buffer  *ArrivalBuffer // for its hashes
}

// Snapshot returns the buffer as it is now. Call it from the goroutine that adds; it takes microseconds.
func (b *ArrivalBuffer) Snapshot() *BufferSnapshot {
	v := &BufferSnapshot{
		blocks: make([]block, len(b.blocks)), minutes: b.minutes, zone: b.zone, shift: b.shift, buffer: b,
	}
	for i, from := range b.blocks {
		v.blocks[i] = *from
	}
	return v
}

// stamp is the log's own time at a second of the clock.
func (v *BufferSnapshot) stamp(at int64) time.Time { return time.Unix(at-v.shift, 0).In(v.zone) }

// A storedArrival is an arrival in a buffer.
type storedArrival struct {
	at                int64 // second of the clock
	stamp             int64 // the log's own, milliseconds since 1970
	recipients, bytes int64
	outside           uint64 // scopes whose rules don't count it
	messageID         []byte
	values            [len(kept)][]byte
}

// rows yields the arrivals from the second since on, the newest first, if wants is nil or accepts them. It reuses the
// row, but the values that a row points to never change.
func (v *BufferSnapshot) rows(since int64, wants func(*head) bool) iter.Seq[*storedArrival] {
	return func(yield func(*storedArrival) bool) {
		var r storedArrival
		for i := len(v.blocks) - 1; i >= 0; i-- {
			b := &v.blocks[i]
			for n := len(b.heads) - 1; n >= 0; n-- {
				h := &b.heads[n]
				if h.at < since-disorder {
					return
				}
				if h.at < since || wants != nil && !wants(h) {
					continue
				}
				from := uint32(0)
				if n > 0 {
					from = b.heads[n-1].end
				}
				r.at = h.at
				r.unpack(b.data[from:h.end])
				if !yield(&r) {
					return
				}
			}
		}
	}
}

// of yields the rows that have a value of a key.
func (v *BufferSnapshot) of(k window.Key, value string, since int64) iter.Seq[*storedArrival] {
	var wants func(*head) bool
	if i := hashIndex(k); i >= 0 {
		hash := v.buffer.hashOf([]byte(value))
		wants = func(h *head) bool { return h.hashes[i] == hash }
	}
	return func(yield func(*storedArrival) bool) {
		var buffer []byte
		for r := range v.rows(since, wants) {
			if has := r.value(k, &buffer); has != nil && string(has) == value && !yield(r) {
				return
			}
		}
	}
}

// hashIndex says which hash of a head is of a key's value; -1: none is. An authenticated id is also the account, so it
// uses the account's hash.
func hashIndex(k window.Key) int {
	if k == window.Auth {
		k = window.Account
	}
	return slices.Index(hashed[:], k)
}

// oldest is the time of the first arrival; zero if there is none.
func (v *BufferSnapshot) oldest() (at time.Time) {
	if len(v.blocks) > 0 && len(v.blocks[0].heads) > 0 {
		at = v.stamp(v.blocks[0].heads[0].at)
	}
	return at
}

// disorder is how many seconds a row may be older than the one before it: more than in package window, as one buffer
// has several logs.
const disorder = 60

func (r *storedArrival) unpack(data []byte) {
	number := func() uint64 {
		n, size := binary.Uvarint(data)
		data = data[size:]
		return n
	}
	text := func(n uint64) (t []byte) {
		t, data = data[:n:n], data[n:]
		return t
	}
	r.stamp, r.recipients, r.bytes, r.outside = int64(number()), int64(number()), int64(number()), number()
	r.messageID = text(number())
	for i := range r.values {
		r.values[i] = nil
		if n := number(); n > 0 {
			r.values[i] = text(n - 1)
		}
	}
}

// counts tells whether the rules of a scope count the arrival.
func (r *storedArrival) counts(scope int) bool { return r.outside>>scope&1 == 0 }

// value is the arrival's value of a key, nil if it has none. A topic is built in buffer.
func (r *storedArrival) value(k window.Key, buffer *[]byte) []byte {
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
		*buffer = window.FoldSubject(subject, (*buffer)[:0])
		return *buffer
	}
	if i := slices.Index(kept[:], k); i >= 0 {
		return r.values[i]
	}
	return nil
}
