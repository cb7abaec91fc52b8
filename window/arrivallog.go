package window

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"time"
)

// maxMessageID is how much of a message id is kept. Exim's have 16 characters, and 23 since Exim 4.97. Longer ones are
// cut.
const maxMessageID = 24 // bytes

// natureShift is how many bits the length of a message id takes. The nature stands above it, but from lastShort on in a
// byte of its own.
const (
	natureShift = 5
	lastShort   = 1<<(8-natureShift) - 1
)

// A loggedArrival is an arrival as the log has it. Its slices are good until the next push or pop.
type loggedArrival struct {
	at                int64 // second of the clock
	stamp             int64 // the log's own, milliseconds since 1970
	recipients, bytes int64
	outside           uint64 // as in Arrival
	atLeast           bool
	nature            Nature
	messageID         []byte
	values            [NumValues][]byte
}

func (r *loggedArrival) id() string { return string(r.messageID) }

// time is the stamp in the given zone.
func (r *loggedArrival) time(zone *time.Location) time.Time { return time.UnixMilli(r.stamp).In(zone) }

// milliseconds is a stamp as the arrival log keeps it.
func milliseconds(t time.Time) int64 { return seconds(t)*1000 + int64(t.Nanosecond()/1e6) }

// An arrivalLog holds the arrivals inside the longest window in the order they were read, or only the newest of them if
// there are too many. A line may come late, so an arrival may be up to disorder seconds older than the one before it.
//
// The rows are packed into blocks. Blocks are independent of each other, and the log drops each as a whole. A row
// begins with 2 bytes of the hash of each value that a rule may count. That finds the rows of a value without unpacking
// all.
type arrivalLog struct {
	blocks   []*logBlock // the oldest first; none is empty
	spare    *logBlock   // for the next new block
	first    int         // the oldest row in the first block
	rows     int
	size     int              // bytes of the rows
	hashes   int              // of a row
	kept     keySet           // of the values
	wide     bool             // rows of Plain arrivals store all of them, too
	backrefs [1 << 11]backref // by hash: the latest value with it, perhaps of an earlier block
}

type logBlock struct {
	at   int64    // the second that those of the rows are relative to
	rows []uint16 // where each begins
	data []byte
}

// A keySet has a bit for each Key. A row stores those below narrowKeys, and the others only where its Nature isn't
// Plain, or the log is wide.
type keySet uint32

const narrowKeys = 16

var _ = [1]int{}[Anomaly-narrowKeys] // Plain arrivals have values below Anomaly

const (
	allKeys   keySet = 1<<NumValues - 1
	briefKeys keySet = 1<<Subject | 1<<Anomaly | 1<<Entry // see Counters.briefKeys
)

// A backref says where in the newest block a value may stand.
type backref struct{ hash, at uint16 }

const (
	blockSize = 1 << 16 // bytes; only a very long last row makes a block longer
	usualRow  = 1 << 9
)

// A rowPos is the position of a row. It is good until the next pop.
type rowPos struct{ block, row int }

func (h *arrivalLog) oldest() rowPos { return rowPos{0, h.first} }
func (h *arrivalLog) newest() rowPos { return h.before(rowPos{len(h.blocks), 0}) }

// before is the position of the row before the one at p, which must not be the oldest.
func (h *arrivalLog) before(p rowPos) rowPos {
	if p.row > 0 {
		return rowPos{p.block, p.row - 1}
	}
	return rowPos{p.block - 1, len(h.blocks[p.block-1].rows) - 1}
}

// push adds an arrival that counts at the second at.
func (h *arrivalLog) push(a *Arrival, at int64, hashes []uint32, weights *[numSums]int64) {
	b := h.blockFor(at)
	start := len(b.data)
	data := b.data
	for _, hash := range hashes {
		data = binary.LittleEndian.AppendUint16(data, uint16(hash))
	}
	data = binary.AppendVarint(data, at-b.at)
	data = binary.AppendVarint(data, milliseconds(a.At)-1000*at) // if this overflows, read overflows back
	recipients := uint64(weights[Recipients]) << 1
	if a.AtLeast {
		recipients++
	}
	data = binary.AppendUvarint(data, recipients)
	data = binary.AppendUvarint(data, uint64(weights[Bytes]))
	data = binary.AppendUvarint(data, a.Outside)
	id := a.keptID()
	data = append(data, byte(len(id))|byte(min(a.Nature, lastShort))<<natureShift)
	if a.Nature >= lastShort {
		data = append(data, byte(a.Nature))
	}
	data = append(data, id...)
	b.data = h.appendValues(data, a)
	b.rows = append(b.rows, uint16(start))
	h.rows++
	h.size += len(b.data) - start
}

// blockFor returns the newest block, with room for an arrival at the second at.
func (h *arrivalLog) blockFor(at int64) *logBlock {
	if n := len(h.blocks); n > 0 && len(h.blocks[n-1].data) < blockSize-usualRow {
		return h.blocks[n-1]
	}
	b := h.spare
	if h.spare = nil; b == nil {
		b = &logBlock{data: make([]byte, 0, blockSize)}
	}
	b.at, b.rows, b.data = at, b.rows[:0], b.data[:0]
	h.blocks = append(h.blocks, b)
	return b
}

// refKey names an earlier key whose value is often the same as this key's, or ends in it. It is the key itself where
// there is none.
var refKey = [NumValues]Key{
	Sender, Sender, Sender, Sender, Host, Network, Auth, Account, Subject, Topic, Log, Script, CPUser,
	Helo, Protocol, RecipientDomain, Anomaly, Entry, LogHost,
}

