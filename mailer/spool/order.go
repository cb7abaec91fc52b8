package spool

import (
	"cmp"
	"slices"
	"time"
)

// sendOrder decides which waiting mail is tried next. Spool.mu guards it. A mail that can't be tried is in no queue:
// whatever it waits for queues it again.
type sendOrder struct {
	fresh, again queue               // never tried; tried before
	ahead        []*entry            // no checkpoint covers them
	uncertain    []*entry            // they wait for ResolveUncertain
	alerts       map[string][]*entry // by alert, in their order
}

// enqueue adds a mail to those that wait.
func (s *Spool) enqueue(e *entry) {
	s.waiting[e.name()] = e
	for _, id := range e.about() {
		list := s.order.alerts[id]
		if i, found := slices.BinarySearchFunc(list, e, (*entry).compare); !found {
			s.order.alerts[id] = slices.Insert(list, i, e)
		}
	}
	if e.Seq > s.committed {
		s.order.ahead = append(s.order.ahead, e)
		return
	}
	s.push(e)
}

// dequeue removes a mail from those that wait. If an attempt at it is under way, the later mails of its alerts go on
// waiting: only the end of the attempt tells whether every recipient has it.
func (s *Spool) dequeue(e *entry) {
	delete(s.waiting, e.name())
	e.leaveBatch()
	s.order.remove(e)
	if !e.trying {
		s.unblockLater(e)
	}
}

// unblockLater lets the later mails of an entry's alerts go.
func (s *Spool) unblockLater(e *entry) {
	for _, id := range e.about() {
		list := slices.DeleteFunc(s.order.alerts[id], func(f *entry) bool { return f == e })
		if s.order.alerts[id] = list; len(list) == 0 {
			delete(s.order.alerts, id)
		}
	}
	s.requeueHeld(e)
}

// requeueHeld queues the mails again that e held back.
func (s *Spool) requeueHeld(e *entry) {
	for _, id := range e.about() {
		for _, f := range s.order.alerts[id] {
			if f.held {
				f.held = false
				s.push(f)
			}
		}
	}
}

// commit queues the mails up to seq, which a checkpoint covers now.
func (s *Spool) commit(seq int64) {
	s.committed = max(s.committed, seq)
	s.order.ahead = s.pushIf(s.order.ahead, func(e *entry) bool { return e.Seq <= s.committed })
}

// pushIf queues the mails of a list for which ready holds, and returns the others.
func (s *Spool) pushIf(list []*entry, ready func(*entry) bool) []*entry {
	return slices.DeleteFunc(list, func(e *entry) bool {
		if !ready(e) {
			return false
		}
		s.push(e)
		return true
	})
}

// push queues a mail, or moves it to its new place in the queue.
func (s *Spool) push(e *entry) {
	if e.trying || s.waiting[e.name()] != e {
		return
	}
	s.order.remove(e)
	e.queue = &s.order.fresh
	if e.pause > 0 || e.accepted {
		e.queue = &s.order.again
	}
	i, _ := slices.BinarySearchFunc(*e.queue, e, func(f, e *entry) int {
		return cmp.Or(f.due.Compare(e.due), f.compare(e))
	})
	*e.queue = slices.Insert(*e.queue, i, e)
}

// nextDue begins an attempt at the first mail that is due. If none is, it returns how long it is until one will be; if
// none waits, maxPause. Without again it takes only a mail that was never tried.
func (s *Spool) nextDue(now time.Time, again bool) (*entry, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		e, pause := s.order.first(now, again)
		if e == nil {
			return nil, pause
		}
		s.order.remove(e)
		if s.isReady(e) {
			e.trying = true
			return e, 0
		}
	}
}

// first is the mail that is due first. One that was tried before has no precedence over those that were put before it
// was due.
func (l *sendOrder) first(now time.Time, again bool) (*entry, time.Duration) {
	fresh, old, pause := l.fresh.first(), l.again.first(), maxPause
	switch {
	case old == nil:
	case old.due.After(now):
		pause = min(pause, old.due.Sub(now))
		old = nil
	case !again || fresh != nil && fresh.Put.Before(old.due):
		old = nil
	}
	if old != nil {
		return old, 0
	}
	return fresh, pause
}

// isReady reports whether a mail may be tried now, and chooses the recipients: a recipient that waits for an earlier
// mail of one of its alerts waits for this one, too. A mail that isn't ready is queued again by whatever it waits for.
func (s *Spool) isReady(e *entry) bool {
	if e.accepted {
		return true
	}
	if !s.isCertain(e) {
		s.order.uncertain = append(s.order.uncertain, e)
		return false
	}
	behind, held := s.earlier(e)
	e.asked = without(e.To, behind)
	e.held = held || len(e.asked) == 0 && len(e.To) > 0
	return !e.held
}

// earlier lists the recipients that wait for an earlier mail of one of e's alerts. held means that there is such a mail
// whose recipients only the transport knows.
func (s *Spool) earlier(e *entry) (to []string, held bool) {
	for _, id := range e.about() {
		for _, f := range s.order.alerts[id] {
			if !f.before(e) {
				break
			}
			if f.accepted && !f.trying {
				continue // it is only to be marked
			}
			to = append(to, f.To...)
			held = held || len(f.To) == 0
		}
	}
	return to, held
}

// without returns list without others.
func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
}

// remove takes a mail out of its queue, if it is in one.
func (l *sendOrder) remove(e *entry) {
	if e.queue != nil {
		i := slices.Index(*e.queue, e)
		*e.queue = slices.Delete(*e.queue, i, i+1)
		e.queue = nil
	}
}

// A queue is a list of mails: the earliest due time first, then the one that was put first.
type queue []*entry

func (q queue) first() *entry {
	if len(q) == 0 {
		return nil
	}
	return q[0]
}
