package daemon

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"exiwatch/internal/private"
)

// A state is the state folder, which one daemon at a time uses.
//
//	DIR/lock              who has it; the lock is the kernel's and ends with the process
//	DIR/key               makes our Message-IDs; the secret of this folder
//	DIR/checkpoint.json   see checkpoint
//	DIR/silences.json     see Silence
//	DIR/fleet.json        events of the fleet that may be told: see fleet.Leader
//	DIR/fleetstate.json   the state of a fleet without an engine: see fleet.Memory
//	DIR/stream-N.json     see fleet.Publisher
//	DIR/spool/            see spool.Spool; so are those of other channels: hook, webhook, notify-NAME
type state struct {
	dir  string
	lock *os.File
}

// Names in the folder.
const (
	lockFile       = "lock"
	keyFile        = "key"
	checkpointFile = "checkpoint.json"
	spoolDir       = "spool"
)

// CheckState fails with a *private.Error unless only the user uid and root can write the state folder and what is in
// it. The folder may be a symbolic link; nothing in it may. It leaves what can't be looked at to whoever opens it.
func CheckState(dir string, uid int) error {
	if err := private.CheckFolder(dir, uid); err != nil {
		return fmt.Errorf("the state folder %w", err)
	}
	paths, _ := filepath.Glob(filepath.Join(dir, notifyPrefix+"*"))
	streams, _ := filepath.Glob(filepath.Join(dir, streamFile("*")))
	paths = append(paths, streams...)
	for _, name := range []string{lockFile, keyFile, tokenFile, checkpointFile, silencesFile, spoolDir, hookChannel,
		webhookChannel, fleetPending, fleetMemory} {
		paths = append(paths, filepath.Join(dir, name))
	}
	for _, path := range paths {
		err := private.Check(path, uid)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("in the state folder, %w", err)
		}
	}
	return nil
}

// openState makes the folder if need be, and locks it. The caller closes it.
func openState(dir string) (*state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	if err := CheckState(dir, os.Geteuid()); err != nil {
		return nil, err
	}
	lock, err := private.Open(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("locking the state folder: %w", err)
	}
	if err := takeLock(lock); err != nil {
		defer lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w with pid %s", dir, ErrInUse, holder(lock))
		}
		return nil, fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	lock.Truncate(0) // what stands in it is for people: a full disk doesn't matter
	lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	s := &state{dir, lock}
	s.sweep()
	return s, nil
}

// ourselves is how long our own lock, or that of a daemon that was killed, may be held by a child that is being
// started, and has all its parent's files for a moment.
const ourselves = 2 * time.Second

// takeLock locks the file, or fails with EWOULDBLOCK.
func takeLock(lock *os.File) error {
	for deadline := time.Now().Add(ourselves); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || isOther(holder(lock)) || time.Now().After(deadline) {
			return err
		}
	}
}

// isOther tells whether a process id is that of another process that is there.
func isOther(holder string) bool {
	pid, err := strconv.Atoi(holder)
	return err != nil || pid != os.Getpid() && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// sweep removes files that a crash left half-written.
func (s *state) sweep() {
	for _, name := range []string{keyFile, checkpointFile, silencesFile, fleetPending, fleetMemory, streamFile("")} {
		left, _ := filepath.Glob(filepath.Join(s.dir, "."+name+"*")) // renameio's
		for _, path := range left {
			os.Remove(path)
		}
	}
}

// ErrInUse is the error of a start while another daemon uses the state folder.
var ErrInUse = errors.New("the state folder is in use by another exiwatch")

// Holder gives the pid of the daemon that has a state folder, "" if none has it or that can't be told. For the moment
// of looking it shares the lock: a daemon that starts in just that moment is refused.
func Holder(dir string) string {
	lock, err := private.Open(filepath.Join(dir, lockFile), os.O_RDONLY)
	if err != nil {
		return ""
	}
	defer lock.Close()
	if errors.Is(syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return holder(lock)
	}
	return ""
}

// holder reads who has the lock.
func holder(lock *os.File) string {
	text := make([]byte, 20)
	n, _ := lock.ReadAt(text, 0)
	if pid := strings.TrimSpace(string(text[:n])); pid != "" {
		return pid
	}
	return "unknown"
}

func (s *state) close() { s.lock.Close() }

const keySize = 32 // bytes

// key returns the key of our Message-IDs. The first start makes it.
func (s *state) key() ([]byte, error) {
	path := filepath.Join(s.dir, keyFile)
	key, err := private.Read(path, keySize)
	if err == nil && len(key) == keySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the key of our Message-IDs: %w", err)
	}
	key = make([]byte, keySize)
	rand.Read(key)
	if err := s.write(keyFile, key); err != nil {
		return nil, fmt.Errorf("making the key of our Message-IDs: %w", err)
	}
	return key, nil
}

