package parser

import (
	"bytes"
	"time"
)

// A DeliveryReader reads delivery lines. It knows nothing of a Reader, which skips these lines; a program that wants
// both gives each line to both. It isn't safe for concurrent use.
//
// It reads a line by itself. So it can't tell whether a line was forged by means of a line feed in another entry: that
// takes a local user, and the Reader reports it as Injected. It doesn't join the pieces of a split syslog line.
type DeliveryReader struct {
	clock     clock
	delivery  Delivery
	prefix    linePrefix
	unwrapped []byte // the text of a line in JSON

	readings  readingSet
	weak      readingSet // that count if there are no others
	bare      readingSet // that count if there are none of those either
	address   []byte     // in lower case
	unquoted  []byte     // an original, in lower case and without quotes
	bytesLeft int        // the work left for the line
}

// NewDeliveryReader makes a DeliveryReader. zone and reference are as in NewReader.
func NewDeliveryReader(zone *time.Location, reference time.Time) *DeliveryReader {
	return &DeliveryReader{clock: clock{zone: zone, reference: reference}}
}

// SetReference moves the reference of NewDeliveryReader.
func (r *DeliveryReader) SetReference(reference time.Time) { r.clock.reference = reference }

// Line reads a line of the log, without its LF. It returns nil if the line is no delivery line. What it returns is good
// until the next call.
func (r *DeliveryReader) Line(line []byte) *Delivery {
	line = r.unwrap(line)
	kind, ok := r.head(line)
	if !ok {
		return nil
	}
	h, d := &r.prefix, &r.delivery
	*d = Delivery{
		Kind: kind, Millis: h.stamp.millis >= 0, PID: h.pid, SyslogHost: h.host, MessageID: h.id,
	}
	if d.Time, ok = r.clock.time(h.stamp); !ok {
		d.Reason = "the stamp names no time"
		return d
	}
	text := line[h.length:]
	switch {
	case d.IsMessage():
		if kind != Completed {
			_, d.Event, _ = messageEvent(text)
		}
	case len(line)-h.start >= cutFrom:
		d.Suspicious = true // a part of the original may be missing
	default:
		r.read(text[len("=> "):])
	}
	return d
}

// unwrap gives the text of a line in JSON, or the line, without a CR at the end and NULs at the beginning.
func (r *DeliveryReader) unwrap(line []byte) []byte {
	line = trimCR(line)
	if mayBeJSON(line) {
		if text, ok := appendUnwrapped(r.unwrapped[:0], line); ok {
			r.unwrapped, line = text, text
		}
	}
	if len(line) > 0 && line[0] == 0 {
		line = bytes.TrimLeft(line, "\x00")
	}
	return line
}

// Entry reads what stands before the text of any entry: its time, zero if the stamp names none, and the id of its
// message, nil if it belongs to none. It returns false if the line begins no entry. The slices are good until the next
// call.
func (r *DeliveryReader) Entry(line []byte) (at time.Time, messageID, text []byte, ok bool) {
	line = r.unwrap(line)
	h, ok := scanPrefix(line)
	if !ok {
		return at, nil, nil, false
	}
	at, _ = r.clock.time(h.stamp)
	return at, h.id, line[h.length:], true
}

// FindDelivery tells whether a line is a delivery line, and of which kind and message. Most lines are told by a few
// bytes behind the id.
func (r *DeliveryReader) FindDelivery(line []byte) (kind DeliveryKind, messageID []byte, ok bool) {
	kind, ok = r.head(line)
	if !ok {
		return 0, nil, false
	}
	return kind, r.prefix.id, true
}

// head reads what stands before the text of an entry, and tells which kind of delivery line it is. It sets prefix.
func (r *DeliveryReader) head(line []byte) (kind DeliveryKind, ok bool) {
	h := &r.prefix
	if !isStamp(line) {
		if *h, ok = scanPrefix(line); !ok || h.id == nil || h.piece.m > 1 {
			return 0, false
		}
		return deliveryKind(line[h.length:])
	}
	*h = linePrefix{}
	i := h.eximStamp(line)
	i += h.scanPID(line[i:])
	b, end := line[i:], 0
	switch {
	case len(b) > 17 && b[16] == ' ':
		end = 16
	case len(b) > 24 && b[23] == ' ':
		end = 23
	}
	if end == 0 || !mayBeDelivery(b[end+1]) || messageIDLength(b) != end {
		return 0, false
	}
	h.id, h.length = b[:end], i+end+1
	return deliveryKind(b[end+1:])
}

// mayBeDelivery tells whether the text of a delivery line may begin with c.
func mayBeDelivery(c byte) bool {
	switch c {
	case '=', '-', '>', '*', 'C', 'F', 'f', 'U', 'u':
		return true
	}
	return false
}
