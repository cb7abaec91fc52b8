package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"exiwatch/mailer"
)

// maxRefused is how many refused mails are kept. Beyond it the oldest are removed, and would be sent if they were put
// again.
const maxRefused = 10_000

// reject gives a mail up and moves it to refused/.
func (s *Spool) reject(e *entry, err error) Result {
	path := s.refusedPath(e.name())
	if e.batch != nil {
		syncFile(s.waitingPath(e.name())) // if it fails, only a crash of the machine takes what is kept
	}
	if merr := s.move(e, path); merr != nil {
		return s.reschedule(e, errors.Join(err, merr))
	}
	return Result{ID: e.ID, Event: e.Event, Err: err, Kept: path}
}

// countRefused counts a mail that was moved to refused/, and prunes the folder if it is full.
func (s *Spool) countRefused() error {
	if s.refused++; s.refused > s.maxRefused {
		return s.pruneRefused()
	}
	return nil
}

// pruneRefused removes the oldest files of refused/ beyond maxRefused. Files that aren't ours don't count.
func (s *Spool) pruneRefused() error {
	folder := filepath.Join(s.dir, refusedDir)
	files, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("counting refused mails: %w", err)
	}
	var mails []fs.FileInfo
	for _, f := range files {
		ext := filepath.Ext(f.Name())
		ours := (ext == ".eml" || ext == ".broken") && mailer.ValidName(strings.TrimSuffix(f.Name(), ext))
		if info, err := f.Info(); err == nil && ours {
			mails = append(mails, info)
		}
	}
	slices.SortStableFunc(mails, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	s.refused = len(mails)
	var errs []error
	for _, mail := range mails[:max(len(mails)-s.maxRefused, 0)] {
		if err := os.Remove(filepath.Join(folder, mail.Name())); err != nil {
			errs = append(errs, fmt.Errorf("removing an old refused mail: %w", err))
			continue
		}
		s.refused--
	}
	return errors.Join(errs...)
}
