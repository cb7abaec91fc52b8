// Package tailer follows Exim's main log and hands over each line once, in order, although the log is rotated, copied,
// truncated and compressed, and the reader may be killed in between. It also reads finished logs in bulk, plain or
// compressed. The few lines that nobody could have seen are listed at the end of this page.
//
// A Follower follows a live log from a Position, which fits into a checkpoint and stays valid when the file is renamed,
// copied or compressed. Open uncompresses a finished log, ScanLines and Chunks cut it into lines, and Members finds a
// log's rotated (Exim says: cycled) files by their names and contents.
//
// # How a live log is followed
//
// A live log is a sequence of segments, each one inode. This package decides which inode comes next, at which byte it
// begins and when it is finished. github.com/nxadm/tail only wakes it and cuts lines, for one inode at a time. The
// library gets a descriptor instead of a name, so no rename can mislead it, and each of its lines is compared with the
// byte at which the line has to begin. If anything is odd, the segment goes on by plain reads from the last byte
// consumed. So the tail may be left at any moment, and no line is lost or doubled.
//
// # How a file is recognized
//
// A file is known by its inode and by its first bytes, uncompressed. So it is found again after it was renamed, copied
// or compressed. NULs at its start, which a crash leaves, are skipped. If two files begin with the same bytes, up to
// 16 KiB are compared.
//
// There is one way to go on from a Position: read the rest of the file that holds it, and then all younger files. This
// happens at the start, when a segment was truncated (its copy then holds what was in it), and when the last segment
// has lost its name. If no file holds the Position, reading goes on with the files that were written to since then. A
// file that begins like one that was read already goes on behind what was read. So no file is read twice under two
// names.
//
// # In which order lines come
//
// Exim opens the log again when its name leads to another inode, and checks that before each write ("Log files",
// log.c). So a line can still reach the old inode milliseconds after a rename. Each segment gets Follower.Grace before
// the next one begins, which keeps the lines in the files' order. A line that comes even later, from a writer that was
// stopped, is a Line.Late.
//
// # What can't be known
//
// Three kinds of lines are lost: those written between a copy and the truncation; those of a log that was truncated
// and then begins with the very bytes it began with before; and those of a file that was deleted before anyone looked.
package tailer
