// Package parser reads the lines of an Exim main log and makes an Arrival of every reception.
//
// # What a line may hold
//
// Exim writes one `<=` line for each message that it accepts, or `(=` under control=fakereject. The items stand in one
// fixed order, each preceded by one blank and each absent if it does not apply; new versions of Exim only insert items
// (receive.c, receive_msg(), "Create a log line"; Exim specification, "Logging message reception"):
//
//	entry     = [NULs] [syslog] stamp [ " " zone ] [ " [" pid "]" ] " " id " " ( "<=" / "(=" ) " " sender
//	            [R] [DS] [H [I]] [TFO] [U] [Ci] P [L] [SPF] [X] [CV] [DN] [SNI] [A] [PRDR] [PRX] [K]
//	            S [M8S] [DKIM] [ARC] [DMARC] [RT] [Q] [id] [T] [from] [for]
//	syslog    = ( "Mmm dd hh:mm:ss" / RFC 3339 ) 1*2( " " word ) ":" " " [ "[" n ( "/" / "\" ) m "] " ]
//	stamp     = yyyy-mm-dd " " hh:mm:ss [ "." mmm ]          zone = ( "+" / "-" ) hhmm
//	id        = 6*6 "-" 6*6 "-" 2*2 / 6*6 "-" 11*11 "-" 4*4   letters and digits
//	sender    = "<>" / address                               quoted as in RFC 822, otherwise raw
//	H         = " H=" [ host " " ] [ "(" helo ") " ] "[" ip "]" [ ":" port ]
//	A         = " A=" authenticator [ ":" id [ ":" sender ] ]
//	T         = ` T="` text `"`                              \ before " and \; \n \r \b \v \f \t, \ooo
//	from      = " from <" address ">"        for = " for" 1*( " " address )
//	unknown   = " " WORD / " " Key=token / ` Key="text"`     an item of a future version: read past
//
// # What is believed
//
// A client chooses its HELO, its RFC 1413 ident, its subject, its message id, and what stands in a quoted local part. So
// an item is believed only where the order puts it, and the line must be used up to its end.
//
// The items after S= are quoted in ways that always balance, in addresses by the very grammar that Exim takes them by
// (scanAddress): text in them can't be read as an earlier item without leaving a quote open. The items before it are not,
// HELO above all, where helo_accept_junk_hosts lets anything through: a forged beginning may make a second reading of the
// line well-formed. Then the rightmost peer address wins, the Arrival is marked Suspicious, and nothing of the other reading
// is used. That is right for HELO. It can't be right for everything: with +smtp_mailauth, where an authenticated client writes
// the third part of A= as it likes, with rfc1413_hosts for U=, and for DN= and SNI= where they hold quotes, forged items stand
// to the right of the true ones; such lines are Suspicious too.
//
// In the same way U=, DN= and SNI= reach as far right as a well-formed rest allows, and A= up to the next item that may
// follow it. P= tells by its last letter whether the client authenticated, and a reading in which A= says otherwise, or has
// one quote alone, is taken only if there is no better one. What may be spent on a line is bounded; where that doesn't
// suffice to rule out a second reading, the line is Suspicious.
//
// A line that Exim cut (`<trunc>`) may end inside quotes, so that both ends can be forged at once. If such a line has two
// readings, no A= is believed; neither is one of a line that holds a second entry behind broken quotes. Of an entry that ends
// in Exim's overflow mark only the sender is.
//
// # Entries of several lines
//
// LF stands raw in an entry only inside quotes of an address, in the third part of A=, and in cwd=. An entry that may break
// off there is held until a line without a stamp finishes it, and the whole lines in between, forged by whoever wrote the LF,
// are no arrivals but are reported as Injected. Exim writes an entry with one write of at most maxEntry bytes, so that nothing
// is held longer than that; if no such line comes, the lines are taken as they are. Of several beginnings the nearest is the
// one that is finished, so that nobody hides the lines of others between two of his own. Who makes the first line look whole
// gets forged lines through, of which only the end is reported, and not even that if it looks whole as well.
//
// Everything works on bytes: lines end at LF, items at 0x20. Nothing is allocated for a line that is no arrival.
package parser
