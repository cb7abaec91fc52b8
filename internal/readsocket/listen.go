package readsocket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Access says who may use a socket file.
type Access struct {
	Mode     fs.FileMode // permissions
	UID, GID int         // -1: the process's own
}

// ErrInUse means that another program listens on the socket.
var ErrInUse = errors.New("another program listens on the socket")

// An AccessError means that the process may not make the socket as configured.
type AccessError struct{ err error }

func (e *AccessError) Error() string { return e.err.Error() }
func (e *AccessError) Unwrap() error { return e.err }

// maxPath is the longest path of a socket: sun_path of unix(7), less a NUL and the temporary folder's name.
const maxPath = 107 - len("/.1234567890/s")

// Listen makes a socket file. At no time can more users connect than access allows. Listen replaces a socket that no
// program listens on. Closing the listener removes the file unless another program has replaced it.
func Listen(path string, access Access) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("the socket's path %s has %d bytes; expected at most %d", path, len(path), maxPath)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &AccessError{fmt.Errorf("making the socket's folder: %w", err)}
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, fmt.Errorf("making the socket %s: %w", path, err)
	}
	defer unlock()
	if err := vacant(path); err != nil {
		return nil, err
	}
	s, err := bind(dir, path, access)
	if err != nil {
		err = fmt.Errorf("making the socket %s: %w", path, err)
		if errors.Is(err, fs.ErrPermission) {
			return nil, &AccessError{err}
		}
		return nil, err
	}
	return s, nil
}

// lock keeps another daemon from making a socket in the folder at the same time.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		d.Close()
		return nil, err
	}
	return func() { d.Close() }, nil
}

// aMoment is how long connecting to an existing socket may take.
const aMoment = time.Second

// vacant fails if a path is in use.
func vacant(path string) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking for another daemon: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is not a socket", path)
	}
	c, err := net.DialTimeout("unix", path, aMoment)
	if err == nil {
		c.Close()
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%s: %w", path, ErrInUse) // also if its queue is full, or we may not connect
}

// bind makes the socket in a folder that is closed to others, then moves it to its path. It can't use umask, which
// holds for the whole process.
func bind(dir, path string, access Access) (l net.Listener, err error) {
	closed, err := os.MkdirTemp(dir, ".")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(closed)
	made := filepath.Join(closed, "s")
	bound, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	bound.SetUnlinkOnClose(false) // its name changes
	defer func() {
		if err != nil {
			bound.Close()
		}
	}()
	if err := os.Chmod(made, access.Mode); err != nil {
		return nil, err
	}
	if err := os.Chown(made, access.UID, access.GID); err != nil {
		return nil, fmt.Errorf("giving it to user %d, group %d (-1: no other): %w", access.UID, access.GID, err)
	}
	info, err := os.Lstat(made)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(made, path); err != nil {
		return nil, err
	}
	return &socket{UnixListener: bound, path: path, info: info}, nil
}

// A socket is a listener with a file.
type socket struct {
	*net.UnixListener
	path string
	info fs.FileInfo
}

func (s *socket) Close() error {
	if info, err := os.Lstat(s.path); err == nil && os.SameFile(info, s.info) {
		os.Remove(s.path)
	}
	return s.UnixListener.Close()
}
