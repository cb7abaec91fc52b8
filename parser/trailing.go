package parser

import "bytes"

// A trailingItems is what stands from S= to the end of the line. Its slices lie in the line.
type trailingItems struct {
	start          int   // of S=, in the text read
	size           int64 // -1 if absent
	headerID       []byte
	subject        []byte // as logged, without its quotes; nil if absent
	receivedSender []byte
	recipients     []byte
	recipientCount int // of recipients
}

// A leniency says what may be wrong with the end of a line.
type leniency struct {
	cut     bool // Exim cut it: the last recipient's quotes may be open
	escaped bool // a backslash may stand before it: A= may end in one
	merged  bool // another entry may stand behind the recipients, on the same line
}

// A recipientMemo remembers the result for the recipients that begin at a place. So tails that are tried from right to
// left don't read the same recipients again and again.
type recipientMemo struct {
	at        int // 0: nothing is remembered
	count     int
	state     quoting
	bytesRead int // bytes read so far, in all
}

// parse reads the tail that begins at b[start:] and must reach to the end of b: S= if it is there, then the items in
// their order.
func (t *trailingItems) parse(b []byte, start int, may leniency, seen *recipientMemo) quoting {
	*t = trailingItems{start: start, size: -1}
	whole := len(b)
	b = b[start:]
	n := t.scanSize(b)
	if n < 0 {
		return broken
	}
	b = skipTrailingItems(b[n:])
	n, state := t.messageItems(b)
	if state == open && may.cut {
		return balanced
	}
	if b = b[n:]; state != balanced || len(b) == 0 {
		return state
	}
	if !bytes.HasPrefix(b, []byte(" for ")) {
		return broken
	}
	return t.scanRecipients(b[len(" for "):], may, whole-len(b)+len(" for "), seen)
}

// scanSize reads S=. It returns -1 if S= is broken.
func (t *trailingItems) scanSize(b []byte) int {
	if !bytes.HasPrefix(b, []byte(" S=")) {
		return 0
	}
	n := digitsLength(b[3:])
	if n == 0 || n > 18 || !isEnd(b, 3+n) {
		return -1
	}
	t.size = digits(b[3 : 3+n])
	return 3 + n
}

// trailingOrder lists the items after S= that are skipped, in their order.
var trailingOrder = [...]struct {
	name string
	flag bool // the item may have no value
}{{" M8S", false}, {" DKIM", false}, {" ARC", true}, {" DMARC", true}, {" RT", false}, {" Q", false}}

// skipTrailingItems skips the items up to id=, in their order.
func skipTrailingItems(b []byte) []byte {
	for _, item := range trailingOrder {
		b = skipUnknown(b)
		if bytes.HasPrefix(b, []byte(item.name)) {
			b = b[trailingItemLength(b, len(item.name), item.flag):]
		}
	}
	return skipUnknown(b)
}

// trailingItemLength gives the length of the item whose name is the first n bytes of b.
func trailingItemLength(b []byte, n int, flag bool) int {
	if flag && isEnd(b, n) {
		return n
	}
	if n < len(b) && b[n] == '=' {
		return valueEnd(b, n+1)
	}
	return 0
}

// messageItems reads id=, T= and from.
func (t *trailingItems) messageItems(b []byte) (n int, state quoting) {
	if n, state = t.scanHeaderID(b); state != balanced {
		return n, state
	}
	subject, state := t.scanSubject(b[n:])
	if n += subject; state != balanced {
		return n, state
	}
	from, state := t.scanFrom(b[n:])
	return n + from, state
}

// scanHeaderID reads id= and unknown items behind it.
func (t *trailingItems) scanHeaderID(b []byte) (int, quoting) {
	n := idPrefix(b)
	if n == 0 {
		return 0, balanced
	}
	end, state := scanAddress(b[n:], ' ')
	t.headerID = b[n : n+end]
	n += end
	return n + unknownItems(b[n:]), state
}

func idPrefix(b []byte) int {
	if bytes.HasPrefix(b, []byte(" id=")) {
		return 4
	}
	if bytes.HasPrefix(b, []byte(" id*=")) {
		return 5
	}
	return 0
}

// scanSubject reads T= and unknown items behind it.
func (t *trailingItems) scanSubject(b []byte) (int, quoting) {
	const prefix = ` T="`
	if !bytes.HasPrefix(b, []byte(prefix)) {
		return 0, balanced
	}
	end := quoteEnd(b, len(prefix)-1)
	t.subject = b[len(prefix):end]
	if bytes.IndexByte(t.subject, '\n') >= 0 {
		return end, broken
	}
	if end == len(b) {
		return end, open
	}
	end++
	return end + unknownItems(b[end:]), wellQuoted(isEnd(b, end))
}

// scanFrom reads from.
func (t *trailingItems) scanFrom(b []byte) (int, quoting) {
	const prefix = " from <"
	if !bytes.HasPrefix(b, []byte(prefix)) {
		return 0, balanced
	}
	n, state := scanAddress(b[len(prefix):], '>')
	t.receivedSender = b[len(prefix) : len(prefix)+n]
	return min(len(prefix)+n+1, len(b)), state
}

// scanRecipients reads the addresses after for, which stand at byte at of the line. A stamp shows a second entry on the
// same line. It isn't part of the recipients, but must have the form of addresses too.
func (t *trailingItems) scanRecipients(b []byte, may leniency, at int, seen *recipientMemo) (state quoting) {
	end := -1
	for i := 0; i < len(b) && state == balanced; {
		if end < 0 && i > 0 && isStamp(b[i:]) {
			if end = i - 1; may.merged {
				break
			}
		}
		if end < 0 && seen.at == at+i {
			t.recipientCount += seen.count
			state = seen.state
			break
		}
		var n int
		n, state = scanAddress(b[i:], ' ')
		seen.bytesRead += n + 1
		if state == open && may.cut {
			n, state = len(b)-i, balanced
		}
		if n == 0 {
			state = broken
		}
		if end < 0 {
			t.recipientCount++
		}
		i += n + 1
	}
	if end < 0 {
		end = len(b)
		*seen = recipientMemo{at, t.recipientCount, state, seen.bytesRead}
	}
	if t.recipients = b[:end]; end == 0 {
		return broken
	}
	return state
}
