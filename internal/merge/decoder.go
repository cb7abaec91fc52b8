package merge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

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
