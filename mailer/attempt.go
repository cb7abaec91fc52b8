package mailer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// attempt tries one mail, and moves it to where it then belongs.
func (s *Spool) attempt(ctx context.Context, t Transport, e *entry) Event {
	_, data, err := readFile(s.waitingPath(e.name()))
	if err != nil || s.accepted(e) {
		return s.unsent(e, err)
	}
	return s.end(e, data, deliver(ctx, t, Message{ID: e.ID, Event: e.Event, From: e.From, To: e.To, Data: data}))
}

func (s *Spool) accepted(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.accepted
}

// unsent ends an attempt that didn't come to a conversation: the mail server has the mail already, or its file can't be read.
func (s *Spool) unsent(e *entry, err error) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.trying = false
	switch {
	case e.accepted:
		return s.sent(e, e.lacking)
	case errors.Is(err, fs.ErrNotExist):
		return s.gone(e, err)
	}
	return s.failed(e, err)
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

// end does what the transport's answer asks for. All of it is one step for Arrived, which comes before or after.
func (s *Spool) end(e *entry, data []byte, err error) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.trying = false
	var permanent *PermanentError
	var partial *RecipientsError
	switch {
	case errors.As(err, &partial):
		return s.partly(e, data, partial)
	case err == nil || e.accepted: // a connection may break after the mail
		return s.sent(e, nil)
	case errors.As(err, &permanent) && e.Delivered:
		return s.sent(e, err)
	case errors.As(err, &permanent):
		return s.keep(e, err)
	}
	if e.doubt = (time.Time{}); isUncertain(err) {
		e.doubt = time.Now()
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
	case delivered && len(left) == 0, !delivered && e.accepted: // the latter: an earlier attempt brought it there
		return s.sent(e, err)
	case len(left) == 0:
		return s.keep(e, err)
	}
	e.To, e.Delivered, e.accepted = left, delivered, false
	werr := s.write(e, data) // without it only a restart would send to all again
	if s.waiting[e.name()] != e {
		werr = errors.Join(werr, s.unmark(e, werr == nil))
	}
	return s.failed(e, errors.Join(err, werr))
}

// move renames a mail's file out of waiting/.
func (s *Spool) move(e *entry, to string) error {
	if err := os.Rename(s.waitingPath(e.name()), to); err != nil {
		return err
	}
	s.leave(e)
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
	e.pause = min(max(2*e.pause, firstPause), maxPause)
	e.due = time.Now().Add(e.pause)
	return Event{ID: e.ID, Event: e.Event, Err: err, Retry: e.due}
}

// gone drops a mail whose file somebody took away.
func (s *Spool) gone(e *entry, err error) Event {
	s.leave(e)
	return Event{ID: e.ID, Event: e.Event, Err: err}
}
