package mailer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// DropUncommitted is called first after OpenSpool, with the sequence number that the caller's last checkpoint covers, 0 without
// a checkpoint. The waiting mails beyond it, which never went, are removed: what they told is told again, perhaps
// under another id. The others are committed. Mails put from now on are numbered higher than any removed or covered.
// After an error mails may be left that must not go: don't Run.
func (s *Spool) DropUncommitted(after int64) (n int, err error) {
	n, partial, err := s.drop(after)
	for b := range partial {
		err = errors.Join(err, s.unbatch(b)) // it must not bring back what was dropped
	}
	if n > 0 { // or the next checkpoint would cover what a crash brings back
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
	var dropped []*entry
	for name, e := range s.waiting {
		if e.Seq <= after {
			continue
		}
		if rerr := os.Remove(s.waitingPath(name)); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
			continue
		}
		dropped = append(dropped, e)
		n++
	}
	partial = make(map[*batch]bool)
	for _, e := range dropped {
		b := e.batch
		s.leave(e)
		if b != nil {
			partial[b] = len(b.entries) > 0
		}
	}
	maps.DeleteFunc(partial, func(_ *batch, left bool) bool { return !left })
	s.last = max(s.last, after)
	s.committed = max(s.committed, after)
	s.admit()
	return n, partial, err
}

// Last is the sequence number of the mail that was put last, or the highest that OpenSpool and Drop know of; 0 if
// there is none. A checkpoint that is made now covers the mails up to it.
func (s *Spool) Last() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Commit says that a checkpoint is on disk which covers the mails up to seq: they may go. It never takes anything back.
func (s *Spool) Commit(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committed = max(s.committed, min(seq, s.last))
	s.admit()
	s.nudge()
}

// ResolveUncertain says that the log is read to its present end, and so that Arrived was called for every mail that a former
// process brought to the mail server before the time at, nor for one whose conversation broke before then. Those that
// were found waiting by OpenSpool, or may have been taken before a connection broke, go again only after that. To be
// called whenever it is so.
func (s *Spool) ResolveUncertain(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = at
	n := len(s.line.doubtful)
	s.line.doubtful = slices.DeleteFunc(s.line.doubtful, func(e *entry) bool {
		if !s.certain(e) {
			return false
		}
		s.push(e)
		return true
	})
	if len(s.line.doubtful) < n {
		s.nudge()
	}
}

// certain tells whether the log would show a mail by now that the mail server took.
func (s *Spool) certain(e *entry) bool {
	return e.doubt.IsZero() || !s.settled.Before(e.doubt.Add(s.linger))
}
