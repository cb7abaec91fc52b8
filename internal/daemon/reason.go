package daemon

import (
	"errors"
	"syscall"

	"exiwatch/mailer/spool"
)

// reason is what kind of error this is, without the names of files, which may be drawn at random.
func reason(err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, spool.ErrFull):
		return spool.ErrFull.Error()
	}
	return err.Error()
}
