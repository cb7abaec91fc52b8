package parser

import "bytes"

// A Judgement says how much of a log was understood. Empty lines don't count. The zero value is that of no line.
type Judgement struct {
	Entries int64 // lines that begin an entry or belong to one
	Strange int64 // lines that look like Exim's, behind something unknown
	Foreign int64 // lines of syslog that another program wrote
	Others  int64 // all other lines

	// Exim is true if only Exim writes at least one of the Entries. Other programs write dates in the same form.
	Exim bool

	// The first line of each kind.
	FirstEntry, FirstStrange, FirstForeign, FirstOther Sample
}

// A Sample is a line and its place. Without a line, Line is 0.
type Sample struct {
	Place
	Text string // the first maxSample bytes
	Tag  string // of a foreign line: the program's name, as syslog has it, with its pid
}

// maxSample is how much of a line is kept, to be shown.
const maxSample = 200 // bytes

// NotUnderstood counts the lines that hide something, or may do so.
func (j *Judgement) NotUnderstood() int64 { return j.Strange + j.Others }

// Lines counts the lines that aren't empty.
func (j *Judgement) Lines() int64 { return j.Entries + j.Strange + j.Foreign + j.Others }

// First gives the first line that wasn't understood. ok is false if there is none.
func (j *Judgement) First() (first Sample, ok bool) {
	first = j.FirstStrange
	if other := j.FirstOther; first.Line == 0 || other.Line > 0 && other.Line < first.Line {
		first = other
	}
	return first, first.Line > 0
}

// Join adds the judgement of later lines. before is how many lines their places move by.
func (j *Judgement) Join(later *Judgement, before int64) {
	j.Entries += later.Entries
	j.Strange += later.Strange
	j.Foreign += later.Foreign
	j.Others += later.Others
	j.Exim = j.Exim || later.Exim
	mine := [...]*Sample{&j.FirstEntry, &j.FirstStrange, &j.FirstForeign, &j.FirstOther}
	for i, sample := range [...]Sample{later.FirstEntry, later.FirstStrange, later.FirstForeign, later.FirstOther} {
		if mine[i].Line == 0 && sample.Line > 0 {
			sample.Line += before
			*mine[i] = sample
		}
	}
}

// A judgeState makes a Judgement. Lines that fastLine reads are entries: only their number counts.
type judgeState struct {
	Judgement
	exceptions     int64  // lines that are no entries, empty ones too
	lines          int64  // all of them
	lastUnstamped  int64  // Place.Line of the last line that began no entry
	unstampedBytes int64  // bytes of the lines without a break up to it that began none
	detached       bool   // no entry stands above these lines
	raw            []byte // the line as logged, if the entry was taken out of JSON; else nil
}

// Judgement tells how the lines were judged that were read since NewReader, Restart or the last call.
func (r *Reader) Judgement() Judgement {
	j := r.judgement.Judgement
	j.Entries = r.judgement.lines - r.judgement.exceptions
	was := &r.judgement
	r.judgement = judgeState{
		lastUnstamped: was.lastUnstamped, unstampedBytes: was.unstampedBytes, detached: was.detached,
	}
	return j
}

// judge judges a line. stamped tells whether its prefix was found.
func (r *Reader) judge(p Place, h *linePrefix, stamped bool, line []byte) {
	j := &r.judgement
	switch {
	case !stamped && h.tag != nil && !looksLikeExim(line):
		if j.noteException(&j.Foreign, &j.FirstForeign, p, line); j.FirstForeign.Tag == "" {
			j.FirstForeign.Tag = string(h.tag)
		}
	case !stamped:
		r.judgeUnstamped(p, line)
	case h.id != nil:
		j.Exim = true
	case isBehindUnknown(line[h.length:]):
		j.noteException(&j.Strange, &j.FirstStrange, p, line)
	case isExim(h.tag) || !h.hasOwnStamp && h.piece.m <= 1:
		j.Exim = true
	default:
		j.noteStamped(p, line, line[h.length:])
	}
}

// judgeUnstamped judges a line that begins no entry. If it is indented, or stands behind the beginning of an entry of
// several lines, it belongs to the entry above it, as far as one can reach.
func (r *Reader) judgeUnstamped(p Place, line []byte) {
	j := &r.judgement
	if p.Line != j.lastUnstamped+1 {
		j.unstampedBytes, j.detached = 0, false
	}
	j.lastUnstamped = p.Line
	j.unstampedBytes += int64(len(line)) + 1
	switch {
	case len(trimCR(line)) == 0:
		j.exceptions++
	case looksLikeExim(line):
		j.noteException(&j.Strange, &j.FirstStrange, p, line)
	case !j.detached && j.unstampedBytes <= maxEntry && (isIndented(line) || r.mayEnd(line)):
		// It goes on with an entry.
	default:
		j.noteException(&j.Others, &j.FirstOther, p, line)
	}
}

