package parser

import "bytes"

// submission reads a `cwd=` line, which Exim writes with +arguments whenever it is called. False: it breaks off.
func (r *Reader) submission(p Place, h head, rest []byte) bool {
	if !bytes.HasPrefix(rest, []byte("cwd=")) {
		return true
	}
	i, n := argumentsStart(rest)
	if n == 0 {
		return !r.mayHold(h)
	}
	r.entry = Entry{Kind: Submission, Place: p, Directory: rest[len("cwd="):i], Arguments: bytes.TrimPrefix(rest[i+n:], []byte(" "))}
	if isSubmission(r.entry.Arguments) {
		r.emit(&r.entry)
	}
	return true
}

// argumentsStart finds ` N args:` and gives its place and length.
func argumentsStart(b []byte) (at, n int) {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(" args:"))
		if i < 0 {
			return 0, 0
		}
		i += from
		start := i
		for start > 0 && isDigit(b[start-1]) {
			start--
		}
		if start < i && start > 0 && b[start-1] == ' ' {
			return start - 1, i + len(" args:") - (start - 1)
		}
		from = i + 1
	}
}

// isSubmission tells whether Exim was called to take a message: not to work on its queue (-M…, -q…, -R, -S), to print (-b…),
// or for a bounce that Exim itself makes (-E…).
func isSubmission(arguments []byte) bool {
	for argument := range bytes.SplitSeq(arguments, []byte(" ")) {
		if len(argument) < 2 || argument[0] != '-' {
			continue
		}
		switch argument[1] {
		case 'M', 'q', 'R', 'S', 'E':
			return false
		case 'b':
			switch string(argument) {
			case "-bm", "-bs", "-bS":
			default:
				return false
			}
		}
	}
	return true
}

// identification reads cPanel's line that names the user who sends a message.
func (r *Reader) identification(p Place, h head, rest []byte) {
	i := bytes.Index(rest, []byte(" U="))
	if i < 0 {
		return
	}
	user := rest[i+3:]
	r.entry = Entry{Kind: Identification, Place: p, MessageID: h.id, User: user[:tokenEnd(user)]}
	r.emit(&r.entry)
}
