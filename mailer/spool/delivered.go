package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"exiwatch/mailer"
)

// ConfirmDelivered says that the mail server has taken the mail about an event of an alert: its log shows the arrival,
// under a Message-ID that the caller has found to be mailer.Genuine. The mail then counts as sent and is not sent
// again. It doesn't matter whether the attempt that brought it there is over, was cut short, or still waits for its
// answer: Exim logs before it answers. A mail stays as it is if it is unknown, sent already, or has only recipients
// left that refused it before. On error the disk doesn't know: the mail is not sent again while this process lives, and
// Run goes on trying to mark it.
func (s *Spool) ConfirmDelivered(id, event string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.waiting[id+"."+event]
	if e == nil || e.Delivered || e.accepted {
		return nil
	}
	// the last attempt wasn't for all
	if rest := without(e.To, e.asked); !e.trying && len(e.asked) > 0 && len(rest) > 0 {
		e.To, e.Delivered, e.unwritten, e.uncertainSince, e.due = rest, true, true, time.Time{}, time.Time{}
		s.push(e)
		s.requeueHeld(e)
		s.nudge()
		return nil
	}
	e.accepted = true
	// Note: the file stays whole if Run is at it, which may have to take it back; see retryRemaining
	err := s.move(e, s.sentPath(e.name()))
	switch {
	case e.trying: // Run reports the end
	case err == nil:
		s.truncateMark(e.name())
		s.results = append(s.results, Result{ID: id, Event: event, Sent: true})
	default:
		e.due = time.Time{}
		s.push(e)
		s.requeueHeld(e)
	}
	s.nudge()
	if err != nil {
		return fmt.Errorf("marking a mail as sent: %w", err)
	}
	return nil
}

// markDelivered moves a mail to sent/, unless ConfirmDelivered has done that. err may name recipients that didn't take
// it.
func (s *Spool) markDelivered(e *entry, err error) Result {
	var merr error
	if s.waiting[e.name()] == e {
		merr = s.move(e, s.sentPath(e.name()))
	}
	if errors.Is(merr, fs.ErrNotExist) {
		s.dequeue(e)
		return Result{ID: e.ID, Event: e.Event, Err: errors.Join(err, merr), Sent: true}
	}
	if merr != nil {
		e.accepted, e.deliveryErr = true, err // never to be sent again, at least as long as we live
		s.requeueHeld(e)
		return s.reschedule(e, errors.Join(err, fmt.Errorf("marking a mail as sent: %w", merr)))
	}
	s.unblockLater(e)
	s.truncateMark(e.name())
	return Result{ID: e.ID, Event: e.Event, Err: err, Sent: true}
}

// move renames a mail's file out of waiting/.
func (s *Spool) move(e *entry, to string) error {
	if err := os.Rename(s.waitingPath(e.name()), to); err != nil {
		return err
	}
	s.dequeue(e)
	s.unsynced[filepath.Dir(to)], s.unsynced[filepath.Join(s.dir, waitingDir)] = true, true
	return nil
}

// Sync makes durable which mails were sent or given up. Call it before you write a checkpoint: that may cover the line
// of the log that ConfirmDelivered was called for, and nobody reads that line again. Sync waits for the disk, and
// delays no other method meanwhile.
func (s *Spool) Sync() error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	folders := s.unsynced
	s.unsynced = make(map[string]bool)
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
	maps.Copy(s.unsynced, folders)
	s.mu.Unlock()
	return fmt.Errorf("syncing the mail spool: %w", err)
}

// Delivered reports whether the mail about an event of an alert was delivered, unless PruneDelivered has removed its
// mark.
func (s *Spool) Delivered(id, event string) bool {
	name := id + "." + event
	if !mailer.ValidName(name) {
		return false
	}
	_, err := os.Lstat(s.sentPath(name))
	return err == nil
}

// PruneDelivered removes the marks of mails that were sent before a time. If such a mail were put again, it would be
// sent again. PruneDelivered also dissolves batches.
func (s *Spool) PruneDelivered(before time.Time) error {
	folder := filepath.Join(s.dir, sentDir)
	marks, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("forgetting sent mails: %w", err)
	}
	var errs []error
	for _, mark := range marks {
		info, err := mark.Info()
		if err == nil && mailer.ValidName(mark.Name()) && info.ModTime().Before(before) {
			err = os.Remove(filepath.Join(folder, mark.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, s.dissolveAll())...)
}
