// Package merge puts the arrivals of a fleet's hosts into one order, and counts them together.
//
// This is the fleet order. The arrivals of each host keep the order of its log, and have the clock of that host alone
// (package window, "Time"): a wrong clock stays its own host's. Hosts are merged by the second that their clocks have
// reached, and within a second by name. The alerts of a fleet are those of this order, whoever computes it: Replay from
// finished logs, or a daemon from what many hosts publish.
package merge
