package watch

import (
	"os"
	"syscall"

	"exiwatch/tailer"
)

// past is the part of a log that was written before the daemon began to follow it.
type past struct {
	device, inode uint64
	size          int64 // bytes
	read          int64 // of them, so far
}

// pastOf looks at the log that is current now.
func pastOf(path string) past {
	if names, err := tailer.Cycled(path); err == nil {
		path = names[len(names)-1]
	}
	info, err := os.Stat(path)
	if err != nil {
		return past{}
	}
	s := info.Sys().(*syscall.Stat_t)
	return past{device: uint64(s.Dev), inode: s.Ino, size: info.Size()}
}

// holds tells whether a line that ends at p belongs to it. The past is over with the first line that doesn't, and when the log
// was made shorter.
func (w *past) holds(p tailer.Position) bool {
	if w.inode != p.Inode || w.device != p.Device || p.Offset > w.size || p.Offset <= w.read {
		*w = past{}
		return false
	}
	w.read = p.Offset
	return true
}
