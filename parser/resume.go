package parser

import "time"

// Here is what lets several Readers read a log together: each begins in the middle, and goes on for the one before it.

// Reach is how far behind a line, in bytes, what is told of other lines may depend on it, if none is held behind that.
const Reach = maxEntry

// Last is the latest stamp read that named no zone; zero before there was one. Given to Resume of another Reader it
// makes that one read on as this one would, if this one is Blank.
func (r *Reader) Last() time.Time { return r.clock.last }

// Resume is for a Reader that begins in the middle of a log, behind a stamp that was read before.
func (r *Reader) Resume(last time.Time) { r.clock.last = last }

// Restart makes the Reader read on at another place of the log, of which nothing is known: what was held is
// forgotten, and how lines were judged.
func (r *Reader) Restart() {
	r.clock.last, r.clock.ambiguous = time.Time{}, false
	was := &r.pending
	r.pending = pendingLines{
		base: was.base, items: was.base[:0], stamps: earliestStamps{was.stamps.all[:0]}, text: was.text[:0], spare: was.spare,
	}
	r.split, r.lastSecond, r.judgement = splitEntries{}, stampSecond{}, judgeState{}
}

// Independent tells whether what was told since Restart is what would have been told by a Reader that goes on behind
// a Blank one. A stamp of an hour that occurs twice isn't.
func (r *Reader) Independent() bool { return !r.clock.ambiguous }

// Blank tells whether nothing that was read changes what is told of lines to come, but for Last.
func (r *Reader) Blank() bool { return !r.isPending() }

// Holding tells whether lines are held that a Flush would read.
func (r *Reader) Holding() bool { return len(r.pending.items) > 0 || r.split.any() }

// Oldest gives the place of the first line that is held; zero if none is. It knows nothing of entries in pieces.
func (r *Reader) Oldest() Place {
	if len(r.pending.items) == 0 {
		return Place{}
	}
	return r.pending.items[0].place
}

// InPieces tells whether entries are held of which not all pieces have come.
func (r *Reader) InPieces() bool { return r.split.any() }

// Since gives the line from which on some have been held without a break, how many bytes ago it began, and what Last
// was there. It is for a Reader that is Holding; ok is false where that can't be told.
func (r *Reader) Since() (line, bytes int64, last time.Time, ok bool) {
	w := &r.pending
	ok = len(w.items) > 0 && !r.split.any() && !w.since.pieces // else what was told later begins before
	return w.since.line, w.bytesRead - w.since.start, w.since.lastStamp, ok
}

// TakeOver makes the Reader go on for another one, which is to Restart. The lines that this one has read are so many
// more than those that the other one has counted.
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
