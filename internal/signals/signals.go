// Package signals has the daemon hear its signals from the first moment on. Other packages take a while to be
// initialized, and a SIGHUP in that time would end the program, as it ends every program that doesn't ask for it.
//
// It imports nothing but the standard library, so that it is initialized before what takes long.
package signals

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

var (
	hangup = make(chan os.Signal, 1)
	end    = make(chan os.Signal, 1)
)

// daemon tells whether the command line is that of the daemon. For other commands a terminal that hangs up ends them.
func daemon(args []string) bool { return slices.Contains(args[:min(len(args), 2)], "run") }

func init() {
	if daemon(os.Args) {
		signal.Notify(hangup, syscall.SIGHUP)
	}
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
}

// Hangup gets a signal for each SIGHUP of the daemon, of which one is kept; no signal for another command.
func Hangup() <-chan os.Signal { return hangup }

// End gives a context that ends with SIGINT or SIGTERM, whenever the program got it.
func End() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-end
		signal.Stop(end) // another one ends the program at once
		cancel()
	}()
	return ctx
}
