package live

import (
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/window"
)

// A question is what the screen wants to know.
type query struct {
	key    window.Key
	window time.Duration
	order  order
	filter string // a glob, or what is to occur in the value; a CIDR of hosts

	index  int    // the row under the cursor
	value  string // follow this value, if it is there, instead
	follow bool

	top    int  // the first row on the screen
	rows   int  // that the screen has room for
	topics bool // there is room for topics

	open   bool  // about value alone
	frozen *asOf // about this moment, not about now
}

// A moment is how the log stood once: up to where arrivals are looked at, and what the header says of it.
type asOf struct {
	now   int64
	until uint64

	last      time.Time // the log's last arrival
	perMinute int64     // arrivals in the last minute of log time
	alerts    int       // open ones
}

// wanted tells which values of the key pass the filter.
func (q *query) wanted() func(string) bool {
	if q.filter == "" {
		return func(string) bool { return true }
	}
	p, err := config.NewPattern(q.key, q.filter)
	isNetwork := (q.key == window.Host || q.key == window.Network) && strings.Contains(q.filter, "/")
	if err != nil || !isNetwork && !strings.ContainsAny(q.filter, "*?") {
		p, _ = config.NewPattern(q.key, "*"+strings.ReplaceAll(q.filter, "/", "?")+"*") // a host's glob has no /
	}
	var a window.Arrival
	return func(value string) bool {
		a.Values[q.key] = []byte(value)
		return p.Match(&a)
	}
}

// clampCursor puts the cursor on one of n rows, and the rows that are shown around it.
func (q *query) clampCursor(n int) {
	q.index = max(min(q.index, n-1), 0)
	if q.index < q.top {
		q.top = q.index
	}
	if q.index >= q.top+q.rows {
		q.top = q.index - q.rows + 1
	}
	q.top = max(min(q.top, n-q.rows), 0)
}
