package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/mailer/transport"
)

// load reads a mail, addressed to the recipients of this attempt.
func (s *Spool) load(e *entry) (mailer.Message, error) {
	_, data, err := readFile(s.waitingPath(e.name()))
	if err == nil && e.unwritten {
		e.unwritten = s.rewrite(e, data, false) != nil
	}
	return mailer.Message{ID: e.ID, Event: e.Event, From: e.From, To: e.asked, Data: data}, err
}

// settleUnsent ends an attempt that needs no conversation: the mail server has the mail already, or its file can't be
// read, which err says. For any other it returns false.
func (s *Spool) settleUnsent(e *entry, err error) (Result, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && !e.accepted {
		return Result{}, false
	}
	e.trying = false
	switch {
	case e.accepted:
		return s.markDelivered(e, e.deliveryErr), true
	case errors.Is(err, fs.ErrNotExist): // somebody has removed it
		s.dequeue(e)
		return Result{ID: e.ID, Event: e.Event, Err: err}, true
	}
	return s.retryOrReject(e, err), true
}

// settle acts on a transport's result. All of it but retryRemaining is one step for ConfirmDelivered, which comes
// before or after.
func (s *Spool) settle(e *entry, data []byte, err error) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.forAllRecipients(e, err)
	if partial, ok := errors.AsType[*transport.RecipientsError](err); ok {
		return s.retryRemaining(e, data, partial)
	}
	e.trying = false
	_, permanent := errors.AsType[*transport.PermanentError](err)
	_, server := errors.AsType[*transport.ServerError](err)
	switch {
	case err == nil, permanent && e.Delivered:
		return s.markDelivered(e, err)
	case permanent:
		return s.reject(e, err)
	case server:
		return s.serverRefused(e, err)
	}
	if e.uncertainSince = (time.Time{}); transport.IsUncertain(err) {
		e.uncertainSince = time.Now()
	}
	e.refusedSince = time.Time{}
	return s.retryOrReject(e, err)
}

// errBehind is why a mail isn't sent to a recipient yet.
var errBehind = errors.New("an earlier mail about the same alert is tried first")

// forAllRecipients extends a result to all recipients: to those who were not asked, and with deliveries that the log
// has shown meanwhile.
func (s *Spool) forAllRecipients(e *entry, err error) error {
	var refused []transport.Refusal
	partial, some := errors.AsType[*transport.RecipientsError](err)
	if some {
		refused = partial.Refused
	} else if uncertain, ok := errors.AsType[*transport.UncertainError](err); ok {
		refused = uncertain.Refused
		for _, r := range refused {
			e.asked = without(e.asked, []string{asAddressed(e.To, r.To)})
		}
	}
	if err != nil && !some && !e.accepted { // with accepted the connection broke after the mail
		return err
	}
	answered := slices.Clone(e.asked)
	for _, r := range refused {
		answered = append(answered, asAddressed(e.To, r.To))
	}
	for _, to := range without(e.To, answered) {
		refused = append(slices.Clip(refused), transport.Refusal{To: to, Err: errBehind})
	}
	if len(refused) == 0 {
		return nil
	}
	return &transport.RecipientsError{Refused: refused}
}

// asAddressed returns a recipient as it is written in to: a transport may have added a domain.
func asAddressed(to []string, addr string) string {
	for _, t := range to {
		if t == addr || !strings.Contains(t, "@") && strings.HasPrefix(addr, t+"@") {
			return t
		}
	}
	return addr
}

// retryRemaining keeps the mail for the recipients that may take it later. It unlocks s.mu while it writes.
func (s *Spool) retryRemaining(e *entry, data []byte, err *transport.RecipientsError) Result {
	var left []string
	for _, r := range err.Refused {
		if transport.IsTemporary(r.Err) {
			left = append(left, asAddressed(e.To, r.To))
		}
	}
	delivered := e.Delivered || len(err.Refused) < len(e.To)
	if len(left) == 0 || !delivered && e.accepted { // the latter: an earlier attempt brought it there
		e.trying = false
		if !delivered && !e.accepted {
			return s.serverRefused(e, err)
		}
		return s.markDelivered(e, err)
	}
	marked := s.waiting[e.name()] != e
	if marked {
		s.enqueue(e)
	}
	e.To, e.asked, e.Delivered, e.accepted = left, nil, delivered, false
	e.uncertainSince, e.refusedSince = time.Time{}, time.Time{}
	s.mu.Unlock()
	werr := s.rewrite(e, data, marked)
	s.mu.Lock()
	e.trying, e.unwritten = false, werr != nil
	if e.accepted { // meanwhile, by an earlier attempt
		os.Remove(s.waitingPath(e.name())) // ConfirmDelivered may have moved it
		return s.markDelivered(e, err)
	}
	s.requeueHeld(e)
	return s.retryOrReject(e, errors.Join(err, werr))
}

// serverRefused handles a server that refused the mail for good before it saw it. That is a fault of the server or of a
// configuration, not of the mail. A server that took the mail for other recipients has no such fault.
func (s *Spool) serverRefused(e *entry, err error) Result {
	now := time.Now()
	if e.refusedSince.IsZero() {
		e.refusedSince = now
	}
	if took := now.Sub(e.refusedSince); took >= refusalLimit {
		err = fmt.Errorf("refused for %s: %w", words.Window(took.Truncate(time.Hour)), err)
		if e.Delivered {
			return s.markDelivered(e, err)
		}
		return s.reject(e, err)
	}
	return s.retryOrReject(e, err)
}

// retryOrReject plans the next attempt, or gives up a mail that is too old.
func (s *Spool) retryOrReject(e *entry, err error) Result {
	if age := time.Since(e.Put); age >= giveUp {
		return s.reject(e, fmt.Errorf("given up after %s: %w", words.Span(age), err))
	}
	return s.reschedule(e, err)
}

// reschedule plans the next attempt.
func (s *Spool) reschedule(e *entry, err error) Result {
	e.pause = min(max(2*e.pause, firstPause), maxPause)
	e.due = time.Now().Add(e.pause)
	s.push(e)
	return Result{ID: e.ID, Event: e.Event, Err: err, Retry: e.due}
}
