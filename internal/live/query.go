package live

import (
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/window"
)

// A query says what the screen wants to show.
type query struct {
	key    window.Key
	window time.Duration
	order  order
	filter string // a glob, a part of the value, or a CIDR of hosts

	index  int    // the row under the cursor
	value  string // the value to follow
	follow bool   // keep the cursor on value, not on index

	top    int  // the first row on the screen
	rows   int  // that fit on the screen
	topics bool // the screen has room for topics

	open   bool  // details of value
	frozen *asOf // as of this moment; nil: now
}

// An asOf is a moment of the log: the last arrival to include, and what the header shows.
type asOf struct {
	now   int64
	until uint64

	last      time.Time // the log's last arrival
	perMinute int64     // arrivals in the last minute of log time
	incidents int       // open ones
}

// wanted gives the filter of values.
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

// clampCursor moves the cursor onto one of n rows, and the visible rows around it.
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
