package check

import (
	"context"
	"iter"
	"time"

	"exiwatch/internal/config"
)

// A Setup is what is checked.
type Setup struct {
	File   string        // the configuration file; "" where there is none
	Broken error         // why it can't be read; nil: it can
	Config config.Config // the one in File; while that is Broken the default one is looked at
	Host   string        // name of this machine in mails
	Now    time.Time     // wall clock
	Test   bool          // send a test mail and test notices

	// Socket is where Exim asks; nil: it doesn't. Ask asks there as Exim would (readsocket.Ask), and gives the
	// answer: yes or no.
	Socket *Socket
	Ask    func(ctx context.Context, address, request string) (string, error)

	// Exim runs the Exim of this machine (config.Exim), FindLog finds its main log (config.FindLog).
	Exim    func(ctx context.Context, args ...string) (string, error)
	FindLog func(ctx context.Context) (string, error)

	Passwd string // the file that lists the users of this machine; "": nobody knows them
}

// Run makes the checks, one after the other. None keeps the next one from being made.
func (s Setup) Run(ctx context.Context) iter.Seq[Result] {
	if s.Broken != nil {
		s.Config = config.Default()
	}
	c := &checks{Setup: s}
	return func(yield func(Result) bool) {
		for _, check := range []func(context.Context) []Result{
			c.configuration, c.exim, c.logs, c.rules, c.relay, c.state, c.gaps, c.secrets, c.socket, c.mail, c.hook,
			c.webhook,
		} {
			for _, r := range check(ctx) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// checks are the checks of one Setup, and what one found that another looks at.
type checks struct {
	Setup
	server  server    // Exim
	samples []*sample // of the logs that can be read
	daemon  string    // pid of the daemon that runs; "": none does

	hasUsers bool // local users may call Exim
}
