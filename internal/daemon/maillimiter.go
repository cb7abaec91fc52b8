package daemon

import (
	"time"

	"exiwatch/mailer"
)

// When a digest is made: so long after its first event, and after the digest before; or with so many events.
const (
	digestPause = time.Minute
	digestRest  = 15 * time.Minute
	maxDigest   = 1000
)

// A mailLimiter decides which events get a mail of their own: up to so many in an hour. Later ones are gathered for a
// digest. Hours are those of the wall clock, because they spare people. A checkpoint has it; then plan comes next.
type mailLimiter struct {
	Mailed   []time.Time   `json:"mailed,omitempty"`   // mails of the last hour, digests apart
	Gathered []mailer.Item `json:"gathered,omitempty"` // for the next digest
	Digested time.Time     `json:"digested"`           // the last one
	digestAt time.Time     // when the next one is due
}

// plan sets when the digest is due whose first event comes now.
func (l *mailLimiter) plan(now time.Time) {
	l.digestAt = now.Add(digestPause)
	if rest := l.Digested.Add(digestRest); rest.After(l.digestAt) && l.Digested.Before(now) {
		l.digestAt = rest
	}
}

// put tells whether an event gets a mail of its own, of which most may go in an hour; else it gathers the event. Known
// tells whether that mail was spooled before.
func (l *mailLimiter) put(n notification, now time.Time, most int, known func() bool) (mailed bool) {
	if len(l.Gathered) == 0 && l.hasRoom(now, most) {
		if most > 0 && !known() {
			l.Mailed = append(l.Mailed, now)
		}
		return true
	}
	if len(l.Gathered) == 0 {
		l.plan(now)
	}
	for _, a := range n.alerts {
		l.Gathered = append(l.Gathered, mailer.NewItem(a, n.event))
	}
	return false
}

// hasRoom tells whether another mail may go in this hour.
func (l *mailLimiter) hasRoom(now time.Time, most int) bool {
	for len(l.Mailed) > 0 && (now.Sub(l.Mailed[0]) >= time.Hour || l.Mailed[0].After(now)) {
		l.Mailed = l.Mailed[1:]
	}
	return most == 0 || len(l.Mailed) < most
}

// digest returns the events of a digest, if one is due.
func (l *mailLimiter) digest(now time.Time) (items []mailer.Item) {
	if len(l.Gathered) == 0 || len(l.Gathered) < maxDigest && now.Before(l.digestAt) {
		return nil
	}
	items = l.Gathered
	l.Gathered, l.Digested = nil, now
	return items
}
