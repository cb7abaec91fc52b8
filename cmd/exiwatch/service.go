package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/google/renameio/v2"
)

// A service tells service managers about the daemon: systemd by notifications (sd_notify(3)), init scripts and monit by
// a pidfile. Without systemd the notifications do nothing.
type service struct {
	pidfile string        // "": none
	pause   time.Duration // between beats; 0: no watchdog
	beaten  time.Time
}

// beatShare is how many beats go in WatchdogSec, as some may be late.
const beatShare = 4

func newService(pidfile string) (*service, error) {
	limit, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("reading WATCHDOG_USEC and WATCHDOG_PID: %w", err)
	}
	return &service{pidfile: pidfile, pause: limit / beatShare}, nil
}

// ready reports that the daemon is ready. Only then it writes the pidfile: now the state folder is locked, so no daemon
// overwrites the pidfile of another.
func (s *service) ready() error {
	if s.pidfile != "" {
		if err := renameio.WriteFile(s.pidfile, s.pid(), 0o644, renameio.WithTempDir(filepath.Dir(s.pidfile)),
			renameio.WithStaticPermissions(0o644)); err != nil {
			return fmt.Errorf("writing the pidfile: %w", err)
		}
	}
	return s.tell(systemd.SdNotifyReady)
}

// beat reports that the daemon reads the logs. It is daemon.Daemon's Beat.
func (s *service) beat() {
	if now := time.Now(); s.pause > 0 && now.Sub(s.beaten) >= s.pause {
		s.beaten = now
		s.tell(systemd.SdNotifyWatchdog) // the next one replaces a lost one
	}
}

// reloading and stopping only inform systemd; nothing depends on them.
func (s *service) reloading() { s.tell(systemd.SdNotifyReloading) }
func (s *service) stopping()  { s.tell(systemd.SdNotifyStopping) }

// ended removes the pidfile, unless it names another process now.
func (s *service) ended() error {
	if s.pidfile == "" {
		return nil
	}
	text, err := os.ReadFile(s.pidfile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(text, s.pid()) {
		return nil
	}
	if err == nil {
		err = os.Remove(s.pidfile)
	}
	if err != nil {
		return fmt.Errorf("removing the pidfile: %w", err)
	}
	return nil
}

func (s *service) pid() []byte { return []byte(strconv.Itoa(os.Getpid()) + "\n") }

func (s *service) tell(state string) error {
	if _, err := systemd.SdNotify(false, state); err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	return nil
}
