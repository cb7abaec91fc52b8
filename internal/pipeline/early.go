package pipeline

import (
	"bytes"
	"slices"
)

// earlyLines are deliveries that were made while the message was received (`>>`): they are logged before its arrival.
type earlyLines []deliveryLine

// add keeps a line until its arrival comes. Beyond so many lines the oldest are forgotten.
func (e *earlyLines) add(l *deliveryLine, most int) {
	if len(*e) == most {
		*e = slices.Delete(*e, 0, 1)
	}
	kept := *l
	kept.text, kept.early = bytes.Clone(l.text), true
	*e = append(*e, kept)
}

// has tells whether there are lines of a message.
func (e earlyLines) has(id idHash) bool {
	return slices.ContainsFunc(e, func(l deliveryLine) bool { return l.id == id })
}

// of returns the lines of a message.
func (e earlyLines) of(id idHash) (lines []deliveryLine) {
	for _, l := range e {
		if l.id == id {
			lines = append(lines, l)
		}
	}
	return lines
}

// drop forgets the lines of a message.
func (e *earlyLines) drop(id idHash) {
	*e = slices.DeleteFunc(*e, func(l deliveryLine) bool { return l.id == id })
}
