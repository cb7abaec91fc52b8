package parser

import "bytes"

// A readingSet collects the readings of a line.
type readingSet struct {
	n     int
	first Delivery
}

// add takes a reading. Of further ones that differ only that remains in which all agree.
func (s *readingSet) add(d *Delivery) {
	if s.n == 0 {
		s.first, s.n = *d, 1
	} else if !s.first.agree(d) {
		s.n++
	}
}

// agree drops the items in which d and other differ. It tells whether there were none.
func (d *Delivery) agree(other *Delivery) bool {
	same := true
	for _, item := range [...]struct {
		ours   *[]byte
		theirs []byte
	}{
		{&d.Address, other.Address}, {&d.Original, other.Original}, {&d.Sender, other.Sender},
		{&d.ReturnPath, other.ReturnPath}, {&d.Router, other.Router}, {&d.Transport, other.Transport},
		{&d.TLS, other.TLS}, {&d.Reply, other.Reply}, {&d.Error, other.Error},
	} {
		if !bytes.Equal(*item.ours, item.theirs) {
			*item.ours, same = nil, false
		}
	}
	if !bytes.Equal(d.Host, other.Host) || !bytes.Equal(d.HostAddress, other.HostAddress) ||
		d.HostPort != other.HostPort {
		d.Host, d.HostAddress, d.HostPort, same = nil, nil, 0, false
	}
	if d.Code != other.Code {
		d.Code, same = 0, false
	}
	return same
}

// read finds the readings of b, which stands behind the flag, and sets the delivery.
func (r *DeliveryReader) read(b []byte) {
	d := &r.delivery
	r.readings.n, r.bytesLeft = 0, effortPerByte*len(b)
	r.plainReadings(b)
	r.freeReadings(b)
	if r.readings.n == 0 {
		d.Reason = "the items behind the address can't be read"
		return
	}
	n := r.readings.n
	*d = r.readings.first
	d.Suspicious = n > 1
	if r.bytesLeft < 0 { // more readings may fit
		*d = Delivery{Kind: d.Kind, Time: d.Time, Millis: d.Millis, PID: d.PID, SyslogHost: d.SyslogHost,
			MessageID: d.MessageID, Suspicious: true}
	}
}

// plainReadings adds the readings in which the address is one token, or quoted. A pipe or a file isn't quoted.
func (r *DeliveryReader) plainReadings(b []byte) {
	try := r.delivery
	if try.specialText(b) {
		r.readings.add(&try)
		return
	}
	token := tokenEnd(b)
	quoted := hasQuotes(b[:token]) && !isFileOrPipe(b)
	if try.readFrom(b, token, &r.bytesLeft) &&
		!(quoted && try.Original == nil && bytes.IndexByte(try.Address, '@') < 0) {
		r.readings.add(&try)
	}
	if !quoted {
		return
	}
	if n := quotedTokenEnd(b); n > token {
		if try = r.delivery; try.readFrom(b, n, &r.bytesLeft) {
			r.readings.add(&try)
		}
	}
}

func hasQuotes(b []byte) bool { return bytes.IndexByte(b, '"') >= 0 || bytes.IndexByte(b, '\\') >= 0 }

// specialText reads lines of fixed text.
func (d *Delivery) specialText(b []byte) bool {
	if d.Kind == Delivered {
		for _, word := range [...]string{"blackhole", "discarded"} {
			if rest, ok := bytes.CutPrefix(b, []byte(word+" ")); ok && len(rest) > 0 && rest[0] == '(' {
				d.Address, d.Error = b[:len(word)], rest
				return true
			}
		}
	}
	if text := []byte("mua_wrapper is set but "); d.Kind == Refused && bytes.HasPrefix(b, text) {
		d.Error = b
		return true
	}
	return false
}

// quotedTokenEnd gives where the quoted address that b begins with ends: at a blank, or at a colon before one; 0 if
// there is none.
func quotedTokenEnd(b []byte) int {
	n := endOutsideQuotes(b, func(b []byte, i int) bool { return b[i] == ' ' })
	if n == 0 {
		return 0
	}
	token := bytes.TrimSuffix(b[:n], []byte{':'})
	if end, state := scanAddress(token, ' '); state != balanced || end != len(token) {
		return 0
	}
	return n
}

