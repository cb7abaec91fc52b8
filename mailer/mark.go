package mailer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// ConfirmDelivered says that the mail server took the mail about an event of an alert: its log shows the arrival, under a
// Message-ID that the caller has found Genuine. The mail is then sent, and doesn't go again, whether the attempt that
// brought it there is over, was cut short by the end of a process or a connection, or is still waiting for its answer
// (Exim logs before it answers). A mail that is unknown, sent already, or has only recipients left that refused it
// before stays as it is. On error the disk can't be told: the mail doesn't go again as long as this process lives,
// and Run goes on trying to mark it.
func (s *Spool) ConfirmDelivered(id, event string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.waiting[id+"."+event]
	if e == nil || e.Delivered || e.accepted {
		return nil
	}
	// the last attempt wasn't for all
	if rest := without(e.To, e.asked); !e.trying && len(e.asked) > 0 && len(rest) > 0 {
		e.To, e.Delivered, e.unwritten, e.doubt, e.due = rest, true, true, time.Time{}, time.Time{}
		s.push(e)
		s.release(e)
		s.nudge()
		return nil
	}
	e.accepted = true
	// Note: the file stays whole if Run is at it, which may have to take it back; see partly
	err := s.move(e, s.sentPath(e.name()))
	switch {
	case e.trying: // Run tells the end
	case err == nil:
		s.empty(e.name())
		s.news = append(s.news, Result{ID: id, Event: event, Sent: true})
	default:
		e.due = time.Time{}
		s.push(e)
		s.release(e)
	}
	s.nudge()
	if err != nil {
		return fmt.Errorf("marking a mail as sent: %w", err)
	}
	return nil
}

// sent marks a mail as delivered, although err may tell of recipients that didn't take it.
func (s *Spool) sent(e *entry, err error) Result {
	merr := s.mark(e)
	if errors.Is(merr, fs.ErrNotExist) {
		s.gone(e, nil)
		return Result{ID: e.ID, Event: e.Event, Err: errors.Join(err, merr), Sent: true}
	}
	if merr != nil {
		e.accepted, e.lacking = true, err // never to be sent again, at least as long as we live
		s.release(e)
		return s.later(e, errors.Join(err, fmt.Errorf("marking a mail as sent: %w", merr)))
	}
	s.pass(e)
	s.empty(e.name())
	return Result{ID: e.ID, Event: e.Event, Err: err, Sent: true}
}

// mark moves a mail to sent/, unless Arrived has done that.
func (s *Spool) mark(e *entry) error {
	if s.waiting[e.name()] != e {
		return nil
	}
	return s.move(e, s.sentPath(e.name()))
}

// move renames a mail's file out of waiting/.
func (s *Spool) move(e *entry, to string) error {
	if err := os.Rename(s.waitingPath(e.name()), to); err != nil {
		return err
	}
	s.leave(e)
	if s.unsynced == nil {
		s.unsynced = make(map[string]bool)
	}
	s.unsynced[filepath.Dir(to)], s.unsynced[filepath.Join(s.dir, waitingDir)] = true, true
	return nil
}

// Sync makes durable which mails were sent or given up. Call it before a checkpoint is written, for that may cover
// the line of the log that Arrived was called for, which nobody reads again. It waits for the disk, and holds up no
// other method meanwhile.
func (s *Spool) Sync() error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	folders := s.unsynced
	s.unsynced = nil
	s.mu.Unlock()
	var errs []error
	for folder := range folders {
		errs = append(errs, syncDir(folder))
	}
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	maps.Copy(folders, s.unsynced)
	s.unsynced = folders
	s.mu.Unlock()
	return fmt.Errorf("syncing the mail spool: %w", err)
}

// Delivered tells whether the mail about an event of an alert was delivered, as far as Forget has left that known.
func (s *Spool) Delivered(id, event string) bool {
	name := id + "." + event
	if !nameOK.MatchString(name) {
		return false
	}
	_, err := os.Lstat(s.sentPath(name))
	return err == nil
}

// PruneDelivered drops the marks of the mails that were sent before a time. Such a mail would go again if it were put again.
// It also gives up what holds mails together that were put together.
func (s *Spool) PruneDelivered(before time.Time) error {
	folder := filepath.Join(s.dir, sentDir)
	marks, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("forgetting sent mails: %w", err)
	}
	var errs []error
	for _, mark := range marks {
		info, err := mark.Info()
		if err == nil && nameOK.MatchString(mark.Name()) && info.ModTime().Before(before) {
			err = os.Remove(filepath.Join(folder, mark.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, s.unbatchAll())...)
}
