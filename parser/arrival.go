package parser

import (
	"bytes"
	"iter"
	"time"
)

// A Place says where a log line stands, for people. The parser only passes it on.
type Place struct {
	File string
	Line int64 // from 1
}

// An Arrival is what one `<=` or `(=` line says about one received message. A nil slice means that the line has no such
// item, an empty one that the item is there and empty. The slices lie in buffers of the Reader. They are good until the
// function that got the Arrival returns.
//
// The comments name the items as Exim logs them (Exim specification, "Logging message reception").
type Arrival struct {
	Place

	Time   time.Time // in the zone that the line names, else in the Reader's
	Millis bool      // the stamp had milliseconds (+millisec)
	PID    int       // [pid]; 0 if absent

	SyslogHost []byte // the host, or container, that a wrapper before Exim's own text names

	MessageID  []byte // 6-6-2 or, from Exim 4.97, 6-11-4 characters
	FakeReject bool   // the flag was (=

	EnvelopeSender []byte // as logged, `<>` as empty; never nil but in an Arrival that is Overflowed
	BounceOf       []byte // R=

	Host        []byte // H= verified host name
	Helo        []byte // H= in parentheses
	HostAddress []byte // H= in brackets
	HostPort    int    // 0 if absent

	InterfaceAddress []byte // I=
	InterfacePort    int    // 0 if absent

	Ident    []byte // U=
	Protocol []byte // P=
	TLS      []byte // X=

	Authenticator       []byte // A=, first part
	AuthenticatedID     []byte // A=, second part
	AuthenticatedSender []byte // A=, third part (+smtp_mailauth)

	Size            int64  // S=, bytes as received with the headers that Exim added; -1 if absent
	HeaderMessageID []byte // id= or id*=
	// T=, unescaped and decoded to UTF-8; U+FFFD is a byte without a meaning, or half a character
	Subject        []byte
	ReceivedSender []byte // from <…>, the raw sender before rewriting

	RecipientList  []byte // for …, as logged
	RecipientCount int    // addresses in RecipientList, one that is cut included; a lower bound when Cut

	// Logins are the authenticated ids that other well-formed parses of the line name, each once and none of them
	// AuthenticatedID: at most maxLogins. What a client can have written behind an id is left out. They are nil unless
	// Suspicious.
	Logins [][]byte

	Suspicious bool   // the line has another well-formed parse
	Forgeable  bool   // the line may stand inside another entry, and be made up: its stamp is not to be believed
	Overflowed bool   // more than the recipients didn't fit into Exim's log buffer, or the other items nearly fill it
	Text       []byte // the entry as logged, without its last LF; nil unless IsOdd
	// the line reached Exim's log buffer size: recipients may be missing; nothing else unless Overflowed
	Cut bool
}

// maxLogins bounds Arrival.Logins.
const maxLogins = 7

// IsOdd tells whether something is wrong with the line: it has two parses, Exim cut it, or it may be forged.
func (a *Arrival) IsOdd() bool { return a.Suspicious || a.Overflowed || a.Forgeable }

// IsDoubtful tells whether the arrival may be somebody else's: the line has two parses, or may be forged.
func (a *Arrival) IsDoubtful() bool { return a.Suspicious || a.Forgeable }

// Recipients yields each address of RecipientList, as logged.
func (a *Arrival) Recipients() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		plain := bytes.IndexByte(a.RecipientList, '"') < 0 && bytes.IndexByte(a.RecipientList, '\\') < 0 &&
			bytes.IndexByte(a.RecipientList, '[') < 0
		for rest := a.RecipientList; len(rest) > 0; {
			n := bytes.IndexByte(rest, ' ')
			if !plain {
				n = addressEnd(rest)
			} else if n < 0 {
				n = len(rest)
			}
			if n > 0 && !yield(rest[:n]) {
				return
			}
			rest = rest[min(n+1, len(rest)):]
		}
	}
}
