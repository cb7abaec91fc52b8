// Package live is the terminal view of a log: who sends how much right now, like top(1).
//
// Two goroutines work. The engine's owns the counters and a buffer of the last arrivals, and answers queries. The
// screen's, which is bubbletea's, asks and draws the answers. It asks when a key is pressed or the log was read on: at
// most twice a second, and so seldom that answering takes at most a tenth of the time.
//
// The counters keep what limits need. The buffer keeps the arrivals themselves, so a ranking can be by any key over any
// window. Both have only what the rules count.
//
// All text from the log goes through clean before it is shown. What has effect outside of the terminal is an Action of
// the View, except exports.
package live
