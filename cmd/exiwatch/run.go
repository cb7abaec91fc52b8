package main

import (
	"cmp"
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
	"exiwatch/internal/signals"

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
			log := newDaemonLog(cmd.ErrOrStderr())
			s, err := newService(pidfile)
			if err != nil {
				return err
			}
			daemonFor := func(c *config.Config) *daemon.Daemon {
				return &daemon.Daemon{Config: *c, FromStart: fromStart, Host: hostName(), Log: log, Sockets: sockets,
					Version: version, Stdin: cmd.InOrStdin(), Ready: s.ready, Beat: s.beat, Examine: examine(file)}
			}
			read := func() (*config.Config, error) {
				c, err := readConfig(file)
				if err != nil {
					return nil, err
				}
				if err := findLog(cmd.Context(), &c); err != nil {
					return nil, err
				}
				return &c, daemonFor(&c).Check()
			}
			err = runDaemons(cmd.Context(), log, s, read, daemonFor)
			return errors.Join(err, s.ended())
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().StringVar(&pidfile, "pidfile", "",
		"write the process id to `FILE` once the daemon is ready, and remove it at the end")
	cmd.Flags().BoolVar(&fromStart, "from-start", false, "at the first start, alert on the existing log, too")
	return cmd
}

// listen raises GOMAXPROCS by two, unless the environment sets it. While counting and the writer are busy on all that
// there are, Go's runtime polls the socket only every ten milliseconds, which is too late for Exim's questions.
var listen = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
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
		log.Info("following", identity(c)...)
		if c.Socket != nil {
			listen()
		}
		next, err := runUntil(ctx, daemonFor(c).Run, c.Log, hangup, read, log)
		switch {
		case err != nil && last != nil:
			log.Error("with the new configuration it doesn't run: going on with the last one", "error", err)
			c, last = last, nil
		case err != nil:
			return hinted(err, hint{fs.ErrPermission,
				"run as root, or set state = \"/path\" in the configuration to a folder of this user"})
		case next == nil:
			return nil
		default:
			c, last = next, c
			s.reloading()
		}
	}
}

// identity says which program follows what, by which configuration.
func identity(c *config.Config) []any {
	attributes := []any{"version", version}
	if from := builtFrom(); from != "" {
		attributes = append(attributes, "commit", from)
	}
	return append(attributes, "config", cmp.Or(c.File, "none"), "log", c.Log, "rules", c.Rules, "state", c.State)
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
