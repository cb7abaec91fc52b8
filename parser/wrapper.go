package parser

import (
	"bytes"
	"slices"
)

// A wrapper is what another program puts before an entry: a syslog daemon, journalctl, Docker, Kubernetes, grep.
// Wrappers are read from the left, up to where Exim's own text begins. So nothing in an entry is ever taken for one.

// maxWrappers is how many wrappers may stand in one line: grep's over that of Docker's over that of a syslog daemon.
const maxWrappers = 4

// byteOrderMark is what some editors put at the beginning of a file, and RFC 5424 before UTF-8.
const byteOrderMark = "\ufeff"

// scanWrappers reads the wrappers that b begins with, and returns where Exim's own text begins. It returns 0 if there
// are none, or if what they hold isn't Exim's.
func (h *linePrefix) scanWrappers(b []byte) int {
	i := 0
	for range maxWrappers {
		n := h.scanWrapper(b[i:])
		if n == 0 {
			return 0
		}
		if i += n; h.startsExim(b[i:]) {
			return i
		}
	}
	return 0
}

// startsExim tells whether b begins with Exim's own text: a stamp or, if the wrappers name a time, a message id or
// anything that was logged under Exim's name.
func (h *linePrefix) startsExim(b []byte) bool {
	if isStamp(b) {
		return true
	}
	if !h.stamp.isSet() {
		return false
	}
	var p linePrefix
	if h.tag != nil && (isExim(h.tag) || p.piece.scan(b, 0) > 0 ||
		beginsWith(b, "cwd=", "Start queue run: ", "End queue run: ")) {
		return true
	}
	return messageIDLength(b[p.scanPID(b):]) > 0
}

// beginsWith tells whether b begins with one of the texts.
func beginsWith(b []byte, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return bytes.HasPrefix(b, []byte(text)) })
}

// isExim tells whether a tag is an Exim's: `exim4[4711]`, `/usr/sbin/exim`, `exim4.service/exim-out[9]`.
func isExim(tag []byte) bool {
	return beginsWith(tag, "exim") || beginsWith(tag[bytes.LastIndexByte(tag, '/')+1:], "exim")
}

// scanWrapper reads one wrapper, and returns its length; 0 if b begins with none.
func (h *linePrefix) scanWrapper(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; {
	case c == byteOrderMark[0]:
		if bytes.HasPrefix(b, []byte(byteOrderMark)) {
			return len(byteOrderMark)
		}
	case c == '<':
		return h.scanPriority(b)
	case c == '[':
		return h.scanBracketed(b)
	case c == ' ':
		return lineNumber(b)
	}
	if n := h.scanSyslog(b); n > 0 {
		return n
	}
	if n := fileName(b); n > 0 {
		return n
	}
	return h.scanService(b)
}

// scanPriority reads the priority `<22>` of a syslog message, which some collectors keep, and what follows.
func (h *linePrefix) scanPriority(b []byte) int {
	n := digitsLength(b[1:])
	if n == 0 || n > 3 || n+2 >= len(b) || b[n+1] != '>' {
		return 0
	}
	if message := h.scanSyslog(b[n+2:]); message > 0 {
		return n + 2 + message
	}
	return 0
}

// scanSyslog reads a header of RFC 5424, or a time and what follows it.
func (h *linePrefix) scanSyslog(b []byte) int {
	if n := h.scanRFC5424(b); n > 0 {
		return n
	}
	if n := h.stamp.clockTime(b); n > 0 {
		return n + h.scanSource(b[n:])
	}
	return 0
}

// scanRFC5424 reads a header of RFC 5424, from its version on.
func (h *linePrefix) scanRFC5424(b []byte) int {
	const version = "1 "
	if !bytes.HasPrefix(b, []byte(version)) {
		return 0
	}
	i := len(version)
	n := h.stamp.clockTime(b[i:])
	if n == 0 {
		return 0
	}
	i += n
	var ends [4]int // HOSTNAME APP-NAME PROCID MSGID
	host := i
	for f := range ends {
		ends[f] = i + tokenEnd(b[i:])
		if ends[f] == i || ends[f] == len(b) {
			return 0
		}
		i = ends[f] + 1
	}
	h.setHost(b[host:ends[0]])
	h.tag = b[ends[0]+1 : ends[2]]
	if n = structuredData(b[i:]); n == 0 {
		return 0
	}
	return len(b) - len(bytes.TrimPrefix(b[i+n:], []byte(byteOrderMark)))
}

