package mailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// load reads a mail that is to go to the recipients who are asked now.
func (s *Spool) load(e *entry) (Message, error) {
	_, data, err := readFile(s.waitingPath(e.name()))
	if err == nil && e.unwritten {
		e.unwritten = s.rewrite(e, data, false) != nil
	}
	return Message{ID: e.ID, Event: e.Event, From: e.From, To: e.asked, Data: data}, err
}

func (s *Spool) accepted(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.accepted
}

// unsent ends an attempt that didn't come to a conversation: the mail server has the mail already, or its file can't
// be read.
func (s *Spool) unsent(e *entry, err error) Result {
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

// end does what the transport's answer asks for. But for partly all of it is one step for Arrived, which comes before
// or after.
func (s *Spool) end(e *entry, data []byte, err error) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.inAll(e, err)
	if partial := (*RecipientsError)(nil); errors.As(err, &partial) {
		return s.partly(e, data, partial)
	}
	e.trying = false
	var permanent *PermanentError
	var server *ServerError
	switch {
	case err == nil:
		return s.sent(e, nil)
	case errors.As(err, &permanent) && e.Delivered:
		return s.sent(e, err)
	case errors.As(err, &permanent):
		return s.keep(e, err)
	case errors.As(err, &server):
		return s.unseen(e, err)
	}
	if e.doubt = (time.Time{}); isUncertain(err) {
		e.doubt = time.Now()
	}
	e.refused = time.Time{}
	return s.failed(e, err)
}

// errBehind is why a recipient isn't sent a mail yet.
var errBehind = errors.New("an earlier mail about the same alert is tried first")

// inAll is what an answer comes to for all recipients, with those who were not asked, and with what the log has shown
// meanwhile.
func (s *Spool) inAll(e *entry, err error) error {
	var refused []Refusal
	var partial *RecipientsError
	var uncertain *UncertainError
	switch {
	case errors.As(err, &partial):
		refused = partial.Refused
	case err == nil:
	case errors.As(err, &uncertain):
		refused = uncertain.Refused
		for _, r := range refused {
			e.asked = without(e.asked, []string{spelt(e.To, r.To)})
		}
		fallthrough
	default:
		if !e.accepted { // otherwise the connection broke after the mail
			return err
		}
	}
	answered := slices.Clone(e.asked)
	for _, r := range refused {
		answered = append(answered, spelt(e.To, r.To))
	}
	for _, to := range without(e.To, answered) {
		refused = append(slices.Clip(refused), Refusal{to, errBehind})
	}
	if len(refused) == 0 {
		return nil
	}
	return &RecipientsError{refused}
}

// spelt is a recipient as it stands in to: a transport may have given it a domain.
func spelt(to []string, addr string) string {
	for _, t := range to {
		if t == addr || !strings.Contains(t, "@") && strings.HasPrefix(addr, t+"@") {
			return t
		}
	}
	return addr
}

// partly goes on with the recipients that may take the mail yet. It lets go of s.mu while it writes.
func (s *Spool) partly(e *entry, data []byte, err *RecipientsError) Result {
	var left []string
	for _, r := range err.Refused {
		if isTemporary(r.Err) {
			left = append(left, spelt(e.To, r.To))
		}
	}
	delivered := e.Delivered || len(err.Refused) < len(e.To)
	if len(left) == 0 || !delivered && e.accepted { // the latter: an earlier attempt brought it there
		e.trying = false
		if !delivered && !e.accepted {
			return s.unseen(e, err)
		}
		return s.sent(e, err)
	}
	marked := s.waiting[e.name()] != e
	if marked {
		s.join(e)
	}
	e.To, e.asked, e.Delivered, e.accepted, e.doubt, e.refused = left, nil, delivered, false, time.Time{}, time.Time{}
	s.mu.Unlock()
	werr := s.rewrite(e, data, marked)
	s.mu.Lock()
	e.trying, e.unwritten = false, werr != nil
	if e.accepted { // meanwhile, by an earlier attempt
		os.Remove(s.waitingPath(e.name())) // Arrived may have moved it
		return s.sent(e, err)
	}
	s.release(e)
	if werr != nil {
		return s.failed(e, errors.Join(err, werr))
	}
	return s.failed(e, err)
}

// unseen is for a mail that the server has refused for good before it saw it. That is a fault of the server, or of
// what it or we are told to do, rather than of the mail. A server that took the mail for others has none.
func (s *Spool) unseen(e *entry, err error) Result {
	now := time.Now()
	if e.refused.IsZero() {
		e.refused = now
	}
	if took := now.Sub(e.refused); took >= unwilling {
		err = fmt.Errorf("refused for %s: %w", long(took.Truncate(time.Minute)), err)
		if e.Delivered {
			return s.sent(e, err)
		}
		return s.keep(e, err)
	}
	return s.failed(e, err)
}

// failed plans the next attempt of a mail that may go yet, or gives it up.
func (s *Spool) failed(e *entry, err error) Result {
	if age := time.Since(e.Put); age >= giveUp {
		return s.keep(e, fmt.Errorf("given up after %s: %w", long(age.Truncate(time.Hour)), err))
	}
	return s.later(e, err)
}

// later plans the next attempt.
func (s *Spool) later(e *entry, err error) Result {
	e.pause = min(max(2*e.pause, firstPause), maxPause)
	e.due = time.Now().Add(e.pause)
	s.push(e)
	return Result{ID: e.ID, Event: e.Event, Err: err, Retry: e.due}
}

// gone drops a mail whose file somebody took away.
func (s *Spool) gone(e *entry, err error) Result {
	s.leave(e)
	return Result{ID: e.ID, Event: e.Event, Err: err}
}
