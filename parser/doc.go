// Package parser reads Exim's main log: it turns every received message into an Arrival, with the sender, the login,
// the peer, the subject and the recipients. It reads over a million lines a second, allocates nothing for an ordinary
// line, and believes no item that a client could have forged; the few limits of that are below.
//
// A Reader gets the lines in their order, as Exim, syslog, Docker or the journal wrote them, and passes each entry that
// matters to a function. Most entries are arrivals. The others say that a line can't be read, that Exim had to cut it,
// that a client tried to forge lines, or who submitted a message.
//
// # What a line may hold
//
// Exim writes one `<=` line for each message that it accepts, or `(=` under control=fakereject. The items have one
// fixed order. Each stands behind one blank, and is absent if it doesn't apply. New versions of Exim only insert items
// (receive.c, receive_msg(), "Create a log line"; Exim specification, "Logging message reception"):
//
//	entry     = [NULs] *wrapper stamp [ " " zone ] [ " [" pid "]" ] " " id " " ( "<=" / "(=" ) " " sender
//	            [R] [DS] [H [I]] [TFO] [U] [Ci] P [L] [SPF] [X] [CV] [DN] [SNI] [A] [PRDR] [PRX] [K]
//	            S [M8S] [DKIM] [ARC] [DMARC] [RT] [Q] [id] [T] [from] [for]
//	stamp     = yyyy-mm-dd " " hh:mm:ss [ "." 1*digit ]      zone = ( "+" / "-" ) hhmm
//	id        = 6*6 "-" 6*6 "-" 2*2 / 6*6 "-" 11*11 "-" 4*4   letters and digits
//	sender    = "<>" / address                               quoted as in RFC 822, otherwise raw
//	H         = " H=" [ host " " ] [ "(" helo ") " ] "[" ip "]" [ ":" port ]
//	A         = " A=" authenticator [ ":" id [ ":" sender ] ]
//	T         = ` T="` text `"`                              \ before " and \; \n \r \b \v \f \t, \ooo
//	from      = " from <" address ">"        for = " for" 1*( " " address )
//	unknown   = " " WORD / " " Key=token / ` Key="text"`     an item of a future version: read past
//
// # Wrappers
//
// Syslog daemons, journalctl, Docker, Kubernetes and grep put text before an entry. Several may do so, one before the
// other:
//
//	wrapper   = U+FEFF / [ "<" priority ">" ] time source / [ "<" priority ">" ] RFC 5424's header " "
//	            / "[" seconds since the boot "] " source / "[pod/" name "] " / service *" " "| "
//	            / [ file ( ":" / "-" ) ] [ number ( ":" / "-" ) ]
//	time      = [ day " " ] ( "Mmm dd hh:mm:ss" [ "." 1*digit ] [ " " yyyy ] / ISO 8601 with or without a zone )
//	            / seconds since 1970 "." 1*digit
//	source    = [ 1*3( host / level " " ) tag ": " [ "[ID " … "] " ] [ "[" n ( "/" / "\" ) m "] " ] ]
//	            / ( "stdout" / "stderr" ) " " word " "
//	JSON      = an object with a text, as journald, Docker and collectors write it: see json.go
//
// The Reader reads wrappers from the left, up to where Exim's own text begins: a stamp, a message id behind a time, or
// whatever was logged under a name that begins with exim. So no text in an entry is ever taken for a wrapper. The first
// bytes of a line show which wrapper it is, whatever the lines before it were. A line that begins with Exim's own stamp
// has none.
//
// A wrapper's time is the entry's where that has none. Where the entry's own stamp names no zone, and the wrapper's
// time is an instant, the two tell the zone. The host that a wrapper names is Arrival.SyslogHost.
//
// # What is believed
//
// A client chooses its HELO, its RFC 1413 ident, its subject, its message id, and what stands in a quoted local part.
// So an item is believed only where the order puts it, and the line must be used up to its end.
//
// The items after S= are quoted in ways that always balance, in addresses by the very grammar that Exim takes them by
// (scanAddress): text in them can't be read as an earlier item without leaving a quote open. The items before S= are
// not, HELO above all, where helo_accept_junk_hosts lets anything through: a forged beginning may allow a second
// well-formed parse. Then the rightmost peer address wins, and the Arrival is marked Suspicious. That is
// right for HELO. It can't be right for everything: with +smtp_mailauth, where an authenticated client writes the
// third part of A= as it likes, with rfc1413_hosts for U=, and for DN= and SNI= where they hold quotes, forged items
// stand to the right of the true ones. So a Suspicious Arrival names the logins of the other parses too, in Logins:
// up to seven, without what the client may have added to them. Nothing else of the other parses is used.
//
// In the same way U=, DN= and SNI= reach as far right as a well-formed rest allows, and A= up to the next item that
// may follow it. P= tells by its last letter whether the client authenticated, and a parse in which A= says
// otherwise, or has one quote alone, is taken only if there is no better one. What may be spent on a line is bounded;
// where that doesn't suffice to rule out a second parse, the line is Suspicious.
//
// A line that holds a second entry behind broken quotes has no A= that is believed, but Logins.
//
// # Entries that Exim cut
//
// An entry never exceeds Exim's log buffer (log.c). Up to 4.97 Exim leaves out the recipients that don't fit. If the
// other items don't fit, a line with the id and `**** log string overflowed log buffer ****` is all that it writes: an
// Overflow. From 4.98 on Exim cuts an entry of about 8190 bytes in one of these ways:
//
//	recipients  = entry up to any byte of " for" 1*( " " address ) "<trunc>"
//	from, for   = entry up to any byte of " from <" address ">" or " for", with or without "<trunc>"
//	mark        = entry up to any byte of any item before those, mark [ " " ]
//	piece       = entry up to any byte of any item before those, any beginning of the mark, "<trunc>"
//
// The first is ordinary: the message had many recipients, of which RecipientCount tells at least how many are logged.
// The Arrival is Cut. The others are Overflowed, for which a client needs a HELO of 8 kB or the like. The sender is
// believed, and each item with a whole one or a part of one behind it; U= needs P= behind it, and A= needs a whole S=,
// since nobody can tell otherwise where they end. If H= lacks its peer address, only the sender is believed. A HELO
// may reach up to the mark, and hold everything that looks like items: with the mark or a piece of it, the Arrival is
// also Suspicious.
//
// In an entry that isn't near the buffer's size, the mark is a client's text. An entry whose items other than
// recipients take over 7500 bytes counts as Overflowed even if it is whole: a client tried how much fits.
//
// A line cut in its recipients or in `from` may end inside quotes, so that both ends can be forged at once. The
// rightmost peer address wins there as well, the Arrival is Suspicious, and Logins has the other login.
//
// # Entries of several lines
//
// LF stands raw in an entry only inside quotes of an address, in the third part of A=, and in cwd=. Whoever puts it
// there forges lines. Exim writes an entry with one write of at most maxEntry bytes, and each write begins with a
// stamp. So a line without a stamp that ends an entry belongs to a write that began at most that far above it, at a
// beginning: a cwd= line, whole or not, or an arrival that may break off. These rules follow:
//
//   - What stands between such an end and the nearest beginning above it is inside that one write, whichever its true
//     beginning is. It is Injected, and counts for nobody. If the nearest beginning breaks off, both are one entry;
//     if it looks whole, the end is Injected, too.
//   - Nothing before a beginning depends on an end behind it: that beginning may be another write, and the lines
//     before it were already emitted.
//   - A beginning that breaks off and is not finished casts a shadow of maxEntry bytes. Lines in it may be forged, or
//     real ones that somebody wants to hide. They are arrivals, and Forgeable. The cwd= line itself is Injected.
//
// So lines behind a beginning are held until the next beginning, until maxEntry bytes have passed, or until Pause. A
// daemon calls Pause when the log has been quiet: then the next line begins another write. Pause changes when a line
// is emitted, but not what is emitted.
//
// One kind of forged line is left: an arrival between a beginning and another one that is forged as well. Nothing in
// the line shows it. It counts, and the end is reported. But its stamp may be of the future, to move the clock and
// empty every window. An arrival is early if it is stamped more than maxAhead behind a beginning within reach. It
// becomes Forgeable if a line without a stamp comes within reach, as the write that holds it must have an end, and
// if a line behind it is stamped more than maxAhead before it. Up to maxEntry bytes and one stamped line are read
// before it is emitted as an ordinary arrival. A quiet log without such an end shows that it is real; with one, the
// first line of the next write does.
//
// A limit remains: a log of which the clock was set back, or lines that are forged with stamps of long ago, may make
// an early arrival Forgeable that was emitted at a Pause before them, if somebody forges lines within maxEntry bytes
// behind it.
//
// # Deliveries
//
// What became of a message stands in other lines of the log, which the Reader skips. A DeliveryReader reads those. See
// Delivery for what they may hold and what of it is believed.
//
// # What is not understood
//
// Each line that isn't empty is judged once, when it is read: it begins an entry or belongs to one; it looks like one
// of Exim's behind something unknown; syslog's tag says that another program wrote it; or it is none of these. A
// Judgement counts them, and keeps the first of each kind. Dates like Exim's aren't enough: in a log of Exim's at
// least one line has a message id, or a text that only Exim writes.
//
// Everything works on bytes: lines end at LF, items at 0x20.
package parser
