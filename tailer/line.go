package tailer

// MaxLine is the longest line handed over whole, in bytes without its LF. Exim writes at most 8192 (LOG_BUFFER_SIZE in
// its macros.h); anything above this is not Exim's, and is handed over as its first MaxLine bytes with Line.Long set.
const MaxLine = 64 << 10

// A Line is one line of a log, with its bytes as they are: NUL, CR and invalid UTF-8 included.
type Line struct {
	Text   []byte   // without its LF; good until the callback that got it returns
	File   string   // the path under which its file was opened, for people
	Number int64    // from 1, counted from the start of its file
	End    Position // of the byte after its LF
	Torn   bool     // the last line of a finished file, without an LF
	Long   bool     // longer than MaxLine: Text is the first MaxLine bytes of it
	// Late is true of a line written to a rotated file after the next file had begun. Its End lies before the End
	// of earlier lines, so reading can't begin there.
	Late bool
}

// Totals count what was handed over.
type Totals struct {
	Lines int64 // long and torn ones included
	Bytes int64 // LFs and what was left out of long lines included
	Long  int64 // lines longer than MaxLine
}
