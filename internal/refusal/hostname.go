package refusal

import "bytes"

// maxIPv6 is the length of the longest IP address, ::ffff: and an IPv4 address among them.
const maxIPv6 = 45

// ipv6Len returns the length of the IPv6 address, or the time with seconds, that b begins with; 0 if there is none.
func ipv6Len(b []byte) int {
	n := 0
	for n < len(b) && n < maxIPv6 && (isHex(b[n]) || b[n] == ':' || b[n] == '.') {
		n++
	}
	if n < len(b) && isLetter(b[n]) {
		return 0
	}
	address := bytes.TrimRight(b[:n], ":.")
	if bytes.Count(address, []byte(":")) < 2 || !isHex(b[0]) && !bytes.HasPrefix(b, []byte("::")) {
		return 0
	}
	return len(address)
}

// urlLen returns the length of the URL that b begins with, without punctuation at its end; 0 if there is none.
func urlLen(b []byte) int {
	host := schemeLen(b)
	switch {
	case host == 0 && !hasPrefixFold(b, "www."):
		return 0
	case host == len(b) || !isLetter(b[host]) && !isDigit(b[host]):
		return 0
	}
	n := host
	for n < len(b) && b[n] > ' ' && b[n] < 0x7f && bytes.IndexByte([]byte("<>\"(){}[]\\^`|"), b[n]) < 0 {
		n++
	}
	return len(bytes.TrimRight(b[:n], ".,:;!?'"))
}

func schemeLen(b []byte) int {
	for _, scheme := range [...]string{"http://", "https://"} {
		if hasPrefixFold(b, scheme) {
			return len(scheme)
		}
	}
	return 0
}

// hasPrefixFold reports whether b begins with the prefix, which is lower case.
func hasPrefixFold(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if c := b[i]; c != prefix[i] && (!isUpper(c) || c|0x20 != prefix[i]) {
			return false
		}
	}
	return true
}

// url writes the URL that rest begins with and takes n bytes: its scheme, its host, and # for what follows.
func (f *folder) url(n int) {
	url := f.rest[:n]
	f.rest, f.naming = f.rest[n:], false
	scheme := schemeLen(url)
	f.out = append(f.out, url[:scheme]...)
	name := url[scheme:]
	if i := bytes.IndexAny(name, "/?#:"); i >= 0 {
		name = name[:i]
	}
	if isHostName(name) {
		f.hostName(name, true)
	} else {
		f.number()
	}
	f.path(url[scheme+len(name):])
}

// path writes what follows the host of a URL.
func (f *folder) path(path []byte) {
	if len(path) >= len("/x") {
		f.out = append(f.out, "/#"...)
	}
}

// isNaming reports whether the name of a block list may follow a word: `blocked using zen.spamhaus.org`.
func isNaming(word []byte) bool {
	switch string(word) {
	case "using", "at", "by", "in", "on", "see", "visit":
		return true
	}
	return false
}

// isHostName reports whether a word is a host's name: labels with dots between them, of which the last is a top-level
// domain. `rejected.See` isn't, nor is `e.g`.
func isHostName(word []byte) bool {
	last := bytes.LastIndexByte(word, '.') + 1
	if last < len("a.") || len(word)-last < 2 || word[0] == '.' {
		return false
	}
	for _, c := range word[last:] {
		if !isLetter(c) || isUpper(c) != isUpper(word[last]) {
			return false
		}
	}
	for i, c := range word[:last] {
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '_' && (c != '.' || word[i+1] == '.') {
			return false
		}
	}
	return true
}

// hostName writes a host's name if it is to stay. Of the labels before the last two, those that are long or have ids
// change: they may be one customer's key, as in KEY.zen.dq.spamhaus.net. If the name isn't to stay, it writes a #.
func (f *folder) hostName(name []byte, stays bool) {
	if !stays {
		f.number()
		return
	}
	last := bytes.LastIndexByte(name[:bytes.LastIndexByte(name, '.')], '.') + 1
	for first := name[:last]; len(first) > 0; {
		n := bytes.IndexByte(first, '.')
		if n >= minRandom {
			f.number()
		} else {
			f.pieces(first[:n])
		}
		f.out = append(f.out, '.')
		first = first[n+1:]
	}
	f.out = append(f.out, name[last:]...)
}
