package metrics

import (
	"time"

	"exiwatch/window"
)

// A Snapshot is what one scrape exports. Its counts begin with the daemon, without what the daemon reads again at its
// start to rebuild the counters.
type Snapshot struct {
	Lines, Bytes                                          int64 // of the logs
	Arrivals, Malformed, Overflowed, Suspicious, Injected int64 // of report.Tally
	Logs                                                  []Log
	Rules                                                 []Rule
	Incidents                                             int          // open ones
	Lost                                                  window.Stats // what the bounds have cost
	Channels                                              []Channel
	Skipped                                               int64 // files of logs that were left out
	Silences                                              int   // accounts whose updates are held
	Unspooled                                             int   // events whose mail can't be spooled yet
	// how long the counters were rebuilt, or have been so far
	Rebuild time.Duration
	Socket  *SocketStats // nil: there is none
	Fleet   *Fleet       // nil: this host is in none
	// snapshots in which the counts are those of the one before, as the counters were busy
	Stale int64
}

// A Log is one of those that are followed.
type Log struct {
	Path   string
	Behind int64         // bytes of it that are written and not counted
	Idle   time.Duration // since its last line was counted, or since the daemon began

	NotUnderstood, Foreign int64 // lines: of parser.Judgement
}

// A Rule is one of the configuration.
type Rule struct {
	Name   string // each another
	Keys   int    // values that are counted; rules on one key in one scope have theirs together
	Open   int    // alerts
	Opened int64  // alerts
}

// A Channel is a way of notification: mail, hook or webhook. The counts are of attempts.
type Channel struct {
	Name                            string
	Sent, Partly, Deferred, Refused int64
	Waiting                         int
	Oldest                          time.Duration // how long the first of them has waited
}

// A SocketStats has the requests on the socket.
type SocketStats struct {
	Answers map[string]int64   // by what was answered
	Refused int64              // connections
	Seconds float64            // that all answers took together
	Within  map[float64]uint64 // answers that took so many seconds or less
}

// A Fleet is this host's part in a fleet.
type Fleet struct {
	Name     string // of the fleet
	EngineUp bool   // the engine has answered the last question; true without an engine
	Degraded bool   // the fleet gives no verdicts: this host counts alone
	Leading  bool
	// Lag is how long ago the second is up to which the fleet has been counted, as far as this host knows.
	Lag           time.Duration
	Hosts, Silent int // that publish, and those of them that say nothing

	Arrivals, Late, Rewinds int64 // of fleet.LeaderStats; 0 while another host leads

	Batches, Appended int64 // batches, and arrivals in them, that this host has appended
	// PublishBytes is what of the logs has been read and isn't in the engine yet; PublishLag is how long the oldest
	// arrival of it has waited, 0 if there is none.
	PublishBytes int64
	PublishLag   time.Duration
}
