package window

// Bounds of what Counters hold, whatever the log says. The package's doc comment says what each costs when it is
// reached, and Stats counts it.
const (
	// maxKeys is how many values of one key count in one scope at a time: more than all customers of a large provider.
	// With one rule a value takes 64 bytes, and its buckets and text.
	maxKeys = 1 << 20
	// maxKeyText is how many bytes the values of one key may have together: 64 for each of maxKeys. A line of Exim's
	// log has room for a value of 8 kB.
	maxKeyText = 64 << 20
	// maxBuckets is how many seconds of all values of one key are held. Each takes 40 bytes, so all take 160 MiB.
	maxBuckets = 1 << 22
	// maxDistinctValues is how many distinct values are held of all values of one key. Each takes some 70 bytes, so all
	// take 280 MiB.
	maxDistinctValues = 1 << 22
	// maxLevelSize is how many distinct values a level holds. Up to this number counts are exact: see Distinct values
	// in the package's doc comment.
	maxLevelSize = 1024
	// maxRows is how many arrivals the arrival log holds, and maxText how many bytes they take: 192 for each, where 100
	// to 150 are usual.
	maxRows = 1 << 21
	maxText = maxRows * 192
	// maxOpen is how many alerts may be open: more than anyone reads.
	maxOpen = 10_000
	// maxTallied is how many ValueCounts all open alerts have together: about 100 for each of maxOpen. Each takes about
	// 100 bytes and its text.
	maxTallied = 1 << 20
	// maxTalliedText is how many bytes the values in them have together. They stay when the arrival log drops the
	// arrivals.
	maxTalliedText = 128 << 20
	// maxCandidates is how many counters are looked at to find one to drop. A value that was seen twice stays while one
	// of the 63 beside it was seen once. It takes about a microsecond.
	maxCandidates = 64
)

// limits are the bounds in force. Tests set lower ones.
type limits struct {
	keys, keyText, buckets     int // of one table
	distinct                   int // values of one table
	levelSize                  int // distinct values
	rows, text                 int // of the arrival log
	open, tallied, talliedText int // of alerts
}

var defaultLimits = limits{
	keys: maxKeys, keyText: maxKeyText, buckets: maxBuckets, distinct: maxDistinctValues, levelSize: maxLevelSize,
	rows: maxRows, text: maxText,
	open: maxOpen, tallied: maxTallied, talliedText: maxTalliedText,
}
