//go:build !linux

package tailer

import (
	"io/fs"
	"time"
)

// statusChanged can't tell, which is as if it was just now.
func statusChanged(fs.FileInfo) time.Time { return time.Now() }
