package parser

import "bytes"

// A peerSearch goes through the places in b, the line behind its sender, where the items after the peer's address may
// begin: from the right, behind each `[ip](:port)` that can end H=. In a line without H= that is behind R= and DS
// alone.
type peerSearch struct {
	b      []byte
	end    int   // of H=; the items after it begin here
	begun  parse // what R= and H= hold
	h      int   // where H= stands; -1 without one
	before int   // where to search on to the left
}

// newPeerSearch reads R= and DS, and finds H= behind them.
func newPeerSearch(b []byte, w *parseWork) peerSearch {
	p := peerSearch{b: b, end: plainItem(b, " R="), begun: parse{parseWork: w}, h: -1, before: len(b)}
	if p.end > 0 {
		p.begun.bounceOf = b[len(" R="):p.end]
	}
	p.end += flagItem(b[p.end:], " DS")
	if rest := skipUnknown(b[p.end:]); bytes.HasPrefix(rest, []byte(" H=")) {
		p.h = len(b) - len(rest)
	}
	return p
}

// next finds the next place, and tells whether there is one.
func (p *peerSearch) next() bool {
	if p.h < 0 {
		first := p.before >= 0
		p.before = -1
		return first
	}
	for {
		p.before = bytes.LastIndexByte(p.b[:p.before], '[')
		if p.before < p.h+len(" H=") {
			return false
		}
		if p.isPeer(p.before) {
			return true
		}
	}
}

// isPeer tells whether the bracket at i begins an address that ends H=, and notes what H= then holds.
func (p *peerSearch) isPeer(i int) bool {
	n, address, port := socketAddress(p.b[i:])
	name, blank := bytes.CutSuffix(p.b[p.h+len(" H="):i], []byte{' '})
	if n == 0 || blank != (len(name) > 0) || blank && !isHostName(name) {
		return false
	}
	r := &p.begun
	p.end, r.hostAddress, r.hostPort, r.host, r.helo = i+n, address, port, nil, nil
	if len(name) > 0 && name[0] != '(' {
		n := tokenEnd(name)
		r.host, name = name[:n], name[min(n+1, len(name)):]
	}
	if len(name) > 0 {
		r.helo = bytes.TrimSuffix(name[1:], []byte{')'})
	}
	return true
}

// isHostName tells whether name is `host`, `(helo)` or `host (helo)`. A HELO may hold anything but LF. cPanel logs some
// without the closing parenthesis.
func isHostName(name []byte) bool {
	blank := bytes.IndexByte(name, ' ')
	if blank < 0 {
		return bytes.IndexByte(name, '\n') < 0
	}
	helo := name
	if name[0] != '(' {
		helo = name[blank+1:]
	}
	return len(helo) > 1 && helo[0] == '(' && helo[len(helo)-1] == ')' && bytes.IndexByte(name, '\n') < 0
}

// socketAddress reads `[ip]` and `:port` if one follows, up to a blank or the end. It returns the length, 0 if b begins
// with no such thing.
func socketAddress(b []byte) (n int, address []byte, port int) {
	if len(b) < 2 || b[0] != '[' {
		return 0, nil, 0
	}
	n = bytes.IndexByte(b[:min(len(b), maxAddress)], ']')
	if n < 0 || !isIP(b[1:n]) {
		return 0, nil, 0
	}
	address = b[1:n]
	n++
	if n < len(b) && b[n] == ':' {
		if d := digitsLength(b[n+1:]); d > 0 && d <= 5 {
			port = int(digits(b[n+1 : n+1+d]))
			n += 1 + d
		}
	}
	if !isEnd(b, n) {
		return 0, nil, 0
	}
	return n, address, port
}

const maxAddress = 80 // bytes: an IPv6 address with an embedded IPv4 one, a zone, brackets

// isIP tells whether b is an IP address as inet_ntop() writes it. It doesn't look at the values of the groups.
func isIP(b []byte) bool {
	if isIPv4(b) {
		return true
	}
	colons, dots, n := 0, 0, 0
	for n < len(b) && b[n] != '%' {
		switch c := b[n]; {
		case c == ':':
			colons++
		case c == '.':
			dots++
		case !isHex(c):
			return false
		}
		n++
	}
	if n < len(b) && (colons == 0 || n+1 == len(b) || !isBase62(b[n+1:])) {
		return false
	}
	return colons >= 2 && (dots == 0 || dots == 3)
}

func isIPv4(b []byte) bool {
	digits, dots := 0, 0
	for _, c := range b {
		if c == '.' {
			if digits == 0 {
				return false
			}
			digits, dots = 0, dots+1
		} else if digits++; !isDigit(c) || digits > 3 {
			return false
		}
	}
	return digits > 0 && dots == 3
}
