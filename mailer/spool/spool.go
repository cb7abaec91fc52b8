package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/private"
	"exiwatch/mailer"
)

// A Spool keeps mails on disk until they are delivered. Afterwards it remembers them, so that a mail that is put twice
// is sent once. A Spool belongs to one process. Its methods may be called from any goroutine, and only Run waits for a
// mail server.
//
//	DIR/waiting/ID.EVENT.eml     envelope and mail, see entry
//	DIR/waiting/NUMBER.batch     mails that were put together, see batch
//	DIR/sent/ID.EVENT            empty, or what a crash left of the mail; its modification time is when it was sent
//	DIR/refused/ID.EVENT.eml     given up, for people to read
//
// A mail changes its state by one rename, which needs no room on the disk.
type Spool struct {
	dir  string
	wake chan struct{} // holds one token when there may be something new to do

	maxWaiting, maxRefused int // the constants, but in tests

	putting sync.Mutex // one puts at a time; mu is free while that takes time
	syncing sync.Mutex // held before mu by whoever syncs folders

	mu        sync.Mutex
	waiting   map[string]*entry // by name
	last      int64             // the highest sequence number there is, or was
	settled   time.Time         // before which the log has been read
	linger    time.Duration     // of the transport
	committed int64             // up to which mails may go
	order     sendOrder         // of waiting
	unsynced  map[string]bool   // paths of folders that Sync is to sync
	refused   int               // files in refused/, about; for Run alone
	results   []Result          // for Run to report
}

// The folders of a spool.
const (
	waitingDir = "waiting"
	sentDir    = "sent"
	refusedDir = "refused"
)

// maxWaiting is how many committed mails may wait. They take a few kilobytes each, and nobody reads more alerts than
// that. Mails that are not committed don't count: the caller puts only so many before a checkpoint.
const maxWaiting = 10_000

// ErrFull is the error of Put when maxWaiting mails wait.
var ErrFull = fmt.Errorf("the mail spool is full: %d mails wait", maxWaiting)

// Open opens the spool in dir, and makes dir if need be. A waiting file that isn't a mail of ours, or that others can
// write, is moved to refused/ as NAME.broken, and Run reports it. A file that a newer program wrote stays, and Open
// fails with a *private.NewerError. Mails that Open finds waiting are not sent before DropUncommitted or Commit, and
// ResolveUncertain.
func Open(dir string) (*Spool, error) {
	s := &Spool{
		dir: dir, wake: make(chan struct{}, 1), waiting: make(map[string]*entry), unsynced: make(map[string]bool),
		order: sendOrder{alerts: make(map[string][]*entry)}, maxWaiting: maxWaiting, maxRefused: maxRefused,
	}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("opening the mail spool: %w", err)
	}
	return s, nil
}

func (s *Spool) open() error {
	for _, folder := range []string{"", waitingDir, sentDir, refusedDir} {
		path := filepath.Join(s.dir, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
		if err := private.Check(path, os.Geteuid()); err != nil {
			return err
		}
	}
	batches := make(map[string]*batch)
	for _, read := range []func(string) error{
		func(file string) error { return s.recoverBatch(file, batches) }, // may add mails to the folder
		s.adopt,
	} {
		files, err := os.ReadDir(filepath.Join(s.dir, waitingDir))
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := read(f.Name()); err != nil {
				return err
			}
		}
	}
	s.rejoinBatches(batches)
	return errors.Join(s.pruneRefused(), syncDir(s.dir), syncDir(filepath.Join(s.dir, waitingDir)))
}

// adopt reads a file that an earlier process left in waiting/.
func (s *Spool) adopt(file string) error {
	path := filepath.Join(s.dir, waitingDir, file)
	if strings.HasPrefix(file, ".") {
		return os.Remove(path) // renameio's: Put didn't get to its end, and hasn't returned
	}
	name, ok := strings.CutSuffix(file, ".eml")
	if !ok || !mailer.ValidName(name) {
		return nil // somebody else's
	}
	e, data, err := readFile(path)
	if err == nil && len(data) == 0 {
		err = fmt.Errorf("%s: it ends before the mail", path)
	}
	if err == nil {
		err = private.Check(path, os.Geteuid())
	}
	if err == nil && e.name() != name {
		err = fmt.Errorf("%s holds the mail %q", path, e.name())
	}
	if err != nil {
		return s.setAside(path, name, err)
	}
	e.uncertainSince = time.Now()
	s.enqueue(e)
	s.last = max(s.last, e.Seq)
	return nil
}

// setAside moves a broken file of waiting/ to refused/, for Run to report. It returns an error of the disk, and one for
// a file that a newer program wrote.
func (s *Spool) setAside(path, name string, err error) error {
	_, failed := errors.AsType[*fs.PathError](err) // of the disk, not of what it holds
	if _, newer := errors.AsType[*private.NewerError](err); failed || newer {
		return err
	}
	kept := filepath.Join(s.dir, refusedDir, name+".broken")
	id, event, _ := strings.Cut(name, ".")
	s.results = append(s.results, Result{ID: id, Event: event, Err: err, Kept: kept})
	return os.Rename(path, kept)
}

// truncateMark empties the mark of a mail that was sent, and sets its time to now. Only the name of a mark counts, so
// an error changes nothing.
func (s *Spool) truncateMark(name string) {
	f, err := private.Open(s.sentPath(name), os.O_WRONLY)
	if err != nil {
		return
	}
	f.Truncate(0)
	f.Close()
}

// nudge wakes Run.
func (s *Spool) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Len returns how many mails wait.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// Has reports whether the mail about an event of an alert waits, was sent or was given up: Put would not add it.
func (s *Spool) Has(id, event string) bool {
	name := id + "." + event
	if !mailer.ValidName(name) {
		return false
	}
	known, err := s.has(name)
	return known && err == nil
}

// Waiting returns how many mails wait, and when the oldest of them was put: the zero time if none waits.
func (s *Spool) Waiting() (n int, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.waiting {
		if since.IsZero() || e.Put.Before(since) {
			since = e.Put
		}
	}
	return len(s.waiting), since
}

// Dir is the spool's folder.
func (s *Spool) Dir() string { return s.dir }

// Waits reports whether the mail about an event of an alert waits.
func (s *Spool) Waits(id, event string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting[id+"."+event] != nil
}

func (s *Spool) waitingPath(name string) string { return filepath.Join(s.dir, waitingDir, name+".eml") }
func (s *Spool) sentPath(name string) string    { return filepath.Join(s.dir, sentDir, name) }
func (s *Spool) refusedPath(name string) string { return filepath.Join(s.dir, refusedDir, name+".eml") }

// syncDir makes the renames in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
