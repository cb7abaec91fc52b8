package parser

import "bytes"

// relayItems reads the items between the peer and S=, which must fill b. If free text allows several cuts, the first
// free text reaches as far right as it can. With strict, A= must be there exactly if P= says so.
func (r *parse) relayItems(b []byte, strict bool) bool {
	b = skipUnknown(b)
	if rest, ok := bytes.CutPrefix(b, []byte(" I=")); ok {
		if n, address, port := socketAddress(rest); n > 0 {
			r.interfaceAddress, r.interfacePort, b = address, port, rest[n:]
		}
	}
	b = skipUnknown(b)
	b = skipUnknown(b[max(flagItem(b, " TFO"), flagItem(b, " TFO*")):])
	if bytes.HasPrefix(b, []byte(" U=")) {
		return r.identItem(b, strict)
	}
	return r.connectionItems(b, strict)
}

// identItem reads U=, which may hold blanks, and what follows. A client's ident server can put items into its answer,
// so U= ends before the rightmost P= that fits.
func (r *parse) identItem(b []byte, strict bool) bool {
	found := false
	var best parse
	for end := len(b); end > 0 && r.spend(end); {
		i := bytes.LastIndex(b[:end], []byte(" P="))
		if i < 3 {
			break
		}
		end = i
		try := *r
		if bytes.IndexByte(b[:i], '\n') >= 0 || !try.protocolItems(b[i:], strict) {
			continue
		}
		if found {
			best.ambiguous = true
			continue
		}
		best, found = try, true
		best.ident = b[3:max(3, identEnd(b[:i]))]
	}
	if found {
		*r = best
		return true
	}
	return r.identWithoutProtocol(b, strict)
}

// identWithoutProtocol reads U= in a line that has no P=.
func (r *parse) identWithoutProtocol(b []byte, strict bool) bool {
	for i := 3; i <= len(b); i++ {
		if i < len(b) && b[i] == '\n' {
			break
		}
		if !isEnd(b, i) {
			continue
		}
		if !r.spend(i) {
			break
		}
		if try := *r; try.connectionItems(b[i:], strict) {
			try.ident = b[3:i]
			*r = try
			return true
		}
	}
	return false
}

// identEnd gives where U= ends in b, which reaches to P=. Unknown items and Ci= stand behind it.
func identEnd(b []byte) int {
	b = trimUnknown(b)
	i := bytes.LastIndexByte(b, ' ')
	if i > 3 && bytes.HasPrefix(b[i:], []byte(" Ci=")) && digitsLength(b[i+4:]) == len(b)-i-4 {
		b = trimUnknown(b[:i])
	}
	return len(b)
}

// connectionItems reads Ci=, unknown items, and P= with what follows.
func (r *parse) connectionItems(b []byte, strict bool) bool {
	return r.protocolItems(skipUnknown(b[plainItem(b, " Ci="):]), strict)
}

// protocolItems reads P= and what follows. A trusted caller may have put blanks into P=.
func (r *parse) protocolItems(b []byte, strict bool) bool {
	if !bytes.HasPrefix(b, []byte(" P=")) {
		return r.remainingItems(b, strict)
	}
	for i := 3; i <= len(b); i++ {
		if i < len(b) && b[i] != ' ' {
			if i > 3 && !isProtocol(b[i]) {
				return false
			}
			continue
		}
		if !r.spend(i) {
			return false
		}
		try := *r
		try.protocol = b[3:i]
		if try.remainingItems(b[i:], strict) {
			*r = try
			return true
		}
	}
	return false
}

// remainingItems reads the items after P=, which must fill b.
func (r *parse) remainingItems(b []byte, strict bool) bool {
	try, ok := r.itemsAfter(b, itemP)
	if !ok || strict && !try.isConsistent() {
		return false
	}
	r.noteLogin(try.auth)
	*r = try
	return true
}

func isProtocol(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '_' || c == '.' || c >= 0x80
}

