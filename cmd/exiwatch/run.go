package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/journal"
	"exiwatch/internal/private"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/signals"
	"exiwatch/tailer"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/spf13/cobra"
)

func runCommand() *cobra.Command {
	var file, pidfile string
	var fromStart bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "follow the main log, count, and mail alerts (the daemon)",
		Long: `run follows the main log across rotation and mails an alert the moment an account crosses a limit.
It stays in the foreground. SIGTERM ends it. SIGHUP reloads the configuration; if that is broken,
the old one stays. Without a configuration it asks Exim for its log, mails root through sendmail,
and has three rules: more than 20 messages of an account in 5 minutes, more than 500 recipients of
an account in an hour, more than 5 odd log entries in an hour.

After a restart it continues where it stopped, whatever happened to the log, and mails the alerts
that it missed. At the first start it counts the existing log silently.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sockets := activation.Files(true)
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			s, err := newService(pidfile)
			if err != nil {
				return err
			}
			read := func() (*config.Config, error) {
				c, err := config.Read(file)
				if err != nil {
					return nil, configError(err)
				}
				if err := findLog(cmd.Context(), &c); err != nil {
					return nil, err
				}
				return &c, newDaemon(&c, file, fromStart, log, sockets).Check()
			}
			err = runDaemons(cmd.Context(), log, s, read, func(c *config.Config) *daemon.Daemon {
				d := newDaemon(c, file, fromStart, log, sockets)
				d.Stdin = cmd.InOrStdin()
				return d
			})
			return errors.Join(err, s.ended())
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration `FILE` (default "+config.DefaultFile+" if it is there)")
	cmd.Flags().StringVar(&pidfile, "pidfile", "",
		"write the process id to `FILE` once the daemon is ready, and remove it at the end")
	cmd.Flags().BoolVar(&fromStart, "from-start", false, "at the first start, alert on the existing log, too")
	return cmd
}

func newDaemon(c *config.Config, file string, fromStart bool, log *slog.Logger, sockets []*os.File) *daemon.Daemon {
	return &daemon.Daemon{Config: *c, FromStart: fromStart, Host: hostName(), Log: log, Sockets: sockets,
		Version: version, Examine: examine(file)}
}

// listen raises GOMAXPROCS by one, unless the environment sets it. If all processors are busy, Go's runtime polls the
// socket only every ten milliseconds, which is too late for Exim's questions.
var listen = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
})

// runDaemons runs one daemon after another. A SIGHUP ends one, and the next starts with the new configuration.
func runDaemons(ctx context.Context, log *slog.Logger, s *service, read func() (*config.Config, error),
	daemonFor func(*config.Config) *daemon.Daemon) error {
	defer context.AfterFunc(ctx, func() { endInTime(s, log) })()
	hangup := signals.Hangup()
	c, err := read()
	if err != nil {
		return err
	}
	var last *config.Config // the configuration to go back to
	for {
		log.Info("following", "log", c.Log, "rules", c.Rules, "state", c.State)
		if c.Socket != nil {
			listen()
		}
		d := daemonFor(c)
		d.Ready, d.Beat = s.ready, s.beat
		next, err := runUntil(ctx, d.Run, c.Log, hangup, read, log)
		switch {
		case err != nil && last != nil:
			log.Error("with the new configuration it doesn't run: going on with the last one", "error", err)
			c, last = last, nil
		case err != nil:
			return hintForState(err)
		case next == nil:
			return nil
		default:
			c, last = next, c
			s.reloading()
		}
	}
}

// lastMoment is how long after SIGTERM the program ends in any case; 0, as in tests: when all its work is done.
var lastMoment time.Duration

// endInTime ends the program after lastMoment. The daemon loses nothing if it is killed at any moment.
func endInTime(s *service, log *slog.Logger) {
	s.stopping()
	if lastMoment == 0 {
		return
	}
	time.AfterFunc(lastMoment, func() {
		log.Warn("ended before everything was written: the next start reads it again from the log")
		s.ended() // a pidfile that stays names no running process
		os.Exit(exitDone)
	})
}

// runUntil runs a daemon that follows the logs until it ends, or until there is a new configuration, which it returns.
func runUntil(ctx context.Context, run func(context.Context) error, logs []string, hangup <-chan os.Signal,
	read func() (*config.Config, error), log *slog.Logger) (*config.Config, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	for {
		select {
		case err := <-ended:
			return nil, err
		case <-hangup:
			next, err := read()
			if err == nil && slices.Contains(logs, config.Stdin) {
				err = errors.New("the standard input cannot be read again")
			}
			if err != nil {
				log.Error("the new configuration is refused, the old one stays", "error", err)
				continue
			}
			cancel()
			return next, <-ended
		}
	}
}

func hintForState(err error) error {
	if errors.Is(err, readsocket.ErrInUse) {
		return &hintedError{err,
			"another daemon listens there: stop it, or set another path under [socket] or [web] in the configuration"}
	}
	var access *readsocket.AccessError
	if errors.As(err, &access) {
		return &hintedError{err,
			"run as root or as a member of that group, or set another group or path under [socket] or [web] in the " +
				"configuration"}
	}
	var unsafe *private.Error
	if errors.As(err, &unsafe) {
		return &hintedError{err, unsafe.Hint}
	}
	if os.IsPermission(err) || errors.Is(err, fs.ErrPermission) {
		return &hintedError{err, "run as root, or set state = \"/path\" in the configuration to a folder of this user"}
	}
	var kind *tailer.KindError
	if errors.As(err, &kind) || isJournal(err) {
		return logError(err)
	}
	if errors.Is(err, daemon.ErrInUse) {
		return &hintedError{err,
			"one daemon can follow several logs: log = [\"…\", \"…\"]; a second daemon needs its own state folder"}
	}
	return err
}

func isJournal(err error) bool {
	return errors.Is(err, journal.ErrAccess) || errors.Is(err, journal.ErrEmpty) || errors.Is(err, journal.ErrNone)
}

// hostName is the name of this machine in mails: Debian's /etc/mailname, else the kernel's host name.
func hostName() string {
	if b, err := os.ReadFile("/etc/mailname"); err == nil {
		if name := strings.TrimSpace(string(b)); name != "" {
			return name
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments; unexpected %q", cmd.Name(), args[0])
	}
	return nil
}
