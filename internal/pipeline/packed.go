package pipeline

import (
	"encoding/binary"
	"math/bits"
	"time"

	"exiwatch/window"
)

// A packedArrival is an arrival with all its values, kept to be counted again. Its zero value is none.
type packedArrival struct {
	text              []byte
	at                time.Time
	recipients, bytes int64
	nature            window.Nature
	atLeast           bool
	addresses         int
}

// pack packs an arrival. What is wrong with an odd one is left out: that was counted.
func (p *packedArrival) pack(w *window.Arrival) {
	*p = packedArrival{
		text: p.text[:0], at: w.At, recipients: w.Recipients, bytes: w.Bytes, nature: w.Nature, atLeast: w.AtLeast,
		addresses: len(w.Addresses),
	}
	var present uint64
	for k, value := range w.Values {
		if value != nil && k != int(window.Anomaly) && k != int(window.Entry) {
			present |= 1 << k
		}
	}
	p.text = binary.AppendUvarint(appendText(p.text, w.MessageID), present)
	for left := present; left != 0; left &= left - 1 {
		p.text = appendText(p.text, w.Values[bits.TrailingZeros64(left)])
	}
	for _, address := range w.Addresses {
		p.text = appendText(p.text, address)
	}
}

func appendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// isSet tells whether it is an arrival.
func (p *packedArrival) isSet() bool { return len(p.text) > 0 }

// unpack fills w. Its slices lie in p.
func (p *packedArrival) unpack(w *window.Arrival) {
	rest := p.text
	number := func() uint64 {
		n, size := binary.Uvarint(rest)
		rest = rest[size:]
		return n
	}
	text := func() []byte {
		n := number()
		value := rest[:n:n]
		rest = rest[n:]
		return value
	}
	addresses := w.Addresses[:0]
	*w = window.Arrival{
		At: p.at, MessageID: text(), Recipients: p.recipients, Bytes: p.bytes, Nature: p.nature, AtLeast: p.atLeast,
	}
	for left := number(); left != 0; left &= left - 1 {
		w.Values[bits.TrailingZeros64(left)] = text()
	}
	for range p.addresses {
		addresses = append(addresses, text())
	}
	w.Addresses = addresses
}
