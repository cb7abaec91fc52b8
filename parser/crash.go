package parser

import "bytes"

// A crash leaves two things in a log: zeros, where blocks were never written, and an entry that breaks off, with the
// next one, often of Exim's start, right behind it. No client can write either: Exim logs a NUL as `?`.

// skipNULs gives the text of a line that holds NULs. If an entry begins behind them, what stands before them was torn.
func (r *Reader) skipNULs(p Place, line []byte) []byte {
	last := bytes.LastIndexByte(line, 0)
	behind, before := line[last+1:], bytes.TrimRight(line[:last], "\x00")
	if _, stamped := scanPrefix(behind); len(bytes.Trim(before, "\x00")) == 0 || !stamped {
		return bytes.ReplaceAll(line, []byte{0}, nil)
	}
	if h, ok := looksLikeArrival(bytes.TrimLeft(before, "\x00")); ok {
		r.entry = Entry{
			Kind: Malformed, Place: p, Column: len(before), Torn: true, Text: before,
			Reason: "a crash has torn the entry",
		}
		r.report(&h)
	}
	return behind
}

// endsInDaemonStart tells whether a line that can't be read ends in the entry that Exim logs when its daemon starts:
// `STAMP exim 4.96 daemon started: pid=…`. No client gets that to the end of a line, as items follow whatever a client
// writes.
func endsInDaemonStart(line []byte) bool {
	const started, exim = " daemon started: pid=", " exim "
	i := bytes.LastIndex(line, []byte(started))
	if i < 0 || len(line) > mostItems || bytes.IndexByte(line[i+len(started):], '=') >= 0 {
		return false
	}
	k := bytes.LastIndex(line[:i], []byte(exim))
	if k < 0 || bytes.IndexByte(line[k+len(exim):i], ' ') >= 0 {
		return false
	}
	const longest = len("yyyy-mm-dd hh:mm:ss.mmm +hhmm [1234567890]")
	for at := max(k-longest, 0); at < k; at++ {
		if isStamp(line[at : k+1]) {
			return true
		}
	}
	return false
}
