package tailer

// MaxLine is the longest line handed over whole, in bytes without its LF. Exim writes at most 8192 (LOG_BUFFER_SIZE in
// its macros.h); anything above this is not Exim's, and is handed over as its first MaxLine bytes with Line.Long set.
const MaxLine = 64 << 10

// A Line is one line of a log, bytes as they are: NUL, CR and invalid UTF-8 included.
type Line struct {
	Text   []byte   // without its LF; good until the callback that got it returns
	File   string   // the path under which its file was opened, for people
	Number int64    // from 1, counted from the start of its file
	End    Position // of the byte after its LF
	Torn   bool     // the last line of a finished file, which had no LF
	Long   bool     // longer than MaxLine: Text is the first MaxLine bytes of it
	// Late is a line written to a cycled file after the next one had begun: its End lies before those of lines handed
	// over earlier, so it is no place to begin from.
	Late bool
}

// Totals are what Cut has handed over.
type Totals struct {
	Lines int64 // long and torn ones included
	Bytes int64 // LFs and what was left out of long lines included
	Long  int64 // lines longer than MaxLine
}