// How a value is packed: its length times four, plus one of these.
const (
	literal = iota // the text follows
	known          // the text's position in the block follows
	ending         // it is the end of the value of refKey
)

// storesAll reports whether a row stores values from narrowKeys on.
func (h *arrivalLog) storesAll(n Nature) bool { return n != Plain || h.wide }

// appendValues appends the values to keep to a block's data, behind two bytes that say which ones there are, and a
// third one where the row stores all.
func (h *arrivalLog) appendValues(data []byte, a *Arrival) []byte {
	values, kept, present := &a.Values, h.kept, keySet(0)
	mark := len(data)
	if data = append(data, 0, 0); h.storesAll(a.Nature) {
		data = append(data, 0)
	} else {
		kept &= 1<<narrowKeys - 1
	}
	for left := kept; left != 0; left &= left - 1 {
		k := bits.TrailingZeros32(uint32(left))
		value := values[k]
		if value == nil {
			continue
		}
		length := uint64(len(value)) << 2
		like := refKey[k]
		liked := int(like) < k && present>>like&1 == 1
		if present |= 1 << k; liked && bytes.HasSuffix(values[like], value) {
			data = binary.AppendUvarint(data, length|ending)
			continue
		}
		hash := quickHash(value)
		sight := &h.backrefs[hash%uint64(len(h.backrefs))]
		if at := int(sight.at); sight.hash == uint16(hash>>48) && at+len(value) <= len(data) &&
			bytes.Equal(data[at:at+len(value)], value) {
			data = binary.AppendUvarint(data, length|known)
			data = binary.LittleEndian.AppendUint16(data, sight.at)
			continue
		}
		data = binary.AppendUvarint(data, length)
		sight.hash, sight.at = uint16(hash>>48), uint16(len(data))
		data = append(data, value...)
	}
	binary.LittleEndian.PutUint16(data[mark:], uint16(present))
	if h.storesAll(a.Nature) {
		data[mark+2] = byte(present >> narrowKeys)
	}
	return data
}

// quickHash is a hash of a value's length, beginning and end. Two values with the same hash only take more room.
func quickHash(value []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2**64 divided by the golden ratio
	hash := uint64(len(value))
	if len(value) < 8 {
		for _, b := range value {
			hash = hash<<8 | uint64(b)
		}
	} else {
		end := binary.LittleEndian.Uint64(value[len(value)-8:])
		hash += binary.LittleEndian.Uint64(value)*odd ^ bits.ReverseBytes64(end)
	}
	hash *= odd
	return hash ^ hash>>32
}

// pop removes the oldest row.
func (h *arrivalLog) pop() {
	b := h.blocks[0]
	end := len(b.data)
	if h.first+1 < len(b.rows) {
		end = int(b.rows[h.first+1])
	}
	h.size -= end - int(b.rows[h.first])
	h.rows--
	if h.first++; h.first < len(b.rows) {
		return
	}
	h.blocks[0] = nil
	h.blocks, h.first = h.blocks[1:], 0
	if cap(b.data) == blockSize {
		h.spare = b
	}
}

// mayHave reports whether the row at p may have a value with this hash, as its nth.
func (h *arrivalLog) mayHave(p rowPos, nth int, hash uint32) bool {
	b := h.blocks[p.block]
	return binary.LittleEndian.Uint16(b.data[int(b.rows[p.row])+2*nth:]) == uint16(hash)
}

// at is the second of the row at p.
func (h *arrivalLog) at(p rowPos) int64 {
	b := h.blocks[p.block]
	at, _ := binary.Varint(b.data[int(b.rows[p.row])+2*h.hashes:])
	return b.at + at
}

// read unpacks the row at p.
func (h *arrivalLog) read(p rowPos) (r loggedArrival) {
	b := h.blocks[p.block]
	u := unpacker(b.data[int(b.rows[p.row])+2*h.hashes:])
	r.at = b.at + u.varint()
	r.stamp = 1000*r.at + u.varint()
	recipients := u.uvarint()
	r.recipients, r.atLeast, r.bytes = int64(recipients>>1), recipients&1 == 1, int64(u.uvarint())
	r.outside = u.uvarint()
	mark := u.take(1)[0]
	if r.nature = Nature(mark >> natureShift); r.nature == lastShort {
		r.nature = Nature(u.take(1)[0])
	}
	r.messageID = u.take(uint64(mark & (1<<natureShift - 1)))
	present := keySet(binary.LittleEndian.Uint16(u.take(2)))
	if h.storesAll(r.nature) {
		present |= keySet(u.take(1)[0]) << narrowKeys
	}
	for left := present; left != 0; left &= left - 1 {
		k := bits.TrailingZeros32(uint32(left))
		n := u.uvarint()
		switch length := n >> 2; n & 3 {
		case literal:
			r.values[k] = u.take(length)
		case known:
			at := binary.LittleEndian.Uint16(u.take(2))
			r.values[k] = b.data[at:][:length]
		case ending:
			like := r.values[refKey[k]]
			r.values[k] = like[uint64(len(like))-length:]
		}
	}
	return r
}

// An unpacker is the rest of a block's data.
type unpacker []byte

func (u *unpacker) varint() int64 {
	v, n := binary.Varint(*u)
	*u = (*u)[n:]
	return v
}

func (u *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(*u)
	*u = (*u)[n:]
	return v
}

func (u *unpacker) take(n uint64) []byte {
	text := (*u)[:n]
	*u = (*u)[n:]
	return text
}
