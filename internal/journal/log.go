// Package journal reads systemd's journal as if it were a main log. It runs journalctl and hands over Exim's entries as
// journalctl -o json prints them, one JSON object a line: package parser reads those.
//
// The place of an entry is a tailer.Position: Device and Inode are the two halves of the sequence number's id, Offset
// is the sequence number, and Fingerprint is the time of the entry in microseconds since 1970. That is what journalctl
// needs of a cursor. When the journal no longer holds the entry, journalctl goes on with the next one by that time.
package journal

import (
	"fmt"
	"strings"
)

// A MainLog says which entries of the journal make up a main log.
type MainLog struct {
	// Unit is the systemd unit that logs; empty: any program whose SYSLOG_IDENTIFIER begins with "exim".
	Unit string

	args []string // for tests: more arguments of journalctl
}

// name is what the configuration calls the journal. A unit follows it, after a colon.
const name = "journal"

// Parse reads what the configuration says: "journal" or "journal:UNIT". ok is false if text doesn't mean the journal.
func Parse(text string) (l MainLog, ok bool, err error) {
	unit, named := strings.CutPrefix(text, name+":")
	switch {
	case !named:
		return MainLog{}, text == name, nil
	case !isUnit(unit):
		return MainLog{}, true, fmt.Errorf("%q names no systemd unit: expected, for example, \"%s:exim4.service\"",
			text, name)
	}
	if !strings.Contains(unit, ".") {
		unit += ".service"
	}
	return MainLog{Unit: unit}, true, nil
}

// Of is the main log that a checked configuration names; ok is false for a file.
func Of(text string) (l MainLog, ok bool) {
	l, ok, err := Parse(text)
	return l, ok && err == nil
}

// isUnit tells whether systemd could have a unit of this name (systemd.unit(5)).
func isUnit(unit string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const maxUnit = 255 // bytes
	return unit != "" && len(unit) <= maxUnit && strings.Trim(unit, letters+`:-_.\@`) == ""
}

// matches are the arguments by which journalctl chooses the entries.
func (l MainLog) matches() []string {
	if l.Unit == "" {
		return l.args // journalctl knows no match for the beginning of a field
	}
	return append(l.args[:len(l.args):len(l.args)], "_SYSTEMD_UNIT="+l.Unit)
}
