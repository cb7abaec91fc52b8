package check

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/words"
)

// A Setup is what Run checks.
type Setup struct {
	File   string        // the configuration file; "" where there is none
	Broken error         // why File can't be read; nil if it can
	Config config.Config // the one in File, or the default one if File is Broken
	Host   string        // this machine's name in mails
	Now    time.Time     // wall clock
	Test   bool          // send a test mail and test notices

	// Ask sends a request to the socket as Exim does (readsocket.Ask), and returns the answer: yes or no.
	Ask func(ctx context.Context, address, request string) (string, error)

	// Exim runs the Exim of this machine (config.Exim), FindLog finds its main log (config.FindLog).
	Exim    func(ctx context.Context, args ...string) (string, error)
	FindLog func(ctx context.Context) (string, error)

	Passwd string // the file that lists this machine's users; "" if unknown
}

// Run runs the checks one after another. A failed check doesn't stop the next one.
func (s Setup) Run(ctx context.Context) iter.Seq[Result] {
	if s.Broken != nil {
		s.Config = config.Default()
	}
	c := &checks{Setup: s}
	return func(yield func(Result) bool) {
		for _, check := range []func(context.Context) []Result{
			c.configuration, c.exim, c.logs, c.rules, c.relay, c.state, c.gaps, c.silences, c.secrets, c.socket, c.mail,
			c.hook, c.webhook, c.notify, c.summaries, c.trial, c.fleet,
		} {
			for _, r := range check(ctx) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// checks are the checks of one Setup, with what one check found and a later one uses.
type checks struct {
	Setup
	server  server    // Exim
	samples []*sample // of the readable logs
	daemon  string    // pid of the running daemon; "" if none runs

	hasUsers bool // this machine has local users who may call Exim
}

// configuration checks that the daemon would accept the configuration.
func (c *checks) configuration(context.Context) []Result {
	const name = "configuration"
	err := c.Broken
	if err == nil {
		err = (&daemon.Daemon{Config: c.Config, Host: c.Host}).Check()
	}
	hint := "The other checks use the defaults."
	switch {
	case err == nil && c.File == "":
		return pass(name, "no file; the default rules apply, such as %s", c.Config.Rules[0])
	case err == nil:
		return pass(name, "%s, %s", c.File, words.Plain(int64(len(c.Config.Rules)), "rule"))
	case errors.Is(err, fs.ErrPermission):
		hint = "Run as root or as the daemon's user. " + hint
	case !errors.Is(err, fs.ErrNotExist):
		hint = "exiwatch help config lists the keys. " + hint
	}
	return fail(name, hint, "%v", err)
}
