// Package fleet counts the arrivals of many hosts as those of one, over an engine (package engine).
//
// A Publisher appends what the rules count of one log to the log's stream. The Leader, on one of the hosts, reads all
// streams in the fleet order (package merge), counts them, and commits what happens to alerts. A Replica is every
// host's copy of the open alerts.
package fleet
