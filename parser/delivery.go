package parser

import "time"

// A DeliveryKind says what became of a recipient, or of a message.
type DeliveryKind uint8

const (
	Delivered     DeliveryKind = iota // `=>`
	DeliveredWith                     // `->`: one more recipient in the same delivery
	CutThrough                        // `>>`: delivered while it was being received, before its arrival was logged
	Suppressed                        // `*>`: not delivered, because of -N
	Deferred                          // `==`: tried, and will be tried again
	Refused                           // `**`: failed for good
	Completed                         // nothing is left to do for the message
	Frozen                            // the message stays in the queue until somebody acts
	Unfrozen                          // it is tried again
)

// A Delivery is what one line of the main log says about what became of a message. A nil slice means that the line has
// no such item, an empty one that the item is there and empty. The slices lie in the line, or in a buffer of the
// DeliveryReader; then they are good until its next call.
//
// # What a line may hold
//
// Exim writes one line for each recipient and try. The items have one fixed order. Each stands behind one blank, and is
// absent if it doesn't apply (deliver.c, delivery_log(), deferral_log(), failure_log(), string_log_address(),
// d_hostlog(), d_tlslog(); Exim specification, "Logging deliveries"). stamp, zone, pid and id are an arrival's:
//
//	line      = stamp [ " " zone ] [ " [" pid "]" ] " " id " " ( delivered / deferred / refused / event )
//	delivered = ( "=>" / "->" / ">>" / "*>" ) " " who [F] [Q] [SRS] [P] [R] T [S] ( local / remote ) [C] [QT] [DT]
//	local     = [ " H=" host ] [I] [ST]
//	remote    = [H] [X] [CV] [DN] [A] [L] [PRDR] [K]
//	discarded = "=> " ( ":blackhole:" / "discarded" ) " <" address ">" R
//	          / "=> blackhole " text / "=> discarded (system filter)"
//	deferred  = "== " who [Q] ( [R] T / R / [ " routing" ] ) " defer (" code ")" [ ": " strerror ] [H] [DT]
//	            [ ": " text ]
//	refused   = "** " who [F] [Q] [P] [R] [T] [H] [X] [CV] [DN] [ ": " strerror ] [ ": " text ] [DT]
//	          / "** " address ( " routing yielded a " / " mua_wrapper forced failure " ) text
//	event     = "Completed" [QT] / "Frozen" [ " " text ] / "frozen by " user / ( "Unfrozen" / "unfrozen" ) " by " text
//	who       = final [ " (" address *( ", " address ) ")" ] [ " <" original ">" ]
//	H         = " H=" host [ " DS" ] " [" ip "]" [ ":" port ] [ "*" ] [ " PRX=[" ip "]" [ ":" port ] ] [I] [TFO]
//	F         = " F=<" address ">"     R, T = " R=" name, " T=" name; letters, digits, "_"
//	C         = ` C="` text `"`        \ before " and \; other characters as string_printing() writes them
//	DN        = ` DN="` text `"`       quotes in it aren't escaped
//	A         = " A=" authenticator [ ":" id [ ":" sender ] ]
//	unknown   = " " WORD / " " Key=token     an item of a future version: read past
//
// # What is believed
//
// A stranger chooses the recipient, and the server that gets the message chooses C=, DN= and most of an error's text.
// Items are read from the left, so nothing behind H= can change H=. What stands before it is the trouble: Exim takes
// the quotes off a local part. It logs a recipient `"x R=a T=b H=h [192.0.2.1]: no"@d` as
//
//	** x R=a T=b H=h [192.0.2.1]: no@d <"x R=a T=b H=h [192.0.2.1]: no"@d> R=dnslookup T=remote_smtp …
//
// The original is always logged behind such an address, quoted by the grammar that Exim takes addresses by. So a line
// has these readings:
//
//   - The address is one token, or a quoted address. An original may follow.
//   - The address is all that stands before an original that holds a blank and whose local part, without quotes, has
//     the address's local part in it, or is part of it.
//   - The address is an address with blanks, and original, R= and T= follow; or it begins like a pipe, a file or an
//     automatic reply, and R= or T= follows.
//   - Only if there is none of those: whatever stands before an original.
//
// If only one fits, it is right. If more than one do, nobody can tell: a server may have written the second one into
// its refusal. Then the line is Suspicious, and has only the items in which all readings agree.
//
// An error's text or DN= can't be told from what a server put into it, but it is that server's own. In a local user's
// .forward may stand an address with forged items. If Exim can't route it, no R= and T= follow the original, and the
// forged items are believed.
//
// Old versions name the host of a refusal in the text only, as `host NAME [IP]: `. That isn't Host.
type Delivery struct {
	Kind DeliveryKind

	Time   time.Time // in the zone that the line names, else in the DeliveryReader's
	Millis bool      // the stamp had milliseconds (+millisec)
	PID    int       // [pid]; 0 if absent

	SyslogHost []byte // the host, or container, that a wrapper before Exim's own text names
	MessageID  []byte // 6-6-2 or, from Exim 4.97, 6-11-4 characters

	// Address is the final address, or what is logged in its place: a pipe's command or a file, with the address of its
	// parent in parentheses if there is one, or `:blackhole:`. It is nil where it can't be told.
	Address    []byte
	Original   []byte // <…>, the address as it arrived; nil if it is Address
	Sender     []byte // F= (+sender_on_delivery), `<>` as empty
	ReturnPath []byte // P= (+return_path_on_delivery)
	Router     []byte // R=
	Transport  []byte // T=; nil if no transport was reached, or the message was discarded

	Host        []byte // H= name; of a local transport without an address
	HostAddress []byte // H= in brackets: where the message went, or would have gone
	HostPort    int    // 0 if absent (+outgoing_port)
	TLS         []byte // X=
	Reply       []byte // C=, with its escapes

	// Code is the number of a Deferred line: an errno, or one of Exim's own, which are negative (macros.h, ERRNO_…).
	Code int
	// Error is the text of a Deferred or Refused line, with what strerror() says before it. An ` DT=` at the end of a
	// Refused line isn't part of it. Of a discarded message it is the reason.
	Error []byte
	Event []byte // what stands behind `Frozen` or `Unfrozen`, such as `(delivery error message)` or `by root`

	Suspicious bool   // the line has another reading, or Exim cut it: items are missing
	Reason     string // why the line can't be read; then only Kind, Time and MessageID are set. Empty if it can be
}

