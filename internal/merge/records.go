package merge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"time"

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

// A decoder reads the records of a batch.
type decoder struct {
	host   []byte // of all records
	rest   []byte
	last   int64 // Record.Now of the last record
	record pipeline.Record
	zone   *time.Location // of the record
	offset int64          // of zone, seconds east of UTC
	made   *time.Location // the latest zone that is not UTC
	east   int64          // offset of made
	left   bool           // record is one of the batch
	broken bool
}

var errBatch = errors.New("a batch that exiwatch can't have written")

// begin begins with a batch.
func (d *decoder) begin(b Records) error {
	first, last, ok := b.Span()
	if !ok {
		d.left = false
		return errBatch
	}
	logins, addresses := d.record.Arrival.Logins, d.record.Arrival.Addresses
	d.record = pipeline.Record{Now: first, Arrival: window.Arrival{Logins: logins, Addresses: addresses}}
	d.rest, d.last, d.zone, d.offset, d.broken = b[span:], last, time.UTC, 0, false
	err := d.next()
	if d.left && d.record.Now != first {
		return d.fail()
	}
	return err
}

// next reads the next record. left is false behind the last one.
func (d *decoder) next() error {
	if d.left = len(d.rest) > 0; !d.left {
		return nil
	}
	r, a := &d.record, &d.record.Arrival
	head, present, same := d.uvarint(), d.uvarint(), d.uvarint()
	passed, late := d.uvarint(), d.uvarint()
	d.require(passed <= uint64(d.last-r.Now) && late < maxLate*1000)
	r.Now += int64(passed)
	a.Recipients, a.Bytes = int64(d.uvarint()), int64(d.uvarint())
	a.MessageID = d.text()
	d.rare(head)
	at := r.Now - int64(late/1000)
	a.At = time.Unix(at, int64(late%1000)*1e6).In(d.zone)
	d.require(head < heads && present&^written == 0 && same&^present == 0)
	d.values(present, same)
	d.derived(head)
	if d.broken || len(d.rest) == 0 && r.Now != d.last {
		return d.fail()
	}
	return nil
}

// maxLate is more than how many seconds a record is behind its host's clock.
const maxLate = 6

// require notes that the batch is broken unless ok.
func (d *decoder) require(ok bool) { d.broken = d.broken || !ok }

func (d *decoder) fail() error {
	d.left, d.rest = false, nil
	return errBatch
}

// rare reads what appendRare has written.
func (d *decoder) rare(head uint64) {
	r, a := &d.record, &d.record.Arrival
	a.Nature, a.Outside, a.LoginsOutside, a.AtLeast, r.Own = window.Plain, 0, 0, head&isAtLeast != 0, ""
	a.Logins, a.Addresses = a.Logins[:0], a.Addresses[:0]
	if head&hasNature != 0 {
		nature := d.uvarint()
		d.require(0 < nature && nature < 1<<8 && window.Nature(nature).IsNature())
		a.Nature = window.Nature(nature)
	}
	if head&hasOutside != 0 {
		a.Outside, a.LoginsOutside = d.uvarint(), d.uvarint()
		d.require(a.Outside|a.LoginsOutside != 0)
	}
	if head&hasLogins != 0 {
		a.Logins = d.texts(a.Logins)
	}
	if head&hasAddresses != 0 {
		a.Addresses = d.texts(a.Addresses)
	}
	if head&hasZone != 0 {
		d.setZone()
	}
	if head&hasOwn != 0 {
		r.Own = string(d.text())
		d.require(r.Own != "")
	}
}

// maxOffset is more than a stamp's zone is from UTC: "+9999" is less.
const maxOffset = 101 * 3600 // seconds

// setZone reads the offset of a zone.
func (d *decoder) setZone() {
	zigzag := d.uvarint()
	offset := int64(zigzag>>1) ^ -int64(zigzag&1)
	d.require(offset != d.offset && -maxOffset < offset && offset < maxOffset)
	switch {
	case d.broken:
		return
	case offset == 0:
		d.zone = time.UTC
	case d.made != nil && d.east == offset:
		d.zone = d.made
	default:
		d.zone = time.FixedZone("", int(offset))
		d.made, d.east = d.zone, offset
	}
	d.offset = offset
}

var logValue = []byte(pipeline.LogValue)

// values reads the values. Those that are the same stay, as they point into the batch.
func (d *decoder) values(present, same uint64) {
	values := &d.record.Arrival.Values
	for k := range window.NumValues {
		switch bit := uint64(1) << k; {
		case present&bit == 0:
			values[k] = nil
		case same&bit == 0:
			text := d.text()
			d.require(values[k] == nil || !bytes.Equal(values[k], text))
			values[k] = text
		case values[k] == nil:
			d.broken = true
		}
	}
}

// derived sets the values that the head tells.
func (d *decoder) derived(head uint64) {
	values := &d.record.Arrival.Values
	account, auth, user := values[window.Account], values[window.Auth], values[window.User]
	is := func(account, other []byte) bool { return other != nil && bytes.Equal(account, other) }
	switch head & (isAuth | isUser) {
	case 0:
		d.require(account == nil || !is(account, auth) && !is(account, user))
	case isAuth:
		d.require(account == nil && auth != nil)
		values[window.Account] = auth
	case isUser:
		d.require(account == nil && user != nil && !is(user, auth))
		values[window.Account] = user
	default:
		d.broken = true
	}
	if values[window.LogHost] = d.host; head&isInLog != 0 {
		values[window.Log] = logValue
	}
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.broken, d.rest = true, nil
		return 0
	}
	d.require(n == 1 || d.rest[n-1] != 0) // it is as short as can be
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) text() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.broken, d.rest = true, nil
		return nil
	}
	text := d.rest[:n:n]
	d.rest = d.rest[n:]
	return text
}

func (d *decoder) texts(all [][]byte) [][]byte {
	n := d.uvarint()
	if n == 0 || n > uint64(len(d.rest)) {
		d.broken = true
		return all
	}
	for range n {
		all = append(all, d.text())
	}
	return all
}

// Each calls fn with each record of a batch of a host. The record is good until fn returns.
func (b Records) Each(host string, fn func(*pipeline.Record)) error {
	d := decoder{host: []byte(host)}
	err := d.begin(b)
	for ; err == nil && d.left; err = d.next() {
		fn(&d.record)
	}
	if err != nil {
		return fmt.Errorf("host %s: %w", host, err)
	}
	return nil
}
