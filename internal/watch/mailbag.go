package watch

import (
	"errors"
	"time"

	"exiwatch/mailer"
)

// When a digest is made: so long after its first event, and after the digest before; or with so many events.
const (
	digestPause = time.Minute
	digestRest  = 15 * time.Minute
	maxDigest   = 1000
	maxGathered = 2 * maxDigest // while no digest can be spooled
)

var errGathered = errors.New("there is no room for another event in the digest")

// A mailbag puts mails into the spool: one for each event, up to so many in an hour, and what comes then into digests. Hours are those
// of the wall clock, for it spares people, not the log.
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

// put spools the mail of an event, which mailed tells, or keeps it for a digest.
func (p *mailbag) put(d *Daemon, n news) (mailed bool, err error) {
	now := d.now()
	if len(p.gathered) == 0 && p.hasRoom(now, d.Config.Mail.MaxPerHour) {
		return true, p.mail(d, n, now)
	}
	if len(p.gathered) == 0 {
		p.plan(now)
	}
	if len(p.gathered) >= maxGathered {
		return false, errGathered
	}
	for _, a := range n.alerts {
		p.gathered = append(p.gathered, mailer.NewItem(a, n.event))
	}
	if len(p.gathered) < maxDigest {
		return false, nil
	}
	p.digestAt = now
	mailed, _ = p.digest(d, now) // if it can't be spooled, the tick tries again, and says why
	return mailed, nil
}

// hasRoom tells whether another mail may go in this hour.
func (p *mailbag) hasRoom(now time.Time, most int) bool {
	for len(p.mailed) > 0 && (now.Sub(p.mailed[0]) >= time.Hour || p.mailed[0].After(now)) {
		p.mailed = p.mailed[1:]
	}
	return most == 0 || len(p.mailed) < most
}

func (p *mailbag) mail(d *Daemon, n news, now time.Time) error {
	message, err := compose(d.mailComposer(), n, now)
	if err != nil {
		d.Log.Error("the mail of an alert can't be made", "id", n.alerts[0].ID, "event", n.event, "error", err)
		return nil // nor later
	}
	added, err := d.spool.Put(message)
	if err == nil {
		d.gapsMailed()
	}
	if added && d.Config.Mail.MaxPerHour > 0 {
		p.mailed = append(p.mailed, now)
	}
	return err
}

func compose(c mailer.Composer, n news, now time.Time) (mailer.Message, error) {
	switch n.event {
	case opened:
		return c.Opened(n.alerts, now)
	case ended:
		return c.Ended(n.alerts[0], now)
	}
	return c.Grew(n.alerts[0], now)
}

// digest spools the digest if it is due; done tells whether it was.
func (p *mailbag) digest(d *Daemon, now time.Time) (done bool, err error) {
	if len(p.gathered) == 0 || now.Before(p.digestAt) {
		return false, nil
	}
	message, err := d.mailComposer().Digest(p.gathered, now)
	if err != nil {
		d.Log.Error("a digest can't be made", "events", len(p.gathered), "error", err)
	} else if _, err := d.spool.Put(message); err != nil {
		return false, err
	}
	d.gapsMailed()
	p.gathered, p.digested = nil, now
	return true, nil
}
