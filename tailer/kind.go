package tailer

import (
	"io/fs"
	"os"
)

// A KindError says that a main log can't be followed because it isn't a regular file.
type KindError struct {
	Path string
	Kind string // with its article
}

func (e *KindError) Error() string {
	return e.Path + " is " + e.Kind + ", not a file to which Exim appends"
}

// Followable fails with a *KindError if path is anything but a regular file. A log that doesn't exist, or can't be
// looked at, may become one.
func Followable(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	return &KindError{path, kind(info.Mode())}
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
