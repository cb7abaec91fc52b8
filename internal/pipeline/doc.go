// Package pipeline turns entries of Exim's main log into counts and alerts: the same way for the daemon, which follows
// a log, and for a replay, which reads finished ones. That both say the same is the invariant of exiwatch, and this
// package is where it is kept: no files, no networks, no wall clock.
//
//	parser.Entry → keys (who is counted) → scope (whether a rule counts it) → window.Counters → Listener
//
// A Pipeline belongs to one goroutine. Workers parse chunks of the log in parallel, and apply them in the order of the
// log. Each host that a syslog wrapper names has counters and a clock of its own.
package pipeline
