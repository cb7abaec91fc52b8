package mailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/renameio/v2"
)

// A Spool keeps mails on disk until they are delivered, and remembers afterwards that they were, so that a mail which is put
// twice goes once. It belongs to one process; its methods may be called from any goroutine.
//
//	DIR/waiting/ID.EVENT.eml     envelope and mail, see entry
//	DIR/sent/ID.EVENT            empty; its modification time is when
//	DIR/refused/ID.EVENT.eml     given up, for people to look at
//
// A mail changes its state by one rename, which needs no room on the disk. What can't be ruled out is a crash, or a connection
// that breaks, after the mail server took a mail and before we know: that mail goes again, under the same Message-ID.
type Spool struct {
	dir  string
	wake chan struct{} // holds one token when there may be something new to do

	mu      sync.Mutex
	waiting map[string]*entry // by name
	broken  []Event           // found by OpenSpool, for Run to report
}

// The folders of a spool.
const (
	waitingDir = "waiting"
	sentDir    = "sent"
	refusedDir = "refused"
)

// OpenSpool opens the spool in dir, which is made if need be. A waiting file that isn't a mail of ours is moved to refused/, as
// NAME.broken, and reported by Run.
func OpenSpool(dir string) (*Spool, error) {
	s := &Spool{dir: dir, wake: make(chan struct{}, 1), waiting: make(map[string]*entry)}
	for _, folder := range []string{waitingDir, sentDir, refusedDir} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, fmt.Errorf("opening the mail spool: %w", err)
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, waitingDir))
	if err != nil {
		return nil, fmt.Errorf("opening the mail spool: %w", err)
	}
	for _, f := range files {
		if err := s.adopt(f.Name()); err != nil {
			return nil, fmt.Errorf("opening the mail spool: %w", err)
		}
	}
	return s, errors.Join(syncDir(dir), syncDir(filepath.Join(dir, waitingDir)))
}

// adopt takes up a file that was left in waiting/.
func (s *Spool) adopt(file string) error {
	path := filepath.Join(s.dir, waitingDir, file)
	if strings.HasPrefix(file, ".") {
		return os.Remove(path) // renameio's: Put didn't get to its end, and hasn't returned
	}
	name, ok := strings.CutSuffix(file, ".eml")
	if !ok || !nameOK.MatchString(name) {
		return nil // somebody else's
	}
	e, err := readEntry(path)
	if err == nil && e.name() != name {
		err = fmt.Errorf("%s holds the mail %q", path, e.name())
	}
	if err == nil {
		s.waiting[name] = e
		return nil
	}
	var failed *fs.PathError // of the disk, not of what it holds
	if errors.As(err, &failed) {
		return err
	}
	kept := filepath.Join(s.dir, refusedDir, name+".broken")
	id, event, _ := strings.Cut(name, ".")
	s.broken = append(s.broken, Event{ID: id, Event: event, Err: err, Kept: kept})
	return os.Rename(path, kept)
}

// Put keeps a mail to be delivered. When it returns without error the mail survives a crash. added is false when the same event of the same
// alert waits already, or was sent or given up.
func (s *Spool) Put(m Message) (added bool, err error) {
	e, err := newEntry(m, time.Now())
	if err != nil {
		return false, fmt.Errorf("spooling a mail: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, err := s.has(e.name()); known || err != nil {
		return false, err
	}
	if err := s.write(e, m.Data); err != nil {
		return false, fmt.Errorf("spooling mail %s: %w", e.name(), err)
	}
	s.waiting[e.name()] = e
	s.nudge()
	return true, nil
}

// has tells whether a mail is in the spool, in whatever state.
func (s *Spool) has(name string) (bool, error) {
	if s.waiting[name] != nil {
		return true, nil
	}
	for _, path := range []string{s.sentPath(name), s.refusedPath(name)} {
		_, err := os.Lstat(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// write puts envelope and mail into waiting/, durably.
func (s *Spool) write(e *entry, data []byte) error {
	file, err := e.file(data)
	if err != nil {
		return err
	}
	folder := filepath.Join(s.dir, waitingDir)
	if err := renameio.WriteFile(s.waitingPath(e.name()), file, 0o600, renameio.WithTempDir(folder), renameio.WithStaticPermissions(0o600)); err != nil {
		return err
	}
	return syncDir(folder)
}

// nudge lets Run look again.
func (s *Spool) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Len is how many mails wait.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// Has tells whether the mail about an event of an alert waits, was sent or was given up: whether Put would not add it.
func (s *Spool) Has(id, event string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := id + "." + event
	if !nameOK.MatchString(name) {
		return false
	}
	known, err := s.has(name)
	return known && err == nil
}

// Sent tells whether the mail about an event of an alert was delivered, as far as Forget has left that known.
func (s *Spool) Sent(id, event string) bool {
	name := id + "." + event
	if !nameOK.MatchString(name) {
		return false
	}
	_, err := os.Lstat(s.sentPath(name))
	return err == nil
}

// Forget drops the marks of the mails that were sent before a time. Such a mail would go again if it were put again.
func (s *Spool) Forget(before time.Time) error {
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
	return errors.Join(errs...)
}

func (s *Spool) waitingPath(name string) string {
	return filepath.Join(s.dir, waitingDir, name+".eml")
}
func (s *Spool) sentPath(name string) string { return filepath.Join(s.dir, sentDir, name) }
func (s *Spool) refusedPath(name string) string {
	return filepath.Join(s.dir, refusedDir, name+".eml")
}

// syncDir makes what was renamed in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
