// Package daemon is what `exiwatch run` starts: it follows main logs, counts, and notifies.
//
// One goroutine owns the counters: see Daemon.Run. It processes batches of lines, and hands what must be told to the
// outbox. The outbox spools, writes a checkpoint, and only then lets mails go. Others read the counters through the
// countersLock: the socket, the live page and the metrics.
//
// The invariant: whatever happens to it, the daemon says exactly what a replay of the same log says.
package daemon
