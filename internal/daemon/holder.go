package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"exiwatch/internal/private"
)

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
