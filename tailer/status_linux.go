package tailer

import (
	"io/fs"
	"syscall"
	"time"
)

// statusChanged is when a file's owner, mode, name or content changed last.
func statusChanged(info fs.FileInfo) time.Time {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Now()
	}
	return time.Unix(int64(stat.Ctim.Sec), int64(stat.Ctim.Nsec))
}
