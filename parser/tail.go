package parser

import "bytes"

// A tail is what stands from S= to the end of the line. Its slices stand in the line.
type tail struct {
	start          int   // of S=, in the text read
	size           int64 // -1 if absent
	headerID       []byte
	subject        []byte // as logged, without its quotes; nil if absent
	receivedSender []byte
	recipients     []byte
	count          int // of recipients
}

// A leniency says what may be wrong with the end of a line.
type leniency struct {
	cut    bool // Exim cut it: the last recipient's quotes may be open
	merged bool // another entry may stand behind the recipients, on the same line
}

// read reads the tail that begins at b[start:] and must reach to the end of b: S= where it is, then each item in its order.
func (t *tail) read(b []byte, start int, may leniency) quoting {
	*t = tail{start: start, size: -1}
	b = b[start:]
	n := t.scanSize(b)
	if n < 0 {
		return broken
	}
	b, ok := t.message(tailItems(b[n:]))
	if !ok {
		return broken
	}
	return t.envelope(b, may)
}

// scanSize reads S=. It gives -1 if a broken one stands there.
func (t *tail) scanSize(b []byte) int {
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

// tailOrder lists the items after S= that are read past, in their order.
var tailOrder = [...]struct {
	name string
	flag bool // the item may have no value
}{{" M8S", false}, {" DKIM", false}, {" ARC", true}, {" DMARC", true}, {" RT", false}, {" Q", false}}

// tailItems skips the items up to id=, in their order.
func tailItems(b []byte) []byte {
	for _, item := range tailOrder {
		b = skipUnknown(b)
		if bytes.HasPrefix(b, []byte(item.name)) {
			b = b[tailItem(b, len(item.name), item.flag):]
		}
	}
	return skipUnknown(b)
}

// tailItem gives the length of the item whose name is the first n bytes of b.
func tailItem(b []byte, n int, flag bool) int {
	if flag && isEnd(b, n) {
		return n
	}
	if n < len(b) && b[n] == '=' {
		return valueEnd(b, n+1)
	}
	return 0
}

// message reads id= and T=, with unknown items around them.
func (t *tail) message(b []byte) (rest []byte, ok bool) {
	if n := idPrefix(b); n > 0 {
		end, state := scanHeaderID(b[n:])
		if state != balanced {
			return b, false
		}
		t.headerID = b[n : n+end]
		b = skipUnknown(b[n+end:])
	}
	if bytes.HasPrefix(b, []byte(` T="`)) {
		end := quoteEnd(b, 3)
		if end == len(b) || !isEnd(b, end+1) || bytes.IndexByte(b[:end], '\n') >= 0 {
			return b, false
		}
		t.subject = b[4:end]
		b = skipUnknown(b[end+1:])
	}
	return b, true
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

// scanHeaderID reads the value of id=. It is an address, but Exim printed it, so that a quote need not stand where a
// word begins.
func scanHeaderID(b []byte) (int, quoting) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case ' ':
			return i, balanced
		case '\n':
			return i, broken
		case '\\':
			i++
		case '"':
			if i = quoteEnd(b, i); i == len(b) {
				return i, open
			}
		}
	}
	return len(b), balanced
}

// envelope reads from and for, which must fill b.
func (t *tail) envelope(b []byte, may leniency) quoting {
	if bytes.HasPrefix(b, []byte(" from <")) {
		n, state := scanReceivedSender(b[7:])
		if state != balanced {
			return state
		}
		t.receivedSender = b[7 : 7+n]
		b = b[7+n+1:]
	}
	if len(b) == 0 {
		return balanced
	}
	if !bytes.HasPrefix(b, []byte(" for ")) {
		return broken
	}
	return t.scanRecipients(b[5:], may)
}

// scanReceivedSender gives the length of the address that stands before `>`.
func scanReceivedSender(b []byte) (int, quoting) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '>':
			if !isEnd(b, i+1) {
				return i, broken
			}
			return i, balanced
		case ' ', '\n':
			return i, broken
		case '\\':
			i++
		case '"':
			if i > 0 && b[i-1] != '.' {
				return i, broken
			}
			if i = quoteEnd(b, i); i == len(b) {
				return i, open
			}
		}
	}
	return len(b), broken
}

// scanRecipients reads the addresses after for. A second entry on the same line, of which the stamp tells, is none of them,
// but has to have the form of addresses too.
func (t *tail) scanRecipients(b []byte, may leniency) quoting {
	end := -1
	for i := 0; i < len(b); {
		if end < 0 && i > 0 && isStamp(b[i:]) {
			if end = i - 1; may.merged {
				break
			}
		}
		n, state := scanAddress(b[i:])
		if state == open && may.cut {
			n, state = len(b)-i, balanced
		}
		if state != balanced {
			return state
		}
		if n == 0 {
			return broken
		}
		if end < 0 {
			t.count++
		}
		i += n + 1
	}
	if end < 0 {
		end = len(b)
	}
	if t.recipients = b[:end]; end == 0 {
		return broken
	}
	return balanced
}
