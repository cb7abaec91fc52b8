package tailer

import (
	"bytes"
	"iter"
)

// A Batch is a block of whole lines of one file, one after the other, none longer than MaxLine. Their bytes are as in
// the log.
type Batch struct {
	Text   []byte   // each line with its LF; good until the callback that got it returns
	File   string   // as in Line
	Number int64    // of the first line, as in Line
	Lines  int64    // how many they are
	End    Position // of the byte after the last LF
}

// Begin is the byte of the file, uncompressed, at which Text begins. It lies behind all bytes that a fingerprint
// covers. So the positions of the lines differ only in their Offset.
func (r Batch) Begin() int64 { return r.End.Offset - int64(len(r.Text)) }

// All yields the lines one by one.
func (r Batch) All() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		line := Line{File: r.File, Number: r.Number, End: r.End}
		line.End.Offset = r.Begin()
		for text := range bytes.Lines(r.Text) {
			line.Text = text[:len(text)-1]
			line.End.Offset += int64(len(text))
			if !yield(line) {
				return
			}
			line.Number++
		}
	}
}

// batchLength is how many bytes at the start of text are whole lines, each with its LF and none longer than MaxLine.
func batchLength(text []byte) (n int) {
	for n < len(text) {
		end := bytes.LastIndexByte(text[n:min(n+MaxLine+1, len(text))], '\n') + 1
		if end == 0 {
			break
		}
		n += end
	}
	return n
}

// nextBatch gives the lines of the chunk that may be handed over together. ok is false if there are none.
func (s *segment) nextBatch() (r Batch, ok bool) {
	if nuls, _ := splitHead(s.head); s.overlong > 0 || s.offset < nuls+headLength {
		return Batch{}, false
	}
	text := s.chunk[:batchLength(s.chunk)]
	if len(text) == 0 {
		return Batch{}, false
	}
	r = Batch{Text: text, File: s.path, Number: s.number + 1, Lines: int64(bytes.Count(text, lineFeed))}
	s.chunk = s.chunk[len(text):]
	s.offset += int64(len(text))
	s.number += r.Lines
	r.End = s.position()
	return r, true
}

var lineFeed = []byte{'\n'}