// endOutsideQuotes gives the index of the first byte of b, outside an address's quotes and domain literals, at which
// stop holds, or the length of b. In quotes it is the end of b.
func endOutsideQuotes(b []byte, stop func(b []byte, i int) bool) int {
	domain := false
	for i := 0; i < len(b); i++ {
		if stop(b, i) {
			return i
		}
		switch c := b[i]; {
		case domain:
		case c == '\\':
			if i+1 == len(b) || b[i+1] != '>' || !isBracketEnd(b, i+1) {
				i++
			}
		case c == '"':
			i = quoteEnd(b, i)
		case c == '@':
			if domain = true; i+1 < len(b) && b[i+1] == '[' {
				if n := bytes.IndexByte(b[i:], ']'); n > 0 {
					i += n - 1
				}
			}
		}
	}
	return len(b)
}

// isBracketEnd tells whether the bracket at i closes an address: a blank, a colon before a blank, or nothing follows.
func isBracketEnd(b []byte, i int) bool {
	return b[i] == '>' && (isEnd(b, i+1) || b[i+1] == ':' && isEnd(b, i+2))
}

// bracketed reads the address that b begins with, up to the `>` that closes it. It gives the place of that, -1 if there
// is none, and how many bytes it looked at.
func bracketed(b []byte) (end, effort int) {
	n := endOutsideQuotes(b, func(b []byte, i int) bool { return b[i] == ' ' || isBracketEnd(b, i) })
	if n >= len(b) || b[n] == ' ' {
		return -1, n
	}
	if n == 0 {
		return 0, 1
	}
	if end, state := scanAddress(b[:n+1], '>'); state != balanced || end != n {
		return -1, 2 * n
	}
	return n, 2 * n
}

// readFrom reads b with an address that ends at n. The parents and the original follow.
func (d *Delivery) readFrom(b []byte, n int, effort *int) bool {
	if !d.isDelivered() && n > 0 && b[n-1] == ':' && n < len(b) {
		n-- // a text follows
	}
	if n == 0 {
		return false
	}
	rest := b[n:]
	d.Address = b[:n]
	if bytes.HasPrefix(rest, []byte(" (")) && !isFileOrPipe(b) {
		end := parentsEnd(rest)
		if end == 0 {
			return false
		}
		rest = rest[end:]
	}
	if bytes.HasPrefix(rest, []byte(" <")) {
		end, _ := bracketed(rest[2:])
		if end < 0 {
			return false
		}
		d.Original, rest = rest[2:2+end], rest[2+end+1:]
	}
	return d.items(rest, effort)
}

// parentsEnd gives the length of ` (address, address)`, behind which an original stands; 0 if b doesn't begin with it.
func parentsEnd(b []byte) int {
	for i := len(" ("); i < len(b); {
		n := endOutsideQuotes(b[i:], func(b []byte, i int) bool { return isParentEnd(b, i) || b[i] == ' ' })
		i += n
		switch {
		case i >= len(b) || b[i] == ' ':
			return 0
		case b[i] == ')':
			return i + 1
		}
		i += len(", ")
	}
	return 0
}

// isParentEnd tells whether the address of a parent ends at i.
func isParentEnd(b []byte, i int) bool {
	return b[i] == ')' && bytes.HasPrefix(b[i+1:], []byte(" <")) || b[i] == ',' && i+1 < len(b) && b[i+1] == ' '
}

// freeReadings adds the readings in which the address has blanks and stands before an original. Each address in angle
// brackets may be the original.
func (r *DeliveryReader) freeReadings(b []byte) {
	r.weak.n, r.bare.n = 0, 0
	next := bytes.IndexByte(b, ' ')
	if !isFileOrPipe(b) {
		next++ // there plainReadings has looked
	}
	for next >= 0 && r.bytesLeft >= 0 {
		n := bytes.Index(b[next:], []byte(" <"))
		if n < 0 {
			break
		}
		at := next + n
		next = at + 1
		end, effort := bracketed(b[at+2:])
		if r.bytesLeft -= effort; end < 0 {
			continue
		}
		r.bytesLeft -= len(b)
		r.freeReading(b, at, at+2+end)
	}
	if r.readings.n > 0 {
		return
	}
	if r.readings = r.weak; r.weak.n == 0 {
		if r.readings = r.bare; r.bare.n > 0 {
			r.readings.n = 1
		}
	}
}