// isConsistent tells whether A= is there exactly if the protocol's last letter says that the client authenticated, and
// whether its quotes balance. A line without S= may break off before A=. A single quote closes a DN= in which A= was
// forged. If the quote stands where MAIL's AUTH= may, A= may still name the true client.
func (r *parse) isConsistent() bool {
	authenticated, known := authenticates(r.protocol)
	if known && authenticated != (r.auth != nil) && (r.hasSize || !authenticated) {
		return false
	}
	if balances(r.auth) {
		return true
	}
	if _, id, _ := bytes.Cut(r.auth, []byte{':'}); balances(trustedPart(id)) {
		r.unpaired = true
		r.noteLogin(r.auth)
	}
	return false
}

func balances(b []byte) bool { return bytes.Count(b, []byte{'"'})%2 == 0 }

// authenticates tells whether P= says that the client authenticated. known is false for names that Exim doesn't make
// (-oMr), which say nothing.
func authenticates(protocol []byte) (authenticated, known bool) {
	p := bytes.TrimPrefix(protocol, []byte("utf8"))
	p = bytes.TrimPrefix(p, []byte("local-"))
	switch string(p) {
	case "smtp", "smtps", "ssmtp", "esmtp", "esmtps", "essmtp", "local", "rmail", "rsmtp", "rsmtps", "bsmtp", "bsmtps":
		return false, true
	case "asmtp", "smtpa", "smtpsa", "ssmtpa", "esmtpa", "esmtpsa", "essmtpa":
		return true, true
	}
	return false, false
}

// The items between P= and S= in their order, to tell which may still come.
type item uint8

const (
	itemP item = iota
	itemL
	itemSPF
	itemX
	itemCV
	itemDN
	itemSNI
	itemA
	itemPRDR
	itemPRX
	itemK
)

// sessionOrder has for each of them its name, and what gives its length: 0 if b doesn't begin with it. A= and quoted
// items may reach further than the length says.
var sessionOrder = [...]struct {
	name   string
	length func(b []byte, name string) int
}{
	itemL:    {" L", pipeliningItem},
	itemSPF:  {" SPF", func(b []byte, name string) int { return max(flagItem(b, name), plainItem(b, " SPF=")) }},
	itemX:    {" X=", cipherItem},
	itemCV:   {" CV=", plainItem},
	itemDN:   {" DN=", quotedOrPlain},
	itemSNI:  {" SNI=", quotedOrPlain},
	itemA:    {" A=", func(b []byte, _ string) int { return len(b) }},
	itemPRDR: {" PRDR", flagItem},
	itemPRX:  {" PRX=", plainItem},
	itemK:    {" K", flagItem},
}

// itemsAfter gives the parse with the items that come after last, which must fill b.
func (r parse) itemsAfter(b []byte, last item) (parse, bool) {
	for len(b) > 0 {
		which, n := sessionItem(b)
		if n == 0 || !r.spend(n) || which != itemP && which <= last {
			return r, false
		}
		switch which {
		case itemX:
			r.tls = b[len(" X="):n]
		case itemDN, itemSNI:
			if i := bytes.IndexByte(b, '=') + 1; i < n && b[i] == '"' {
				return r.quotedItem(b, n, which)
			}
		case itemA:
			return r.authItem(b)
		}
		if which != itemP {
			last = which
		}
		b = b[n:]
	}
	return r, true
}

// sessionItem reads the item that b begins with: which one it is (itemP: an unknown one), and its length.
func sessionItem(b []byte) (which item, n int) {
	for which = itemL; which <= itemK; which++ {
		known := &sessionOrder[which]
		if len(b) > 1 && b[1] == known.name[1] && bytes.HasPrefix(b, []byte(known.name)) {
			if n = known.length(b, known.name); n > 0 {
				return which, n
			}
		}
	}
	return itemP, unknownItem(b)
}

