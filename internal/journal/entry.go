package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"exiwatch/tailer"
)

// A jsonEntry is what this package needs of one line of journalctl -o json.
type jsonEntry struct {
	Cursor     string      `json:"__CURSOR"`
	Identifier fieldValues `json:"SYSLOG_IDENTIFIER"`
}

// A fieldValues is a field, which an entry may hold several times.
type fieldValues []string

// UnmarshalJSON takes a string or an array of strings. Anything else, such as the bytes of text that isn't UTF-8, gives
// none.
func (v *fieldValues) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*v = fieldValues{one}
		return nil
	}
	var several []string
	if json.Unmarshal(text, &several) == nil {
		*v = several
	}
	return nil
}

// parseLine reads a line. ok is false if that isn't an entry.
func parseLine(line []byte) (e jsonEntry, at tailer.Position, ok bool) {
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
		return e, at, false
	}
	at, ok = parseCursor(e.Cursor)
	return e, at, ok
}

// Message is what a program logged, taken from a line of journalctl -o json; nil if that isn't text.
func Message(line []byte) []byte {
	var e struct {
		Message string `json:"MESSAGE"`
	}
	if json.Unmarshal(line, &e) != nil {
		return nil
	}
	return []byte(e.Message)
}

// eximName is how the identifiers of Exim's programs begin. syslog_processname is "exim", and packages name the program
// exim4.
const eximName = "exim"

// belongs tells whether an entry belongs to the log. journalctl has already chosen those of a unit.
func (l MainLog) belongs(e *jsonEntry) bool {
	ofExim := func(id string) bool { return strings.HasPrefix(id, eximName) }
	return l.Unit != "" || slices.ContainsFunc(e.Identifier, ofExim)
}

// mayBelong is a quick look that spares most lines the slower parseLine.
func (l MainLog) mayBelong(line []byte) bool {
	return l.Unit != "" || bytes.Contains(line, []byte(`"`+eximName))
}

// parseCursor reads a cursor, such as s=ID;i=NUMBER;b=BOOT;m=TIME;t=TIME;x=HASH.
func parseCursor(cursor string) (at tailer.Position, ok bool) {
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

// cursor is the cursor of a place. For a place without a sequence number, it means the first entry at its time or
// later.
func cursor(at tailer.Position) string {
	if at.Offset == 0 {
		return fmt.Sprintf("t=%x", at.Fingerprint)
	}
	return fmt.Sprintf("s=%016x%016x;i=%x;t=%x", at.Device, at.Inode, at.Offset, at.Fingerprint)
}

// At is the place of the first entry at time t or later.
func At(t time.Time) tailer.Position {
	return tailer.Position{Fingerprint: uint64(max(t.UnixMicro(), 0))}
}

// Time is when the journal received the entry at a place.
func Time(at tailer.Position) time.Time { return time.UnixMicro(int64(at.Fingerprint)) }

// After tells whether the place p lies behind goal. Entries of another source are not in order: they count as later if
// the journal received them more than a minute later.
func After(p, goal tailer.Position) bool {
	if p.Device == goal.Device && p.Inode == goal.Inode {
		return p.Offset > goal.Offset
	}
	return Time(p).After(Time(goal).Add(time.Minute))
}
