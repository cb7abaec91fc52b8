package web

import (
	"context"
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// A Source owns the counters. Its results belong to the caller, and don't change.
type Source interface {
	// Now takes a snapshot.
	Now(ctx context.Context) (*Snapshot, error)
	// Who gives the standing of a value under each rule on the keys, and the open alerts on it.
	Who(ctx context.Context, keys []window.Key, value string) ([]window.Usage, []Alert, error)
	// Search looks for arrivals in the logs, and tells how much of them it has read.
	Search(ctx context.Context, s *Search, progress func(float64)) (*Found, error)
	// Check runs the checks, which may take a while.
	Check(ctx context.Context) []Finding
}

// A Snapshot is the state at one moment.
type Snapshot struct {
	At       time.Time // wall clock
	Second   int64     // by the counters' clock
	Arrivals *BufferSnapshot
	Rules    []window.Rule
	Scopes   []int            // each rule's scope, as in window.Arrival.Outside
	Ranking  []window.Usage   // of all rules, closest to their limits first
	ByRule   [][]window.Usage // of each rule, likewise
	Open     []Alert          // the worst first, at most MaxOpen
	Opens    int              // how many are open
	Ended    []Alert          // the newest first, at most MaxEnded
	Since    time.Time        // when the daemon started
	Logs     []LogStatus
	Waiting  int // mails in the spool
	// Told says of each incident of Open and Ended what became of the last mail about it, such as "sent at 12:03:04".
	Told map[string]string
	Keys int // values counted, of all rules
	// Fleet is the one that the host is a member of; nil: none. Everything else is of this host alone.
	Fleet *FleetState
}

// How many entries a Snapshot has at most.
const (
	MaxOpen    = 30
	MaxEnded   = 200
	MaxRanking = 50
)

// A LogStatus says how far a log has been read.
type LogStatus struct {
	Path   string
	Read   bool      // to its end, at least once
	Behind int64     // unread bytes
	Stamp  time.Time // of the last line; zero: none yet
	Change time.Time // when the file was last written; zero: it is missing
	Waits  string    // why reading has stopped; empty: it has not
	Since  time.Time // when it stopped
}

// A Finding is the result of one check.
type Finding struct {
	Check, Status, Detail, Hint string // Status is pass, warn or fail
}

// An Alert is one as it was at a moment, with what the page shows beside its totals.
type Alert struct {
	*window.Alert       // a copy, without what was tallied
	Current       int64 // the count now, in one window
	Topics        []window.TopicCount
	Groups        []Group
	Outcome       mailer.Outcome
}

// A Group ranks the values of a key.
type Group struct {
	Key   window.Key
	Rows  []window.ValueCount
	Of    int64 // messages that have a value
	Count int   // how many values there are
	More  bool  // there are other values, which were not counted apart
}

// maxGroup is how many rows an alert's group has.
const maxGroup = 5

// alertKeys are the keys of an alert's groups.
var alertKeys = [...]window.Key{window.Account, window.Host, window.Network, window.Sender, window.RecipientDomain,
	window.Helo, window.Protocol}

// NewAlert copies an alert and adds its current count. Only the goroutine that owns the alert may call it.
func NewAlert(a *window.Alert, count int64) Alert {
	n := Alert{Alert: a.Summary(), Current: count, Topics: a.Topics(maxGroup), Outcome: mailer.OutcomeOf(a)}
	for _, k := range alertKeys {
		if k == a.Rule.Key {
			continue
		}
		g := Group{Key: k, Rows: a.Top(k, maxGroup), Of: a.Messages}
		if g.Count, g.More = a.Distinct(k); g.Count > 0 {
			n.Groups = append(n.Groups, g)
		}
	}
	return n
}

// Over tells whether the count is over the limit now.
func (a Alert) Over() bool { return a.Current > a.Limit }