// structuredData gives the length of RFC 5424's STRUCTURED-DATA with the blank after it.
func structuredData(b []byte) int {
	i := 0
	if bytes.HasPrefix(b, []byte("-")) {
		i = 1
	}
	for quoted := false; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case i == 0 && c != '[':
			return 0
		case c == ' ' && (i == 1 && b[0] == '-' || b[i-1] == ']'):
			return i + 1
		}
	}
	return 0
}

// scanBracketed reads the name of the container that `kubectl logs --prefix` puts before a line, and the time since the
// boot that `journalctl -o short-monotonic` does.
func (h *linePrefix) scanBracketed(b []byte) int {
	end := bytes.IndexByte(b, ']')
	if end < 2 || end > maxName || end+2 >= len(b) || b[end+1] != ' ' {
		return 0
	}
	if bytes.HasPrefix(b, []byte("[pod/")) {
		h.setHost(b[1:end])
		return end + 2
	}
	if len(bytes.TrimLeft(b[1:end], " .<>0123456789")) > 0 {
		return 0
	}
	if n := h.scanSource(b[end+2:]); n > 0 {
		return end + 2 + n
	}
	return 0
}

// maxName is the longest name of a host or of a container that is one.
const maxName = 255

// setHost takes the name of the host. The outermost wrapper knows best where the line was logged.
func (h *linePrefix) setHost(name []byte) {
	if h.host == nil && len(name) <= maxName && string(name) != "-" {
		h.host = name
	}
}

// scanService reads the name that docker compose puts before a line: `exim-1  | `.
func (h *linePrefix) scanService(b []byte) int {
	name := tokenEnd(b)
	i := len(b) - len(bytes.TrimLeft(b[name:], " "))
	if name == 0 || name == i || i-name > maxName || !bytes.HasPrefix(b[i:], []byte("| ")) {
		return 0
	}
	h.setHost(b[bytes.LastIndexByte(b[:name], ':')+1 : name]) // behind what grep put there
	return i + len("| ")
}

// fileName reads what grep puts before a line: the name of a file, a line's number, or both, each with a colon, or with
// a hyphen around a match. The line that follows begins with a time.
func fileName(b []byte) int {
	const longest = 4096 // bytes: PATH_MAX
	token := b[:min(tokenEnd(b), longest)]
	for i, c := range token {
		if (c == ':' || c == '-') && i > 0 {
			var s stamp
			if rest := b[i+1:]; isStamp(rest) || s.clockTime(rest) > 0 {
				return i + 1
			}
		}
	}
	return 0
}

// lineNumber reads what cat -n puts before a line.
func lineNumber(b []byte) int {
	i := len(b) - len(bytes.TrimLeft(b, " "))
	if n := digitsLength(b[i:]); n > 0 && i+n < len(b) && b[i+n] == '\t' {
		return i + n + 1
	}
	return 0
}

// maxWords is how many words may stand between a syslog message's time and its tag: the host, its facility and level.
const maxWords = 3

// scanSource reads what follows the time: host, facility and level, and a tag; or what a container's runtime puts
// there. It returns 0 if there is none of these.
func (h *linePrefix) scanSource(b []byte) int {
	if h.startsExim(b) {
		return 0
	}
	if n := stream(b); n > 0 {
		return n
	}
	var host []byte
	i := 0
	for range maxWords + 1 {
		end := i + tokenEnd(b[i:])
		if end == i || end+1 >= len(b) {
			return 0
		}
		word := b[i:end]
		i = end + 1
		if n := len(word) - 1; word[n] == ':' && n > 0 {
			h.tag = word[:n]
			h.setHost(host)
			return i + solarisID(b[i:])
		}
		if host == nil && !isLevel(word) {
			host = word
		}
	}
	return 0
}

// stream reads the stream of a container's runtime and whether the line is whole: `stdout F ` (Kubernetes' CRI).
func stream(b []byte) int {
	if !beginsWith(b, "stdout ", "stderr ") {
		return 0
	}
	i := len("stdout ")
	if n := tokenEnd(b[i:]); n > 0 && i+n < len(b) {
		return i + n + 1
	}
	return 0
}

// solarisID reads `[ID 197553 mail.info] `.
func solarisID(b []byte) int {
	if !bytes.HasPrefix(b, []byte("[ID ")) {
		return 0
	}
	if i := bytes.Index(b, []byte("] ")); i > 0 && i < maxName {
		return i + len("] ")
	}
	return 0
}

// isLevel tells whether a word is a facility with a level: `mail.info`, `<mail.info>`.
func isLevel(word []byte) bool {
	if len(word) > 2 && word[0] == '<' && word[len(word)-1] == '>' {
		return true
	}
	_, level, ok := bytes.Cut(word, []byte{'.'})
	if !ok {
		return false
	}
	switch string(level) {
	case "emerg", "panic", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug":
		return true
	}
	return false
}
