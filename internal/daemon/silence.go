package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/private"
	"exiwatch/mailer"

	"github.com/google/renameio/v2"
)

// A Silence holds the updates of somebody's incidents back until a time, because a person is on it. It is no part of
// counting: the counters, alerts and their ids don't depend on it.
type Silence struct {
	Match  string    `json:"match"` // as in [[route]], such as account:alice@example.com
	Until  time.Time `json:"until"`
	By     string    `json:"by"` // who silenced them: the name of a user of this machine
	Reason string    `json:"reason,omitempty"`

	pattern config.Pattern
}

// Holds tells whether the silence is for an incident.
func (s *Silence) Holds(i mailer.Beginning) bool { return s.pattern.MatchesIncident(i) }

// String says until when it is, and why.
func (s *Silence) String() string {
	text := "silenced until " + s.Until.Format(time.DateTime) + " by " + s.By
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}

// The file of silences in the state folder.
const (
	silencesFile    = "silences.json"
	silencesVersion = 1 // see private.Newer
	maxSilences     = 1000
	maxSilence      = 1000    // bytes of the texts of one
	maxSilencesFile = 8 << 20 // bytes: JSON takes up to six for one of these
)

// savedSilences is the file.
type savedSilences struct {
	Version  int       `json:"version"`
	Silences []Silence `json:"silences"`
}

// Silences reads those of a state folder that haven't ended. There may be no file.
func Silences(dir string, now time.Time) ([]Silence, error) {
	path := filepath.Join(dir, silencesFile)
	data, err := private.Read(path, maxSilencesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = private.Newer(path, data, silencesVersion, "then nothing is silenced")
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is silenced: %w", err)
	}
	var saved savedSilences
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, brokenSilences(path, err)
	}
	for i := range saved.Silences {
		s := &saved.Silences[i]
		if s.pattern, err = config.ParsePattern(s.Match); err != nil {
			return nil, brokenSilences(path, fmt.Errorf("match %q: %w", s.Match, err))
		}
	}
	return slices.DeleteFunc(saved.Silences, func(s Silence) bool { return !s.Until.After(now) }), nil
}

func brokenSilences(path string, err error) error {
	return &private.Error{Path: path, Problem: fmt.Sprintf("can't be understood, so nothing is silenced: %v", err),
		Hint: "remove it, and silence again: rm " + path}
}

// AddSilence adds a silence to a state folder, in the place of one for the same.
func AddSilence(dir string, s Silence, now time.Time) error {
	if _, err := config.ParsePattern(s.Match); err != nil {
		return err
	}
	if n := len(s.Match) + len(s.By) + len(s.Reason); n > maxSilence {
		return fmt.Errorf("account and reason have %d bytes: expected %d at most", n, maxSilence)
	}
	return changeSilences(dir, now, func(all []Silence) ([]Silence, error) {
		all = slices.DeleteFunc(all, func(other Silence) bool { return other.Match == s.Match })
		if len(all) >= maxSilences {
			return nil, fmt.Errorf("%d are silenced, which is as many as can be", len(all))
		}
		return append(all, s), nil
	})
}

// EndSilence takes a silence out of a state folder. It tells whether there was one.
func EndSilence(dir, match string, now time.Time) (found bool, err error) {
	err = changeSilences(dir, now, func(all []Silence) ([]Silence, error) {
		n := len(all)
		all = slices.DeleteFunc(all, func(s Silence) bool { return s.Match == match })
		found = len(all) < n
		return all, nil
	})
	return found, err
}

// changeSilences changes those of a state folder, one process after another. The file belongs to the folder's owner.
func changeSilences(dir string, now time.Time, change func([]Silence) ([]Silence, error)) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", dir, err)
	}
	all, err := Silences(dir, now)
	if err != nil {
		return err
	}
	if all, err = change(all); err != nil {
		return err
	}
	data, err := json.MarshalIndent(savedSilences{silencesVersion, append([]Silence{}, all...)}, "", "  ")
	if err != nil {
		return err
	}
	info, err := folder.Stat()
	if err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(filepath.Join(dir, silencesFile), renameio.WithTempDir(dir),
		renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Geteuid() {
		if err := file.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	if _, err := file.Write(append(data, '\n')); err != nil {
		return err
	}
	return errors.Join(file.CloseAtomicallyReplace(), folder.Sync())
}

// The silences are what a daemon knows of its state folder's.
type silences struct {
	dir string
	log *slog.Logger

	all  []Silence
	file fs.FileInfo // that was read; nil: there was none
}

// look reads the file if it has changed, and forgets what has ended. It reads without the counters.
func (s *silences) look(now time.Time, counters countersLock) {
	was := s.all
	var all []Silence
	var file fs.FileInfo
	counters.unlocked(func() { all, file = s.read(now) })
	s.all, s.file = all, file
	s.tell(was)
}

// read returns what look finds.
func (s *silences) read(now time.Time) (all []Silence, file fs.FileInfo) {
	file, err := os.Lstat(filepath.Join(s.dir, silencesFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil || s.file != nil && os.SameFile(file, s.file) && file.ModTime().Equal(s.file.ModTime()):
		return slices.DeleteFunc(slices.Clone(s.all), func(one Silence) bool { return !one.Until.After(now) }), s.file
	}
	if all, err = Silences(s.dir, now); err != nil {
		s.log.Error("what is silenced can't be read: nothing is", "error", err)
	}
	return all, file
}

// tell logs what has changed.
func (s *silences) tell(was []Silence) {
	has := func(all []Silence, one Silence) bool {
		return slices.ContainsFunc(all, func(other Silence) bool {
			return other.Match == one.Match && other.Until.Equal(one.Until)
		})
	}
	for _, one := range was {
		if !has(s.all, one) {
			s.log.Info("no longer silenced", "match", one.Match)
		}
	}
	for _, one := range s.all {
		if !has(was, one) {
			s.log.Info("silenced: updates of its incidents are held", "match", one.Match, "until", one.Until,
				"by", one.By, "reason", one.Reason)
		}
	}
}

// len is how many there are.
func (s *silences) len() int {
	if s == nil {
		return 0
	}
	return len(s.all)
}

// of is the silence for an incident that ends last; nil if there is none.
func (s *silences) of(i mailer.Beginning) *Silence {
	if s == nil {
		return nil
	}
	return SilenceOf(s.all, i)
}

// SilenceOf is the one of some silences for an incident that ends last; nil if there is none.
func SilenceOf(all []Silence, i mailer.Beginning) (last *Silence) {
	for k := range all {
		if one := &all[k]; one.Holds(i) && (last == nil || one.Until.After(last.Until)) {
			last = one
		}
	}
	return last
}
