package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"exiwatch/tailer"
)

// An entry is what is looked at of one line of journalctl -o json.
type entry struct {
	Cursor     string `json:"__CURSOR"`
	Identifier values `json:"SYSLOG_IDENTIFIER"`
}

// values is a field, which an entry may hold several times.
type values []string

// UnmarshalJSON takes a string, or an array of strings. Anything else, such as the bytes of what isn't UTF-8, is
// nothing.
func (v *values) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*v = values{one}
		return nil
	}
	var several []string
	if json.Unmarshal(text, &several) == nil {
		*v = several
	}
	return nil
}

// look reads a line. ok is false if that isn't an entry.
func look(line []byte) (e entry, at tailer.Position, ok bool) {
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
		return e, at, false
	}
	at, ok = position(e.Cursor)
	return e, at, ok
}

// Message is what a line of journalctl -o json holds of a program; nil if that isn't text.
func Message(line []byte) []byte {
	var e struct {
		Message string `json:"MESSAGE"`
	}
	if json.Unmarshal(line, &e) != nil {
		return nil
	}
	return []byte(e.Message)
}

// eximName is how the identifiers of Exim's programs begin: syslog_processname is "exim", and packages name the
// program exim4.
const eximName = "exim"

// counts tells whether an entry belongs to the log. journalctl has chosen those of a unit.
func (l Log) counts(e *entry) bool {
	if l.Unit != "" {
		return true
	}
	for _, id := range e.Identifier {
		if strings.HasPrefix(id, eximName) {
			return true
		}
	}
	return false
}

// mayCount is a quick look that spares most lines a longer one.
func (l Log) mayCount(line []byte) bool {
	return l.Unit != "" || bytes.Contains(line, []byte(`"`+eximName))
}

// position reads a cursor, such as s=ID;i=NUMBER;b=BOOT;m=TIME;t=TIME;x=HASH.
func position(cursor string) (at tailer.Position, ok bool) {
	found := 0
	for item := range strings.SplitSeq(cursor, ";") {
		name, value, _ := strings.Cut(item, "=")
		var err error
		switch name {
		case "s":
			if len(value) != 32 {
				return at, false
			}
			at.Device, err = strconv.ParseUint(value[:16], 16, 64)
			if err == nil {
				at.Inode, err = strconv.ParseUint(value[16:], 16, 64)
			}
		case "i":
			at.Offset, err = strconv.ParseInt(value, 16, 64)
		case "t":
			at.Fingerprint, err = strconv.ParseUint(value, 16, 64)
		default:
			continue
		}
		if err != nil {
			return at, false
		}
		found++
	}
	return at, found == 3 && at.Validate() == nil
}

// cursor is the cursor of a place; of one without a number it is the first entry at its time or later.
func cursor(at tailer.Position) string {
	if at.Offset == 0 {
		return fmt.Sprintf("t=%x", at.Fingerprint)
	}
	return fmt.Sprintf("s=%016x%016x;i=%x;t=%x", at.Device, at.Inode, at.Offset, at.Fingerprint)
}

// At is the place of the first entry at a time or later.
func At(t time.Time) tailer.Position {
	return tailer.Position{Fingerprint: uint64(max(t.UnixMicro(), 0))}
}

// Time is when the journal got the entry at a place.
func Time(at tailer.Position) time.Time { return time.UnixMicro(int64(at.Fingerprint)) }

// Behind tells whether the place p lies behind goal. Entries with numbers of another source may stand in any order:
// they are taken to lie behind the goal when the journal got them more than a minute later.
func Behind(p, goal tailer.Position) bool {
	if sameSource(p, goal) {
		return p.Offset > goal.Offset
	}
	return Time(p).After(Time(goal).Add(time.Minute))
}

// sameSource tells whether the sequence numbers of two places can be compared.
func sameSource(p, q tailer.Position) bool { return p.Device == q.Device && p.Inode == q.Inode }
