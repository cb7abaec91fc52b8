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

	"exiwatch/internal/private"
)

// A Spool keeps mails on disk until they are delivered, and remembers afterwards that they were, so that a mail which
// is put twice goes once. It belongs to one process; its methods may be called from any goroutine, and none but Run
// waits for a mail server.
//
//	DIR/waiting/ID.EVENT.eml     envelope and mail, see entry
//	DIR/waiting/NUMBER.batch     mails that were put together, see batch
//	DIR/sent/ID.EVENT            empty, or what a crash left of the mail; its modification time is when
//	DIR/refused/ID.EVENT.eml     given up, for people to look at
//
// A mail changes its state by one rename, which needs no room on the disk. The package's comment tells who calls
// what, and what can go wrong nevertheless.
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
	line      lineup            // of waiting
	unsynced  map[string]bool   // paths of folders that Sync is to sync
	refused   int               // files in refused/, about; for Run alone
	news      []Result           // for Run to report
}

// The folders of a spool.
const (
	waitingDir = "waiting"
	sentDir    = "sent"
	refusedDir = "refused"
)

// maxWaiting is how many mails may wait that are committed: a few kilobytes each, and as many alerts as nobody will
// read. Those that aren't are as many as the caller puts before a checkpoint.
const maxWaiting = 10_000

// ErrFull is why Put doesn't take a mail when as many wait as may.
var ErrFull = fmt.Errorf("the mail spool is full: %d mails wait", maxWaiting)

// OpenSpool opens the spool in dir, which is made if need be. A waiting file that isn't a mail of ours is moved to
// refused/, as NAME.broken, and reported by Run; so is one that others can write. One that a newer program wrote stays,
// and OpenSpool fails with a *private.NewerError. Of the mails that it finds waiting none goes before Drop or Commit,
// and Settle.
func OpenSpool(dir string) (*Spool, error) {
	s := &Spool{
		dir: dir, wake: make(chan struct{}, 1), waiting: make(map[string]*entry),
		maxWaiting: maxWaiting, maxRefused: maxRefused,
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
	files, err := os.ReadDir(filepath.Join(s.dir, waitingDir))
	if err != nil {
		return err
	}
	batches, err := s.openBatches(files)
	if err != nil {
		return err
	}
	if len(batches) > 0 {
		if files, err = os.ReadDir(filepath.Join(s.dir, waitingDir)); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := s.adopt(f.Name()); err != nil {
			return err
		}
	}
	s.bind(batches)
	return errors.Join(s.prune(), syncDir(s.dir), syncDir(filepath.Join(s.dir, waitingDir)))
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
	if err == nil {
		err = private.Check(path, os.Geteuid())
	}
	if err == nil && e.name() != name {
		err = fmt.Errorf("%s holds the mail %q", path, e.name())
	}
	if err == nil {
		e.doubt = time.Now()
		s.join(e)
		s.last = max(s.last, e.Seq)
		return nil
	}
	var failed *fs.PathError // of the disk, not of what it holds
	var newer *private.NewerError
	if errors.As(err, &failed) || errors.As(err, &newer) {
		return err
	}
	kept := filepath.Join(s.dir, refusedDir, name+".broken")
	id, event, _ := strings.Cut(name, ".")
	s.news = append(s.news, Result{ID: id, Event: event, Err: err, Kept: kept})
	return os.Rename(path, kept)
}

// empty takes what is in the mark of a mail that was sent. The mark is its name, so that it may fail. Its time
// becomes now.
func (s *Spool) empty(name string) {
	f, err := private.Open(s.sentPath(name), os.O_WRONLY)
	if err != nil {
		return
	}
	f.Truncate(0)
	f.Close()
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
	name := id + "." + event
	if !nameOK.MatchString(name) {
		return false
	}
	known, err := s.has(name)
	return known && err == nil
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
