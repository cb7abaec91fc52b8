package daemon

import (
	"errors"
	"log/slog"
	"syscall"
	"time"

	"exiwatch/mailer/spool"
)

// A trouble logs that a disk fails: the first failure of a kind at once, later ones once a minute with their number.
type trouble struct {
	log   *slog.Logger
	now   func() time.Time
	kinds map[string]*failures
	said  bool // that something goes wrong, and not yet that it is over
}

type failures struct {
	times int
	until time.Time // when they may be said again
}

// say logs a failure.
func (t *trouble) say(what string, err error) {
	kind := what + reason(err)
	f := t.kinds[kind]
	if f == nil {
		if t.kinds == nil || len(t.kinds) > 100 {
			t.kinds = make(map[string]*failures)
		}
		f = new(failures)
		t.kinds[kind] = f
	}
	f.times++
	now := t.now()
	if now.Before(f.until) {
		return
	}
	f.until = now.Add(warnPause)
	t.said = true
	if f.times == 1 {
		t.log.Error(what, "error", err)
	} else {
		t.log.Error(what, "error", err, "times", f.times)
	}
	f.times = 0
}

// end logs that it is over.
func (t *trouble) end() {
	if t.said {
		t.said = false
		t.log.Info("mails are spooled again")
	}
}

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
