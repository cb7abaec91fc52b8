package merge

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// Records are encoded records of one host, in its order. They begin with the Now of the first and of the last.
type Records []byte

// span is how many bytes the seconds before the records take.
const span = 16

// maxNow is farther than any host's clock runs, and far from what sums of seconds overflow at.
const maxNow = 1 << 60

// Span returns Record.Now of the first and of the last record; ok is false for what no Encoder can have made.
func (b Records) Span() (first, last int64, ok bool) {
	if len(b) <= span {
		return 0, 0, false
	}
	first, last = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	return first, last, -maxNow <= first && first <= last && last <= maxNow
}

// A record has a head of these bits, the mask of its values, the mask of those that equal the record's before, its
// numbers and its texts.
const (
	hasNature = 1 << iota
	hasOutside
	hasLogins
	hasAddresses
	hasZone // another one than the record before
	hasOwn
	isAtLeast
	isAuth  // the account is the authenticated id
	isUser  // the account is the local user
	isInLog // the key window.Log has its value
	heads
)

// An Encoder makes batches. Its zero value is empty.
type Encoder struct {
	text    []byte
	records int
	zone    int64 // of the record before, seconds east of UTC
	now     int64 // of the record before
	before  [window.NumValues][]byte
	kept    []byte // of before
	spare   []byte
}

// Reset empties the encoder.
func (e *Encoder) Reset() {
	e.text, e.records = e.text[:0], 0
}

// Len is how many records the batch has.
func (e *Encoder) Len() int { return e.records }

// Records returns the records, which is good until the next call of Add or Reset.
func (e *Encoder) Records() Records { return e.text }

// Add adds a record. Record.Now must not be less than that of the record before.
func (e *Encoder) Add(r *pipeline.Record) {
	a := &r.Arrival
	if e.records == 0 {
		e.text = append(e.text[:0], make([]byte, span)...)
		binary.BigEndian.PutUint64(e.text, uint64(r.Now))
		e.now, e.zone, e.before = r.Now, 0, [window.NumValues][]byte{}
	}
	e.records++
	binary.BigEndian.PutUint64(e.text[8:], uint64(r.Now))

	_, zone := a.At.Zone()
	head := headOf(r)
	if int64(zone) != e.zone {
		head |= hasZone
	}
	present, same := e.masks(a, head)
	t := binary.AppendUvarint(e.text, head)
	t = binary.AppendUvarint(t, present)
	t = binary.AppendUvarint(t, same)
	t = binary.AppendUvarint(t, uint64(r.Now-e.now))
	t = binary.AppendUvarint(t, uint64(r.Now-a.At.Unix())*1000+uint64(a.At.Nanosecond()/1e6))
	t = binary.AppendUvarint(t, uint64(a.Recipients))
	t = binary.AppendUvarint(t, uint64(a.Bytes))
	t = appendText(t, a.MessageID)
	t = appendRare(t, r, head, int64(zone))
	for left := present &^ same; left != 0; left &= left - 1 {
		t = appendText(t, a.Values[bits.TrailingZeros64(left)])
	}
	e.text, e.now, e.zone = t, r.Now, int64(zone)
	e.keep(a)
}

// headOf is the head of a record but for hasZone.
func headOf(r *pipeline.Record) (head uint64) {
	a := &r.Arrival
	account := a.Values[window.Account]
	set := func(bit uint64, is bool) {
		if is {
			head |= bit
		}
	}
	set(hasNature, a.Nature != window.Plain)
	set(hasOutside, a.Outside|a.LoginsOutside != 0)
	set(hasLogins, len(a.Logins) > 0)
	set(hasAddresses, len(a.Addresses) > 0)
	set(hasOwn, r.Own != "")
	set(isAtLeast, a.AtLeast)
	set(isInLog, a.Values[window.Log] != nil)
	switch {
	case account == nil:
	case a.Values[window.Auth] != nil && bytes.Equal(account, a.Values[window.Auth]):
		head |= isAuth
	case a.Values[window.User] != nil && bytes.Equal(account, a.Values[window.User]):
		head |= isUser
	}
	return head
}

// appendRare appends what few records have.
func appendRare(t []byte, r *pipeline.Record, head uint64, zone int64) []byte {
	a := &r.Arrival
	if head&hasNature != 0 {
		t = append(t, byte(a.Nature))
	}
	if head&hasOutside != 0 {
		t = binary.AppendUvarint(t, a.Outside)
		t = binary.AppendUvarint(t, a.LoginsOutside)
	}
	if head&hasLogins != 0 {
		t = appendTexts(t, a.Logins)
	}
	if head&hasAddresses != 0 {
		t = appendTexts(t, a.Addresses)
	}
	if head&hasZone != 0 {
		t = binary.AppendVarint(t, zone)
	}
	if head&hasOwn != 0 {
		t = appendText(t, []byte(r.Own))
	}
	return t
}

func appendText(t, text []byte) []byte {
	return append(binary.AppendUvarint(t, uint64(len(text))), text...)
}

func appendTexts(t []byte, all [][]byte) []byte {
	t = binary.AppendUvarint(t, uint64(len(all)))
	for _, text := range all {
		t = appendText(t, text)
	}
	return t
}

// masks are the values to write, and those of them that the record before has, too.
func (e *Encoder) masks(a *window.Arrival, head uint64) (present, same uint64) {
	for k, value := range a.Values {
		if value == nil || written>>k&1 == 0 || k == int(window.Account) && head&(isAuth|isUser) != 0 {
			continue
		}
		present |= 1 << k
		if before := e.before[k]; before != nil && bytes.Equal(before, value) {
			same |= 1 << k
		}
	}
	return present, same
}

// written are the values that a batch has.
var written = func() (all uint64) {
	for k := range window.NumValues {
		if isWritten(k) {
			all |= 1 << k
		}
	}
	return all
}()

// isWritten tells whether a batch has the values of a key. The others are derived, or are those of the batch.
func isWritten(k window.Key) bool {
	return k != window.Log && k != window.LogHost && !pipeline.IsDerived(k)
}

// keep remembers the values of the record.
func (e *Encoder) keep(a *window.Arrival) {
	if e.spare == nil {
		e.spare = []byte{} // a value that is empty is one
	}
	kept := e.spare[:0]
	before := e.before
	for k, value := range a.Values {
		if before[k] = nil; value != nil && written>>k&1 == 1 {
			n := len(kept)
			kept = append(kept, value...)
			before[k] = kept[n:len(kept):len(kept)]
		}
	}
	e.before, e.kept, e.spare = before, kept, e.kept
}
