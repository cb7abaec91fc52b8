package watch

import (
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
)

// When a digest is made: so long after its first event, and after the digest before; or with so many events.
const (
	digestPause = time.Minute
	digestRest  = 15 * time.Minute
	maxDigest   = 1000
)

// A mailbag decides which events are mailed each: up to so many in an hour. What comes then is gathered for digests.
// Hours are those of the wall clock, for it spares people, not the log.
type mailbag struct {
	mailed   []time.Time   // mails of the last hour, digests apart
	gathered []mailer.Item // for the next digest
	digestAt time.Time     // when that is due
	digested time.Time     // the last one
}

// savedMailbag is a mailbag in a checkpoint.
type savedMailbag struct {
	Mailed   []time.Time   `json:"mailed,omitempty"`
	Gathered []mailer.Item `json:"gathered,omitempty"`
	Digested time.Time     `json:"digested"`
}

func (p *mailbag) saved() savedMailbag { return savedMailbag{p.mailed, p.gathered, p.digested} }

func (p *mailbag) restore(s savedMailbag, now time.Time) {
	p.mailed, p.gathered, p.digested = s.Mailed, s.Gathered, s.Digested
	p.plan(now)
}

// plan sets when the digest is due whose first event comes now.
func (p *mailbag) plan(now time.Time) {
	p.digestAt = now.Add(digestPause)
	if rest := p.digested.Add(digestRest); rest.After(p.digestAt) && p.digested.Before(now) {
		p.digestAt = rest
	}
}

// put tells whether an event gets a mail of its own, of which most may go in an hour; else it is gathered. known tells
// whether that mail was spooled before.
func (p *mailbag) put(n news, now time.Time, most int, known func() bool) (mailed bool) {
	if len(p.gathered) == 0 && p.hasRoom(now, most) {
		if most > 0 && !known() {
			p.mailed = append(p.mailed, now)
		}
		return true
	}
	if len(p.gathered) == 0 {
		p.plan(now)
	}
	for _, a := range n.alerts {
		p.gathered = append(p.gathered, mailer.NewItem(a, n.event))
	}
	return false
}

// hasRoom tells whether another mail may go in this hour.
func (p *mailbag) hasRoom(now time.Time, most int) bool {
	for len(p.mailed) > 0 && (now.Sub(p.mailed[0]) >= time.Hour || p.mailed[0].After(now)) {
		p.mailed = p.mailed[1:]
	}
	return most == 0 || len(p.mailed) < most
}

func compose(c mailer.Composer, n news, now time.Time) (mailer.Message, error) {
	switch n.event {
	case pipeline.Opened:
		return c.Opened(n.alerts, now)
	case pipeline.Ended:
		return c.Ended(n.alerts[0], now)
	}
	return c.Grew(n.alerts[0], now)
}

// digest gives what a digest is to tell of, if one is due.
func (p *mailbag) digest(now time.Time) (items []mailer.Item) {
	if len(p.gathered) == 0 || len(p.gathered) < maxDigest && now.Before(p.digestAt) {
		return nil
	}
	items = p.gathered
	p.gathered, p.digested = nil, now
	return items
}
