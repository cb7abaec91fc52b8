package parser

import "time"

// With these methods several Readers can share a log: each begins in the middle, and goes on for the one before it.

// Reach is how far, in bytes, a line can change what is emitted of other lines behind it, if none is pending there.
const Reach = maxEntry

// Last is the latest stamp read that named no zone; zero if there was none. A Reader that gets it by Resume reads on as
// this one would, if this one is Blank.
func (r *Reader) Last() time.Time { return r.clock.last }

// Resume is for a Reader that begins in the middle of a log. last is the Last of the Reader of the lines before.
func (r *Reader) Resume(last time.Time) { r.clock.last = last }

// Restart makes the Reader go on at another place of the log, of which nothing is known. It forgets what is pending,
// and how it judged the lines.
func (r *Reader) Restart() {
	r.clock.last, r.clock.ambiguous = time.Time{}, false
	was := &r.pending
	r.pending = pendingLines{
		base: was.base, items: was.base[:0], text: was.text[:0], spare: was.spare,
		stamps: was.stamps[:0],
	}
	r.split, r.lastSecond, r.judgement = splitEntries{}, stampSecond{}, judgeState{}
}

// Independent tells whether a Reader that went on behind a Blank one would have emitted the same as this one has since
// Restart. It is false after a stamp of an hour that occurs twice.
func (r *Reader) Independent() bool { return !r.clock.ambiguous }

// Blank tells whether nothing that was read, except Last, changes what is emitted of later lines.
func (r *Reader) Blank() bool { return !r.isPending() }

// Holding tells whether there are pending lines, which Flush would read.
func (r *Reader) Holding() bool { return len(r.pending.items) > 0 || r.InPieces() }

// Held says how much of what a Reader has read is pending.
type Held struct {
	Bytes  int64 `json:"bytes,omitempty"`  // how long ago the first of the lines began
	Pieces int   `json:"pieces,omitempty"` // entries of which not all pieces have come
}

// Held is what Flush would read.
func (r *Reader) Held() (held Held) {
	if w := &r.pending; len(w.items) > 0 {
		held.Bytes = w.bytesRead - w.items[0].start
	}
	held.Pieces = len(r.split.parts)
	return held
}

// Oldest gives the place of the first pending line; zero if there is none. It doesn't know of entries in pieces.
func (r *Reader) Oldest() Place {
	if len(r.pending.items) == 0 {
		return Place{}
	}
	return r.pending.items[0].place
}

// InPieces tells whether there are entries of which not all pieces have come.
func (r *Reader) InPieces() bool { return len(r.split.parts) > 0 }

// Since gives the line from which on lines have been pending without a break, how many bytes ago it began, and what
// Last was there. It is for a Reader that is Holding. ok is false if it can't tell.
func (r *Reader) Since() (line, bytes int64, last time.Time, ok bool) {
	w := &r.pending
	ok = len(w.items) > 0 && !r.InPieces() && !w.since.pieces // else something emitted later begins earlier
	return w.since.line, w.bytesRead - w.since.start, w.since.lastStamp, ok
}

// TakeOver makes the Reader go on for from, which must Restart afterwards. before is how many more lines this Reader
// has read than from has counted.
func (r *Reader) TakeOver(from *Reader, before int64) {
	if !from.clock.last.IsZero() {
		r.clock.last = from.clock.last
	}
	r.pending, from.pending = from.pending, r.pending
	r.split, from.split = from.split, splitEntries{}
	for i := range r.pending.items {
		r.pending.items[i].place.Line += before
	}
	r.pending.since.line += before
	for i := range r.split.parts {
		r.split.parts[i].place.Line += before
	}
}
