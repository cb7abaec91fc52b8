package web

import (
	"context"
	"time"

	"exiwatch/window"
)

// A Source is who owns the counters. What it returns is the caller's, and doesn't change.
type Source interface {
	// Now tells how things stand.
	Now(ctx context.Context) (*Snapshot, error)
	// Who tells how a value of some keys stands under each rule on them, and which alerts on it are open.
	Who(ctx context.Context, keys []window.Key, value string) ([]window.Standing, []Alert, error)
	// Check finds out whether all is in order, which may take its time.
	Check(ctx context.Context) []Finding
}

// A Now is how things stand at a moment.
type Snapshot struct {
	At      time.Time // wall clock
	Second  int64     // by the counters' clock
	Book    *View
	Rules   []window.Rule
	Scopes  []int             // of each rule, as in window.Arrival.Outside
	Ranking []window.Standing // those nearest to their limits
	Open    []Alert           // the worst first: MaxOpen at most
	Opens   int               // how many are open
	Ended   []Alert           // those of the last that have ended, the newest first: MaxEnded at most
	Since   time.Time         // when the daemon started
	Logs    []LogStatus
	Waiting int // mails in the spool
	Keys    int // values held of all rules
}

// How many are told of.
const (
	MaxOpen    = 30
	MaxEnded   = 200
	MaxRanking = 50
)

// A Log is how far a log is read.
type LogStatus struct {
	Path   string
	Read   bool      // to its end, once
	Behind int64     // bytes that are still to be read
	Stamp  time.Time // of the last line; zero: none yet
	Change time.Time // when the file was last written; zero: it isn't there
	Waits  string    // why it isn't read on: a file of it can't be read; empty: it is
	Since  time.Time // when that began
}

// A Finding is what a check says.
type Finding struct {
	Check, Status, Detail, Hint string // Status is pass, warn or fail
}

// An Alert is one as it was at a moment, with what the page shows beside its totals.
type Alert struct {
	*window.Alert       // a copy, without what was tallied
	Current       int64 // the count now, in one window
	Topics        []window.TopicRow
	Groups        []Group
}

// A Group ranks the values of a key.
type Group struct {
	Key   window.Key
	Rows  []window.Row
	Of    int64 // messages that have a value
	Count int   // how many values there are
	More  bool  // and others beyond these
}

// maxGroup is how many rows are told of a group.
const maxGroup = 5

// alertKeys are what is told of an alert beside its topics.
var alertKeys = [...]window.Key{window.Account, window.Host, window.Network, window.Sender, window.RecipientDomain,
	window.Helo, window.Protocol}

// NewAlert copies an alert with the count that it has now. It is to be called by whom the alert belongs to.
func NewAlert(a *window.Alert, count int64) Alert {
	n := Alert{Alert: a.Summary(), Current: count, Topics: a.Topics(maxGroup)}
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

// Over tells whether the count is above the limit at the moment.
func (a Alert) Over() bool { return a.Current > a.Limit }