// Key reads the key in a state folder; nil if there is none that may be read.
func Key(dir string) []byte {
	key, err := private.Read(filepath.Join(dir, keyFile), keySize)
	if err != nil || len(key) != keySize {
		return nil
	}
	return key
}

// write replaces a file of the folder atomically and durably.
func (s *state) write(name string, data []byte) error {
	return private.Write(filepath.Join(s.dir, name), data)
}

// load reads the checkpoint; nil if there is none. It fails with a *private.NewerError for one of a newer program. It
// puts a broken one aside.
func (s *state) load() (*checkpoint, error) {
	path := filepath.Join(s.dir, checkpointFile)
	data, err := readCheckpoint(path)
	if err != nil || data == nil {
		return nil, err
	}
	c, err := decode(data)
	if err == nil {
		return c, nil
	}
	if moved := os.Rename(path, path+brokenSuffix); moved != nil {
		return nil, fmt.Errorf("%s: %w; moving it aside: %w", path, err, moved)
	}
	return nil, fmt.Errorf("%s %w %s%s: %v", path, errBroken, path, brokenSuffix, err)
}

// readCheckpoint reads a checkpoint that this program may go on from; nil if there is none.
func readCheckpoint(path string) ([]byte, error) {
	data, err := private.Read(path, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = private.Newer(path, data, checkpointVersion, "then the daemon starts as for the first time and mails "+
			"nothing of what was logged while it was down")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoint: %w", err)
	}
	return data, nil
}

// CheckCheckpoint fails as the daemon will that goes on from the checkpoint in a state folder. A broken checkpoint is
// no error: the daemon puts it aside.
func CheckCheckpoint(dir string) error {
	_, err := readCheckpoint(filepath.Join(dir, checkpointFile))
	return err
}

// brokenSuffix ends the name of a checkpoint that was put aside.
const brokenSuffix = ".broken"

// errBroken says that a checkpoint was broken and was put aside.
var errBroken = errors.New("can't be understood and is now")

// A Loss is a broken checkpoint that a daemon has put aside.
type Loss struct {
	Path    string    // where it is now
	Written time.Time // up to when the logs had been counted, about
}

// Lost finds the checkpoint that was put aside in a state folder last; ok is false if there is none.
func Lost(dir string) (l Loss, ok bool) {
	l.Path = filepath.Join(dir, checkpointFile+brokenSuffix)
	info, err := os.Lstat(l.Path)
	if err != nil {
		return l, false
	}
	l.Written = info.ModTime()
	return l, true
}

// Hint says what to do.
func (l Loss) Hint() string {
	return "Alerts may be missing of what was logged from then until the daemon started. This lists them:\n" +
		"    exiwatch replay --since " + l.Written.UTC().Format(time.RFC3339) + "\n" +
		"Is the disk in order? Please send us the file, then remove it:\n    rm " + l.Path
}

// save replaces the checkpoint.
func (s *state) save(c *checkpoint) error {
	data, err := encode(c, maxCheckpoint)
	if err == nil {
		err = s.write(checkpointFile, data)
	}
	if err != nil {
		return fmt.Errorf("writing the checkpoint: %w", err)
	}
	return nil
}
