package window

// limits are bounds of what Counters hold, whatever the log says. The package's doc comment says what each costs when
// it is reached, and Stats counts it. Tests set lower ones than defaultLimits.
type limits struct {
	keys, keyText, buckets     int // of one table
	distinct                   int // values of one table
	levelSize                  int // distinct values
	rows, text                 int // of the arrival log
	open, tallied, talliedText int // of alerts
	incidents                  int // that are over and may go on
}

var defaultLimits = limits{
	// How many values of one key count in one scope at a time: more than all customers of a large provider. With one
	// rule a value takes 64 bytes, and its buckets and text.
	keys: 1 << 20,
	// How many bytes the values of one key may have together: 64 for each of keys. A line of Exim's log has room for a
	// value of 8 kB.
	keyText: 64 << 20,
	// How many seconds of all values of one key are held. Each takes 40 bytes, so all take 160 MiB.
	buckets: 1 << 22,
	// How many distinct values are held of all values of one key. Each takes some 70 bytes, so all take 280 MiB.
	distinct:  1 << 22,
	levelSize: maxLevelSize,
	// How many arrivals the arrival log holds, and how many bytes they take: 192 for each, where 100 to 150 are usual.
	rows: 1 << 21,
	text: 192 << 21,
	// How many alerts may be open: more than anyone reads.
	open: 10_000,
	// How many ValueCounts all open alerts have together: about 100 for each of open. Each takes about 100 bytes and
	// its text.
	tallied: 1 << 20,
	// How many bytes the values in them have together. They stay when the arrival log drops the arrivals.
	talliedText: 128 << 20,
	// How many incidents are remembered that are over. Each takes some 400 bytes and its value.
	incidents: 30_000,
}

const (
	// maxLevelSize is how many distinct values a level holds. Up to this number counts are exact: see Distinct values
	// in the package's doc comment.
	maxLevelSize = 1024
	// maxCandidates is how many counters are looked at to find one to drop. A value that was seen twice stays while one
	// of the 63 beside it was seen once. It takes about a microsecond.
	maxCandidates = 64
)
