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
// digest. Hours are those of the wall clock, because they spare people.
type mailLimiter struct {
	mailed   []time.Time   // mails of the last hour, digests apart
	gathered []mailer.Item // for the next digest
	digestAt time.Time     // when that is due
	digested time.Time     // the last one
}

// A savedLimiter is a mailLimiter in a checkpoint.
type savedLimiter struct {
	Mailed   []time.Time   `json:"mailed,omitempty"`
	Gathered []mailer.Item `json:"gathered,omitempty"`
	Digested time.Time     `json:"digested"`
}

func (l *mailLimiter) saved() savedLimiter { return savedLimiter{l.mailed, l.gathered, l.digested} }

func (l *mailLimiter) restore(s savedLimiter, now time.Time) {
	l.mailed, l.gathered, l.digested = s.Mailed, s.Gathered, s.Digested
	l.plan(now)
}

// plan sets when the digest is due whose first event comes now.
func (l *mailLimiter) plan(now time.Time) {
	l.digestAt = now.Add(digestPause)
	if rest := l.digested.Add(digestRest); rest.After(l.digestAt) && l.digested.Before(now) {
		l.digestAt = rest
	}
}

// put tells whether an event gets a mail of its own, of which most may go in an hour; else it gathers the event. Known
// tells whether that mail was spooled before.
func (l *mailLimiter) put(n notification, now time.Time, most int, known func() bool) (mailed bool) {
	if len(l.gathered) == 0 && l.hasRoom(now, most) {
		if most > 0 && !known() {
			l.mailed = append(l.mailed, now)
		}
		return true
	}
	if len(l.gathered) == 0 {
		l.plan(now)
	}
	for _, a := range n.alerts {
		l.gathered = append(l.gathered, mailer.NewItem(a, n.event))
	}
	return false
}

// hasRoom tells whether another mail may go in this hour.
func (l *mailLimiter) hasRoom(now time.Time, most int) bool {
	for len(l.mailed) > 0 && (now.Sub(l.mailed[0]) >= time.Hour || l.mailed[0].After(now)) {
		l.mailed = l.mailed[1:]
	}
	return most == 0 || len(l.mailed) < most
}

// digest returns the events of a digest, if one is due.
func (l *mailLimiter) digest(now time.Time) (items []mailer.Item) {
	if len(l.gathered) == 0 || len(l.gathered) < maxDigest && now.Before(l.digestAt) {
		return nil
	}
	items = l.gathered
	l.gathered, l.digested = nil, now
	return items
}
