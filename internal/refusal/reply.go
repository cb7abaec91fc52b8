package refusal

import "bytes"

// preambles are what Exim writes before the command that was refused (transports/smtp.c, check_response();
// transports/lmtp.c). The second is that of Exim before 4.70.
var preambles = [...]string{
	"SMTP error from remote mail server after ", "SMTP error from remote mailer after ", "LMTP error after ",
}

// cutPreamble removes what Exim writes before the reply of a server: that it is an error, and after which command. Old
// versions also name the host. Recipient is the local part of the address, if the command was RCPT TO. A text without a
// reply is returned as it is.
func cutPreamble(text []byte) (reply, recipient []byte) {
	for _, preamble := range preambles {
		if !bytes.HasPrefix(text, []byte(preamble)) {
			continue
		}
		rest := text[len(preamble):]
		end := commandLen(rest)
		if end < 0 {
			break
		}
		if _, address, ok := bytes.Cut(rest[:end], []byte("RCPT TO:<")); ok {
			if at := bytes.LastIndexByte(address, '@'); at > 0 {
				recipient = address[:at]
			}
		}
		return cutHost(rest[end+len(": "):]), recipient
	}
	return text, nil
}

// commandLen returns the length of the SMTP command that b begins with; -1 if no reply follows it. A colon ends it,
// except in a quoted local part.
func commandLen(b []byte) int {
	quoted := false
	for i := 0; i+1 < len(b); i++ {
		switch {
		case b[i] == '"':
			quoted = !quoted
		case b[i] == '\\' && quoted:
			i++
		case b[i] == ':' && b[i+1] == ' ' && !quoted:
			return i
		}
	}
	return bytes.Index(b, []byte(": "))
}

// cutHost removes `host NAME [IP]: `.
func cutHost(b []byte) []byte {
	rest, ok := bytes.CutPrefix(b, []byte("host "))
	if !ok {
		return b
	}
	if i := bytes.IndexByte(rest, ' '); i > 0 && i+1 < len(rest) && rest[i+1] == '[' {
		if _, reply, ok := bytes.Cut(rest[i:], []byte("]: ")); ok {
			return reply
		}
	}
	return b
}

// codes reads the codes that a line begins with, such as `550-5.7.1` (RFC 5321, section 4.2.1; RFC 3463). It writes
// them if this is the first line.
func (f *folder) codes(first bool) {
	if n := codeLen(f.rest); n > 0 {
		f.code(n, first)
		if len(f.rest) > 0 && f.rest[0] != '\n' {
			f.rest = f.rest[1:] // the - or space
			f.space()
		}
	}
	if len(f.rest) > 0 && f.rest[0] == '#' && enhancedLen(f.rest[1:]) > 0 {
		f.rest = f.rest[1:] // as Cisco's servers write it: `550 #5.1.0 Address rejected`
	}
	f.code(enhancedLen(f.rest), first)
}

// code reads a code of n bytes, and writes it if this is the first line.
func (f *folder) code(n int, first bool) {
	if first {
		f.out = append(f.out, f.rest[:n]...)
	}
	f.rest = f.rest[n:]
}

// codeLen returns 3 if b begins with the code of a reply, else 0.
func codeLen(b []byte) int {
	if len(b) < 3 || b[0] < '2' || b[0] > '5' || !isDigit(b[1]) || !isDigit(b[2]) {
		return 0
	}
	if len(b) > 3 && b[3] != ' ' && b[3] != '-' && b[3] != '\n' {
		return 0
	}
	return 3
}

// enhancedLen returns the length of the enhanced status code that b begins with, such as 5.7.26; 0 if there is none.
func enhancedLen(b []byte) int {
	if len(b) < len("5.7.1") || b[0] != '2' && b[0] != '4' && b[0] != '5' {
		return 0
	}
	subject := numberLen(b[1:])
	detail := numberLen(b[1+subject:])
	n := 1 + subject + detail
	if subject == 0 || detail == 0 || n < len(b) && isLetter(b[n]) || numberLen(b[n:]) > 0 {
		return 0
	}
	return n
}

// numberLen returns the length of the dot and the one to three digits that b begins with; 0 if there are none.
func numberLen(b []byte) int {
	n := 1
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if len(b) == 0 || b[0] != '.' || n == 1 || n > len(".999") {
		return 0
	}
	return n
}