// freeReading adds the reading in which b[at+2:end] is the original.
func (r *DeliveryReader) freeReading(b []byte, at, end int) {
	try := r.delivery
	if !try.items(b[end+1:], &r.bytesLeft) {
		return
	}
	try.Address, try.Original = b[:at], b[at+2:end]
	routed, fits := try.Router != nil || try.Transport != nil, false
	if isFileOrPipe(b) {
		fits = routed
	} else if fits = r.isLocalPart(&try); !fits {
		if try.Address = withoutParents(b, at); bytes.IndexByte(try.Address, ' ') < 0 {
			return // plainReadings has it
		}
		fits = r.isLocalPart(&try) || r.isAddress(&try)
	}
	switch {
	case fits:
		r.readings.add(&try)
	case routed:
		r.weak.add(&try)
	case r.bare.n == 0:
		r.bare.add(&try)
	}
}

// isLocalPart tells whether the address may be the local part of the original, which is all that a local delivery logs.
func (r *DeliveryReader) isLocalPart(d *Delivery) bool {
	return d.isDelivered() && r.isRelated(d.Address, d.Original, false)
}

// isAddress tells whether the address has a domain, and may well belong to the original: because of its local part, or
// since R= and T= follow.
func (r *DeliveryReader) isAddress(d *Delivery) bool {
	local, ok := spacedLocalPart(d.Address)
	return ok && (d.Router != nil && d.Transport != nil || r.isRelated(local, d.Original, true))
}

// withoutParents gives what stands before at without ` (address, address)`.
func withoutParents(b []byte, at int) []byte {
	if at == 0 || b[at-1] != ')' {
		return b[:at]
	}
	for i := bytes.LastIndex(b[:at], []byte(" (")); i > 0; i = bytes.LastIndex(b[:i], []byte(" (")) {
		if i+parentsEnd(b[i:]) == at {
			return b[:i]
		}
	}
	return b[:at]
}

// isFileOrPipe tells whether b begins like the address of a pipe, a file or an automatic reply.
func isFileOrPipe(b []byte) bool {
	return b[0] == '|' || b[0] == '/' || b[0] == '>' || bytes.HasPrefix(b, []byte("save "))
}

// spacedLocalPart gives the local part of an address that has blanks in it and none in its domain.
func spacedLocalPart(address []byte) (local []byte, ok bool) {
	i := bytes.LastIndexByte(address, '@')
	if i < 0 || i+1 == len(address) || bytes.IndexByte(address[i:], ' ') >= 0 {
		return nil, false
	}
	return address[:i], bytes.IndexByte(address[:i], ' ') >= 0
}

// isRelated tells whether local may have been made of the local part of original, which holds a blank: it is part of it
// or, if longer, has it in it. Exim takes affixes off and rewrites to lower case; a router may add a text.
func (r *DeliveryReader) isRelated(local, original []byte, longer bool) bool {
	if bytes.IndexByte(original, ' ') < 0 {
		return false
	}
	if i := bytes.LastIndexByte(original, '@'); i >= 0 {
		original = original[:i]
	}
	r.bytesLeft -= len(local) + len(original)
	r.unquoted = r.unquoted[:0]
	for i := 0; i < len(original); i++ {
		switch c := original[i]; {
		case c == '"':
			continue
		case c == '\\' && i+1 < len(original):
			i++
		}
		r.unquoted = append(r.unquoted, lower(original[i]))
	}
	r.address = r.address[:0]
	for _, c := range local {
		r.address = append(r.address, lower(c))
	}
	return bytes.Contains(r.unquoted, r.address) || longer && bytes.Contains(r.address, r.unquoted)
}

func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}
