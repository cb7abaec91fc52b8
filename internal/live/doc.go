// Package live is the terminal view of a log: who sends how much just now, like top(1).
//
// Two goroutines work. One, the desk, owns the counters and a book of the last arrivals, and answers questions; the
// other, bubbletea's, owns the screen, asks, and draws what it was told. The screen asks when a key was pressed, and
// otherwise when something was read, but twice a second at most and never so often that answering takes more than a
// tenth of the time.
//
// The rules keep what their limits need; the book keeps the arrivals themselves, so that any key can be ranked over
// any window. What a ranking shows is what the rules count: arrivals outside the scopes of all rules are in neither.
//
// All that comes from the log goes through clean before it is shown.
package live
