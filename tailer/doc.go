// Package tailer gives the lines of Exim's main log: of a live one, through whatever happens to it, and of finished
// ones, plain or compressed, in bulk.
//
// A live log is a row of segments, one an inode. Which inode comes next, from which byte and until when it is read is
// decided here; github.com/nxadm/tail wakes us and cuts lines for one inode at a time, given as a descriptor so that
// no rename can lead it astray, and every line of it is checked against the byte where it has to begin. Whenever
// something is odd the segment goes on by plain reads from the last byte consumed, so nothing can be lost or doubled
// by leaving the tail at any moment.
//
// A file is known by its inode and by its first bytes, uncompressed, so that it is found again when it was renamed,
// copied or compressed. NULs at its start, which a crash leaves, are skipped. Where the first bytes of two files are
// the same, more are compared, up to 16 KiB. There is one way to go on from a Position: the sibling that holds it, its
// rest, and then all younger ones. It is taken at the start; when a segment turns out to be truncated, for then its
// copy holds what was in it; and when the last segment's name is gone. Where no sibling holds the Position, those that
// were written to since it was last seen come instead. Whatever begins as something that was read already is read on
// behind that, so a file is not read twice under another name.
//
// Exim opens the log anew when the name's inode has changed, which it checks before each write ("Log files",
// log.c). So a line can still reach the old inode within milliseconds after a rename, and each segment is given
// Follower.Grace to be finished before the next one's first line is handed over: the order is the files' order. A line
// that comes even later, from a writer that was stopped, is handed over as Line.Late.
//
// What can't be known: bytes written between a copy and the truncation; a log truncated and written anew to begin
// with the very bytes it began with; a file that was deleted before it was looked at.
package tailer