// IsMessage tells whether the line is about the message as a whole, and not about one recipient.
func (d *Delivery) IsMessage() bool { return d.Kind >= Completed }

// deliveryKind tells by its first bytes what b, the text of an entry, is.
func deliveryKind(b []byte) (kind DeliveryKind, ok bool) {
	if len(b) < len("=> x") {
		return 0, false
	}
	if b[2] == ' ' {
		switch string(b[:2]) {
		case "=>":
			return Delivered, true
		case "->":
			return DeliveredWith, true
		case ">>":
			return CutThrough, true
		case "*>":
			return Suppressed, true
		case "==":
			return Deferred, true
		case "**":
			return Refused, true
		}
	}
	switch b[0] {
	case 'C', 'F', 'f', 'U', 'u':
		kind, _, ok = messageEvent(b)
	}
	return kind, ok
}

// messageEvents are the beginnings of lines about a whole message (deliver.c, deliver_message(); queue.c,
// queue_action()). What follows `by` names who or what did it.
var messageEvents = [...]struct {
	word, next string
	kind       DeliveryKind
}{
	{"Completed", " QT=", Completed}, {"Frozen", " (", Frozen}, {"Frozen", " by ", Frozen}, {"frozen", " by ", Frozen},
	{"Unfrozen", " by ", Unfrozen}, {"unfrozen", " by ", Unfrozen},
}

// messageEvent reads such a line. text is what stands behind the first word.
func messageEvent(b []byte) (kind DeliveryKind, text []byte, ok bool) {
	for i := range messageEvents {
		e := &messageEvents[i]
		if len(b) < len(e.word) || string(b[:len(e.word)]) != e.word {
			continue
		}
		rest := b[len(e.word):]
		if len(rest) == 0 {
			return e.kind, nil, e.word == "Completed" || e.word == "Frozen"
		}
		if len(rest) > len(e.next) && string(rest[:len(e.next)]) == e.next {
			return e.kind, rest[1:], true
		}
	}
	return 0, nil, false
}
