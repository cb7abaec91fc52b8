package mailer

// What is wrong with an entry of the log: the values of window.Anomaly.
const (
	Overflowed  = "overflowed"    // Exim cut the entry at the size of its log buffer
	TwoReadings = "two readings"  // it can be read in two ways
	MayBeForged = "may be forged" // it may stand inside another entry
	Forged      = "forged"        // it stands inside another entry, or ends one that does
	Unreadable  = "can't be read" // an arrival that has not Exim's form
)
