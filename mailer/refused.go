package mailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxRefused is how many mails are kept that were given up. Beyond it the oldest are removed, and would go if
// they were put again.
const maxRefused = 10_000

// keep puts a mail aside that is given up.
func (s *Spool) keep(e *entry, err error) Result {
	path := s.refusedPath(e.name())
	if e.batch != nil {
		syncFile(s.waitingPath(e.name())) // if it fails, only a crash of the machine takes what is kept
	}
	if merr := s.move(e, path); merr != nil {
		return s.later(e, errors.Join(err, merr))
	}
	return Result{ID: e.ID, Event: e.Event, Err: err, Kept: path}
}

// tidy counts a mail that was kept.
func (s *Spool) tidy() error {
	if s.refused++; s.refused > s.maxRefused {
		return s.prune()
	}
	return nil
}

// prune removes the oldest files of refused/ beyond maxRefused. What isn't ours doesn't count.
func (s *Spool) prune() error {
	folder := filepath.Join(s.dir, refusedDir)
	files, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("counting refused mails: %w", err)
	}
	files = slices.DeleteFunc(files, func(f fs.DirEntry) bool {
		name, ok := strings.CutSuffix(f.Name(), ".eml")
		if !ok {
			name, ok = strings.CutSuffix(f.Name(), ".broken")
		}
		return !ok || !nameOK.MatchString(name)
	})
	s.refused = len(files)
	if s.refused <= s.maxRefused {
		return nil
	}
	var errs []error
	for _, name := range oldest(files)[:s.refused-s.maxRefused] {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			errs = append(errs, fmt.Errorf("removing an old refused mail: %w", err))
			continue
		}
		s.refused--
	}
	return errors.Join(errs...)
}

// oldest lists names by modification time.
func oldest(files []fs.DirEntry) []string {
	times := make(map[string]int64, len(files))
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name()
		if info, err := f.Info(); err == nil {
			times[f.Name()] = info.ModTime().UnixNano()
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return int(max(min(times[a]-times[b], 1), -1)) })
	return names
}