// isIndented tells whether a line begins with white space, perhaps behind a wrapper.
func isIndented(line []byte) bool {
	var h linePrefix
	if line[0] != ' ' {
		line = line[min(h.scanWrapper(line), len(line)-1):]
	}
	return line[0] == ' ' || line[0] == '\t'
}

// mayEnd tells whether a line that begins no entry may end one of several lines, or stand inside it.
func (r *Reader) mayEnd(line []byte) bool {
	w := &r.pending
	return w.inReach && (w.open || w.finished || endsNear(line))
}

// judgeStamped judges a line with a stamp and without a message id behind it. b is what follows the stamp.
func (r *Reader) judgeStamped(p Place, line, b []byte) {
	if j := &r.judgement; isBehindUnknown(b) {
		j.noteException(&j.Strange, &j.FirstStrange, p, line)
	} else if !j.Exim {
		j.noteStamped(p, line, b)
	}
}

// noteStamped notes a stamped line that another program may have written. b is its text.
func (j *judgeState) noteStamped(p Place, line, b []byte) {
	if j.Exim = j.Exim || isEximText(b); j.FirstEntry.Line == 0 {
		j.FirstEntry = j.sample(p, line)
	}
}

// noteException counts a line that isn't an entry.
func (j *judgeState) noteException(n *int64, first *Sample, p Place, line []byte) {
	j.exceptions++
	j.lastUnstamped, j.detached = p.Line, true
	if *n++; *n == 1 {
		*first = j.sample(p, line)
	}
}

func (j *judgeState) sample(p Place, line []byte) Sample {
	if j.raw != nil {
		line = j.raw
	}
	return Sample{Place: p, Text: string(line[:min(len(line), maxSample)])}
}

// eximTexts begin entries without a message id that only Exim writes.
var eximTexts = []string{
	"cwd=", "exim ", "Start queue run: ", "End queue run: ", "Start '", "End '", "SMTP ", "H=", "TLS ",
	"no host name found ", "no IP address found ", "DNS list lookup ", "ident connection to ",
	"Warning: purging the environment", "Warning: No server certificate defined", "pid ", "SIGHUP received",
	"Exim configuration error", "rejected EHLO ", "rejected HELO ", "unexpected disconnection ", "refused connection ",
	"Connection from ", "Failed to get write lock ", "failed to open DB file ", "socket bind() to port ",
	"list matching forced to fail",
}

// isEximText tells whether b begins with one of them, or says, behind an authenticator's name, that a login failed.
func isEximText(b []byte) bool {
	name := bytes.IndexByte(b, ' ')
	return beginsWith(b, eximTexts...) ||
		name > 0 && beginsWith(b[name:], " authenticator failed for ", " authenticator deferred for ")
}

// flags stand behind the message id of an entry about a message (spec, "Summary of fields in log lines").
var flags = []string{"<= ", "(= ", "=> ", "-> ", ">> ", "*> ", "** ", "== ", "Completed"}

// isEntryOfMessage tells whether b begins with a message id and a flag.
func isEntryOfMessage(b []byte) bool {
	n := messageIDLength(b)
	return n > 0 && n < len(b) && beginsWith(b[n+1:], flags...)
}

// maxUnknown is how far behind a stamp or a tag an entry may begin: behind a zone of another form and a pid, or
// syslog's `[ID …]` and Exim's own stamp.
const maxUnknown = 80 // bytes

// isBehindUnknown tells whether an entry about a message stands near the beginning of b, but not at it, and not in a
// text that a client chose.
func isBehindUnknown(b []byte) bool {
	near := b[:min(len(b), maxUnknown)]
	for i := 0; ; {
		n := bytes.IndexByte(near[i:], ' ')
		if n < 0 {
			return false
		}
		i += n + 1
		if len(b)-i > 18 && b[i+6] == '-' && (b[i+13] == '-' || b[i+18] == '-') && isEntryOfMessage(b[i:]) {
			return !bytes.ContainsAny(b[:i], `=@<>"`) && !isEximText(b)
		}
	}
}

// looksLikeExim tells whether a line without a known prefix holds an entry about a message, or one of Exim's stamps
// with what only Exim writes.
func looksLikeExim(line []byte) bool {
	for i := range line {
		switch c := line[i]; {
		case i > 0 && isAlphanumeric(line[i-1]):
		case !isAlphanumeric(c):
		case isEntryOfMessage(line[i:]):
			return true
		case isStamp(line[i:]):
			var h linePrefix
			if rest := line[i+h.eximStamp(line[i:]):]; isEximText(rest[h.scanPID(rest):]) || isBehindUnknown(rest) {
				return true
			}
		}
	}
	return false
}
