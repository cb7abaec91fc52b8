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
	b, state := t.messageItems(b)
	if state == open && may.cut {
		return balanced
	}
	if state != balanced || len(b) == 0 {
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
	flag string // the item without a value, if there may be none
}{{" M8S=", ""}, {" DKIM=", ""}, {" ARC=", " ARC"}, {" DMARC=", " DMARC"}, {" RT=", ""}, {" Q=", ""}}

// skipTrailingItems skips the items up to id=, in their order.
func skipTrailingItems(b []byte) []byte {
	for _, item := range trailingOrder {
		b = skipUnknown(b)
		if bytes.HasPrefix(b, []byte(item.name)) {
			b = b[valueEnd(b, len(item.name)):]
		} else if item.flag != "" {
			b = b[flagItem(b, item.flag):]
		}
	}
	return skipUnknown(b)
}

// messageItems reads id=, T= and from, and unknown items behind the first two. It returns what follows, which counts
// only if all was balanced.
func (t *trailingItems) messageItems(b []byte) (rest []byte, state quoting) {
	b, state = t.scanHeaderID(b)
	if state == balanced {
		b, state = t.scanSubject(b)
	}
	if state == balanced {
		b, state = t.scanFrom(b)
	}
	return b, state
}

func (t *trailingItems) scanHeaderID(b []byte) (rest []byte, state quoting) {
	for _, prefix := range [...]string{" id=", " id*="} {
		if rest, ok := bytes.CutPrefix(b, []byte(prefix)); ok {
			n, state := scanAddress(rest, ' ')
			t.headerID = rest[:n]
			return skipUnknown(rest[n:]), state
		}
	}
	return b, balanced
}

func (t *trailingItems) scanSubject(b []byte) (rest []byte, state quoting) {
	const prefix = ` T="`
	if !bytes.HasPrefix(b, []byte(prefix)) {
		return b, balanced
	}
	end := quoteEnd(b, len(prefix)-1)
	t.subject = b[len(prefix):end]
	if bytes.IndexByte(t.subject, '\n') >= 0 {
		return nil, broken
	}
	if end == len(b) {
		return nil, open
	}
	end++
	return skipUnknown(b[end:]), wellQuoted(isEnd(b, end))
}

func (t *trailingItems) scanFrom(b []byte) (rest []byte, state quoting) {
	rest, ok := bytes.CutPrefix(b, []byte(" from <"))
	if !ok {
		return b, balanced
	}
	n, state := scanAddress(rest, '>')
	t.receivedSender = rest[:n]
	return rest[min(n+1, len(rest)):], state
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
