package parser

import "time"

// A Kind says what an Entry is.
type Kind uint8

const (
	Reception Kind = iota // an arrival
	Malformed             // a line that begins like an arrival and can't be read
	// an entry of which Exim left the stamp, the id and its overflow mark: perhaps an arrival
	Overflow
	// a line inside another entry, in the form of an arrival: forged. Or the end of such an entry: then without
	// MessageID
	Injected
	Submission     // a `cwd=` line (+arguments) of a call to take a message
	Identification // cPanel's `Sender identification` line
	DeliveryLine   // what became of a recipient or a message; only after Reader.SetDeliveries
)

// An Entry is what the Reader makes of a line that matters. Its slices are good until the function that got it returns.
type Entry struct {
	Kind Kind
	Place
	MessageID  []byte // nil where the line has none
	SyslogHost []byte // as in Arrival

	Arrival *Arrival // of a Reception

	// Text is a Malformed, Overflow or Injected entry as logged, without its last LF. Of a DeliveryLine it is the line
	// without what a wrapper put before it, for DeliveryReader.Line.
	Text []byte

	// Torn is true of a Malformed entry that a crash has torn: zeros stand in it, or a start of Exim behind it on the
	// same line.
	Torn bool

	Reason string // of a Malformed or Injected entry
	Column int    // from 1, in bytes: where reading it ended. Of a DeliveryLine: where its flag stands

	// Time is the stamp of a Submission, Identification, Malformed or Overflow entry, and of an Injected one that of
	// the entry in which it stands; zero if none is known.
	Time time.Time

	PID       int    // [pid] of a Submission; 0 if absent
	Directory []byte // cwd= of a Submission
	Arguments []byte // what stands behind `args: `, the program's name first

	User []byte // U= of an Identification

	Delivery DeliveryKind // of a DeliveryLine

	Forgeable bool // a Submission, Identification or DeliveryLine may stand inside another entry, and be made up

	lasting bool // its slices stand in the text given to Lines
}

// Lasting tells whether the Entry's slices are good for as long as the text given to Lines, and not only until the
// function that got the Entry returns.
func (e *Entry) Lasting() bool { return e.lasting }
