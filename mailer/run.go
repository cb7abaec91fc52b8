package mailer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// An Event is what came of one attempt to deliver one mail.
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
	grace      = 5 * time.Second    // for a delivery under way when Run is to return
)

// Run delivers what waits, one mail at a time, oldest first, until ctx ends. A mail that fails for now is tried again after a
// second, then after pauses twice as long each time, up to an hour; the others go meanwhile. One that is refused, or
// still fails five days after it was put, is kept aside. A mail that some recipients took is tried again for the others
// alone. report, if not nil, is called after each attempt, on Run's goroutine. There is one Run at a time.
func (s *Spool) Run(ctx context.Context, t Transport, report func(Event)) {
	if report == nil {
		report = func(Event) {}
	}
	for _, ev := range s.takeBroken() {
		report(ev)
	}
	for ctx.Err() == nil {
		e, pause := s.next(time.Now())
		if e == nil {
			s.wait(ctx, pause)
			continue
		}
		report(s.attempt(ctx, t, e))
	}
}

func (s *Spool) takeBroken() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	broken := s.broken
	s.broken = nil
	return broken
}

// next is the oldest mail that is due, or else how long it is until one will be; with nothing waiting, maxPause.
func (s *Spool) next(now time.Time) (*entry, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *entry
	pause := maxPause
	for _, e := range s.waiting {
		if e.due.After(now) {
			pause = min(pause, e.due.Sub(now))
			continue
		}
		if first == nil || cmp.Or(e.Put.Compare(first.Put), cmp.Compare(e.name(), first.name())) < 0 {
			first = e
		}
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

// attempt tries one mail, and moves it to where it then belongs.
func (s *Spool) attempt(ctx context.Context, t Transport, e *entry) Event {
	if e.done {
		return s.sent(e, e.lacking)
	}
	_, data, err := readFile(s.waitingPath(e.name()))
	if errors.Is(err, fs.ErrNotExist) {
		return s.gone(e, err)
	}
	if err != nil {
		return s.failed(e, err)
	}
	return s.settle(e, data, deliver(ctx, t, Message{ID: e.ID, Event: e.Event, From: e.From, To: e.To, Data: data}))
}

// deliver sends m. When ctx ends, the conversation gets a grace to come to its end.
func deliver(ctx context.Context, t Transport, m Message) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(sending, func() { timer.Stop() })
	})
	defer stop()
	return t.Send(sending, m)
}

// settle does what the transport's answer asks for.
func (s *Spool) settle(e *entry, data []byte, err error) Event {
	var permanent *PermanentError
	var partial *RecipientsError
	switch {
	case err == nil:
		return s.sent(e, nil)
	case errors.As(err, &partial):
		return s.partly(e, data, partial)
	case errors.As(err, &permanent) && e.Delivered:
		return s.sent(e, err)
	case errors.As(err, &permanent):
		return s.keep(e, err)
	}
	return s.failed(e, err)
}

// partly goes on with the recipients that may take the mail yet.
func (s *Spool) partly(e *entry, data []byte, err *RecipientsError) Event {
	var left []string
	for _, r := range err.Refused {
		if isTemporary(r.Err) {
			left = append(left, r.To)
		}
	}
	delivered := e.Delivered || len(err.Refused) < len(e.To)
	switch {
	case len(left) == 0 && delivered:
		return s.sent(e, err)
	case len(left) == 0:
		return s.keep(e, err)
	}
	s.mu.Lock()
	e.To, e.Delivered = left, delivered
	werr := s.write(e, data) // without it only a restart would send to all again
	s.mu.Unlock()
	return s.failed(e, errors.Join(err, werr))
}

// sent marks a mail as delivered, although err may tell of recipients that didn't take it.
func (s *Spool) sent(e *entry, err error) Event {
	merr := s.move(e, s.sentPath(e.name()))
	if errors.Is(merr, fs.ErrNotExist) {
		s.gone(e, nil)
		return Event{ID: e.ID, Event: e.Event, Err: errors.Join(err, merr), Sent: true}
	}
	if merr != nil {
		e.done, e.lacking = true, err // never to be sent again, at least as long as we live
		return s.later(e, errors.Join(err, fmt.Errorf("marking a mail as sent: %w", merr)))
	}
	os.Truncate(s.sentPath(e.name()), 0) // also makes its time now; the mark is the name, so that it may fail
	return Event{ID: e.ID, Event: e.Event, Err: err, Sent: true}
}

// keep puts a mail aside that is given up.
func (s *Spool) keep(e *entry, err error) Event {
	path := s.refusedPath(e.name())
	if merr := s.move(e, path); merr != nil {
		return s.later(e, errors.Join(err, merr))
	}
	return Event{ID: e.ID, Event: e.Event, Err: err, Kept: path}
}

// move renames a mail's file out of waiting/.
func (s *Spool) move(e *entry, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Rename(s.waitingPath(e.name()), to); err != nil {
		return err
	}
	delete(s.waiting, e.name())
	// The rename is done. Should a crash undo it, then because the disk fails: there is nobody left to tell.
	syncDir(filepath.Dir(to))
	syncDir(filepath.Join(s.dir, waitingDir))
	return nil
}

// failed plans the next attempt of a mail that may go yet, or gives it up.
func (s *Spool) failed(e *entry, err error) Event {
	if age := time.Since(e.Put); age >= giveUp {
		return s.keep(e, fmt.Errorf("given up after %s: %w", long(age.Truncate(time.Hour)), err))
	}
	return s.later(e, err)
}

// later plans the next attempt.
func (s *Spool) later(e *entry, err error) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.pause = min(max(2*e.pause, firstPause), maxPause)
	e.due = time.Now().Add(e.pause)
	return Event{ID: e.ID, Event: e.Event, Err: err, Retry: e.due}
}

// gone drops a mail whose file somebody took away.
func (s *Spool) gone(e *entry, err error) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, e.name())
	return Event{ID: e.ID, Event: e.Event, Err: err}
}
