// Package signals catches the daemon's signals from the start of the process. Other packages take a while to
// initialize. Without this package a SIGHUP in that time would end the program.
//
// It imports only the standard library, so that Go initializes it before the slow packages.
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

func init() {
	// Only the daemon takes SIGHUP. Other commands must end when their terminal hangs up.
	if slices.Contains(os.Args[:min(len(os.Args), 2)], "run") {
		signal.Notify(hangup, syscall.SIGHUP)
	}
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
}

// Hangup returns a channel that receives the daemon's SIGHUPs and keeps at most one. Other commands receive none.
func Hangup() <-chan os.Signal { return hangup }

// End returns a context that ends with SIGINT or SIGTERM, even if the signal came before the call.
func End() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-end
		signal.Stop(end) // another one ends the program at once
		cancel()
	}()
	return ctx
}
