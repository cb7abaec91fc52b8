// Package tailer gives the lines of Exim's main log: of a live one, through whatever happens to it, and of finished
// ones, plain or compressed, in bulk.
//
// A live log is a row of segments, one an inode. Which inode comes next, from which byte and until when it is read is
// decided here; github.com/nxadm/tail wakes us and cuts lines for one inode at a time, given as a descriptor so that
// no rename can lead it astray, and every line of it is checked against the byte where it has to begin. Whenever
// something is odd the segment goes on by plain reads from the last byte consumed, so nothing can be lost or doubled
// by leaving the tail at any moment.
//
// Exim opens the log anew when the name's inode has changed, which it checks before each write ("Log files",
// log.c). So a line can still reach the old inode within milliseconds after a rename, and each segment is given
// Follower.Grace to be finished before the next one's first line is handed over: the order is the files' order.
package tailer
