package mailer

import (
	"context"
	"time"
)

// An Event is what came of one attempt to deliver one mail, or of a mail that Arrived found to be delivered.
type Event struct {
	ID, Event string    // of the message
	Err       error     // why it didn't go, or to whom; nil when everybody has it
	Sent      bool      // it is done: everybody has it, or everybody who would take it
	Retry     time.Time // when it is tried again; zero when it isn't
	Kept      string    // the file in refused/ of a mail that was given up; "" when it wasn't
}

// When a mail is tried again, and for how long it is.
const (
	firstPause = time.Second
	maxPause   = time.Hour
	giveUp     = 5 * 24 * time.Hour // RFC 5321, 4.5.4.1
	grace      = time.Second        // for a delivery under way when Run is to return: the daemon has 2 s
)

// Run delivers what waits and is committed, one mail at a time, in the order in which they were put, until ctx ends. A mail that fails
// for now is tried again after a second, then after pauses twice as long each time, up to an hour; the others go meanwhile. One that is
// refused, or still fails five days after it was put, is kept aside. A mail that some recipients took is tried again for the
// others alone. report, if not nil, is called on Run's goroutine after each attempt, and once for each mail that Arrived or OpenSpool
// took out of waiting/. When ctx ends, a transport that hangs is given grace. There is one Run at a time.
func (s *Spool) Run(ctx context.Context, t Transport, report func(Event)) {
	if report == nil {
		report = func(Event) {}
	}
	if l, ok := t.(lingerer); ok {
		s.mu.Lock()
		s.linger = l.linger()
		s.mu.Unlock()
	}
	for ctx.Err() == nil {
		s.tell(report)
		e, pause := s.next(time.Now())
		if e == nil {
			s.wait(ctx, pause)
			continue
		}
		report(s.attempt(ctx, t, e))
	}
	s.tell(report)
}

// tell reports what happened elsewhere.
func (s *Spool) tell(report func(Event)) {
	s.mu.Lock()
	news := s.news
	s.news = nil
	s.mu.Unlock()
	for _, ev := range news {
		report(ev)
	}
}

// next begins an attempt at the first mail that is due, or else says how long it is until one will be; with nothing waiting, maxPause.
func (s *Spool) next(now time.Time) (*entry, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *entry
	pause := maxPause
	for _, e := range s.waiting {
		switch {
		case !e.accepted && !s.free(e):
		case e.due.After(now):
			pause = min(pause, e.due.Sub(now))
		case first == nil || e.before(first):
			first = e
		}
	}
	if first != nil {
		first.trying = true
	}
	return first, pause
}

// wait returns after d, or when there is a new mail, or when ctx ends.
func (s *Spool) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.wake:
	case <-ctx.Done():
	}
}
