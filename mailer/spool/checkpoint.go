package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// DropUncommitted must be called first after Open, with the sequence number that the caller's last checkpoint covers; 0
// without a checkpoint. It removes the waiting mails beyond that number, which were never sent: the caller makes them
// again, perhaps under another id. The others are committed. Mails that are put from now on get higher numbers. After
// an error mails may be left that must not be sent: don't call Run.
func (s *Spool) DropUncommitted(after int64) (n int, err error) {
	n, partial, err := s.drop(after)
	err = errors.Join(err, s.dissolve(partial)) // they must not bring back what was dropped
	if n > 0 {                                  // or the next checkpoint would cover what a crash brings back
		err = errors.Join(err, syncDir(filepath.Join(s.dir, waitingDir)))
	}
	if err != nil {
		err = fmt.Errorf("removing mails that no checkpoint covers: %w", err)
	}
	return n, err
}

func (s *Spool) drop(after int64) (n int, partial map[*batch]bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	partial = make(map[*batch]bool)
	for name, e := range s.waiting {
		if e.Seq <= after {
			continue
		}
		if rerr := os.Remove(s.waitingPath(name)); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
			continue
		}
		partial[e.batch] = true
		s.dequeue(e)
		n++
	}
	s.last = max(s.last, after)
	s.commit(after)
	return n, partial, err
}

// Last returns the sequence number of the mail that was put last, or the highest that Open and DropUncommitted know; 0
// if there is none. A checkpoint that is made now covers the mails up to it.
func (s *Spool) Last() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Commit says that a durable checkpoint covers the mails up to seq: Run may send them. Commit never takes anything
// back.
func (s *Spool) Commit(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit(min(seq, s.last))
	s.nudge()
}

// ResolveUncertain says that the caller has read the log to its end, and has called ConfirmDelivered for every mail in
// it that arrived before the time at. Uncertain mails are those that Open found waiting, and those whose conversation
// broke after the mail. The log would show them if the mail server had them, so Run sends them again now, and not
// before. Call it whenever the log is read to its end.
func (s *Spool) ResolveUncertain(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = at
	s.order.uncertain = s.pushIf(s.order.uncertain, s.isCertain)
	s.nudge()
}

// isCertain reports whether the log would show the mail by now if the mail server had taken it.
func (s *Spool) isCertain(e *entry) bool {
	return e.uncertainSince.IsZero() || !s.settled.Before(e.uncertainSince.Add(s.linger))
}
