package window

// Bounds of what Counters hold, whatever the log says. What each costs when it is reached is told in the package's
// comment and counted in Stats.
const (
	// maxKeys is how many values of one key with rules in one scope are counted at a time: more than all customers of
	// a large provider. With one rule a value takes 64 bytes beside its buckets and its text.
	maxKeys = 1 << 20
	// maxKeyText is how many bytes the values counted of one key may have together: 64 for each of maxKeys, as a line
	// of Exim's log has room for a value of 8 kB.
	maxKeyText = 64 << 20
	// maxBuckets is how many seconds of all values of one key are held: of 40 bytes each, so 160 MiB.
	maxBuckets = 1 << 22
	// maxDistinctValues is how many inner values of all values of one key are held for rules that count distinct ones: each
	// takes some 70 bytes, so 280 MiB.
	maxDistinctValues = 1 << 22
	// maxLevelSize is how many inner values are held of one class, so that up to as many are counted exactly; see
	// Distinct values in the package's comment.
	maxLevelSize = 1024
	// maxRows is how many arrivals history holds, and maxText how many bytes they take: 192 for each, where 100 to
	// 150 are usual.
	maxRows = 1 << 21
	maxText = maxRows * 192
	// maxOpen is how many alerts may be open: more than anyone reads.
	maxOpen = 10_000
	// maxTallied is how many rows the tallies of all open alerts have together: of about 100 bytes each beside their
	// text, and 100 for each of maxOpen alerts.
	maxTallied = 1 << 20
	// maxTalliedText is how many bytes the values in these rows have together; a tally keeps them when history doesn't.
	maxTalliedText = 128 << 20
	// maxCandidates is how many counters are looked at to find one to drop: a value that was seen twice stays while one
	// of the 63 beside it was seen once. It takes about a microsecond.
	maxCandidates = 64
)

// limits are the bounds in force; tests set them lower.
type limits struct {
	keys, keyText, buckets     int // of one family
	distinct                   int // of one family
	levelSize                  int // inner values
	rows, text                 int // of history
	open, tallied, talliedText int // of alerts
}

var defaultLimits = limits{
	keys: maxKeys, keyText: maxKeyText, buckets: maxBuckets, distinct: maxDistinctValues, levelSize: maxLevelSize,
	rows: maxRows, text: maxText,
	open: maxOpen, tallied: maxTallied, talliedText: maxTalliedText,
}