// cipherItem reads X=. Up to Exim 4.70, GnuTLS put a blank into the protocol: `X=SSL 3.0:RSA_AES_256_CBC_SHA:32`.
func cipherItem(b []byte, name string) int {
	n := plainItem(b, name)
	if value := b[min(len(name), n):n]; string(value) != "SSL" && string(value) != "TLS" {
		return n
	}
	version := b[min(n+1, len(b)):]
	if version = version[:tokenEnd(version)]; hasShape(version, "d.d:") && bytes.IndexByte(version, '"') < 0 {
		return n + 1 + len(version)
	}
	return n
}

// pipeliningItem reads L, which has its marks right behind it.
func pipeliningItem(b []byte, name string) int {
	n := 1 + tokenEnd(b[1:])
	if !isPipelining(b[len(name):n]) {
		return 0
	}
	return n
}

func isPipelining(b []byte) bool {
	switch string(b) {
	case "", "-", "*", ".", "*-", ".-":
		return true
	}
	return false
}

// quotedItem reads on behind a quoted DN= or SNI= that b begins with; its first closing quote is at byte n-1. Exim
// escapes no quotes in them, so the item ends at the rightmost quote that fits. From Exim 4.95 on, SNI= has no quotes
// around it, and a client may begin it with one.
func (r parse) quotedItem(b []byte, n int, which item) (best parse, found bool) {
	for end := len(b); end >= n; end-- {
		if b[end-1] != '"' || !isEnd(b, end) {
			continue
		}
		if !r.spend(n) {
			return best, found
		}
		try, ok := r.itemsAfter(b[end:], which)
		if !ok || !try.isConsistent() {
			continue
		}
		r.noteLogin(try.auth)
		if !found {
			best, found = try, true
		} else if !bytes.Equal(try.auth, best.auth) {
			best.ambiguous = true
		}
	}
	if found {
		return best, true
	}
	if token := 1 + tokenEnd(b[1:]); which == itemSNI {
		if bare, ok := r.itemsAfter(b[token:], which); ok && bare.isConsistent() {
			return bare, true
		}
	}
	return r.itemsAfter(b[n:], which)
}

// authItem reads A=, which b begins with. The id may hold blanks: it reaches to the items that may follow, which are
// looked for from the end.
func (r parse) authItem(b []byte) (parse, bool) {
	value := b[3:]
	for {
		i := bytes.LastIndexByte(value, ' ')
		if i <= 0 || !followsA(value[i:]) {
			break
		}
		value = value[:i]
	}
	if len(value) == 0 || value[0] == ' ' {
		return r, false
	}
	r.auth = value
	_, _, sender := splitAuth(value)
	return r, bytes.IndexByte(value[:len(value)-len(sender)], '\n') < 0 // before the third part no LF can be
}

// followsA tells whether b is one item that may stand between A= and S=.
func followsA(b []byte) bool {
	which, n := sessionItem(b)
	return n == len(b) && b[n-1] != '"' && (which == itemP || which > itemA)
}

// splitAuth splits A= into authenticator, authenticated id and authenticated sender. The id may hold colons. The sender
// stands behind the last one, if that is followed by an address with a domain. An LF can stand in the sender alone,
// which then isn't what an address should be.
func splitAuth(value []byte) (authenticator, id, sender []byte) {
	first := bytes.IndexByte(value, ':')
	if first < 0 {
		return value, nil, nil
	}
	authenticator, id = value[:first], value[first+1:]
	lf := bytes.IndexByte(id, '\n')
	line := id
	if lf >= 0 {
		line = id[:lf]
	}
	last := lastColon(line)
	if last <= 0 || lf < 0 && !isFullAddress(id[last+1:]) {
		return authenticator, id, nil
	}
	return authenticator, id[:last], id[last+1:]
}

// lastColon gives the index of the last colon outside quotes, -1 if there is none.
func lastColon(b []byte) int {
	if bytes.IndexByte(b, ':') < 0 {
		return -1
	}
	last, quoted := -1, false
	for i, c := range b {
		if c == '"' {
			quoted = !quoted
		} else if c == ':' && !quoted {
			last = i
		}
	}
	return last
}

func isFullAddress(b []byte) bool {
	n, state := scanAddress(b, ' ')
	return n == len(b) && state == balanced && bytes.IndexByte(b, '@') > 0
}
