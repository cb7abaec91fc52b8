package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"exiwatch/internal/private"
)

// rewrite writes the recipients that are left into a mail's file. marked means that ConfirmDelivered has moved the file
// to sent/: rewrite moves it back. An error means that the disk doesn't know who has the mail, and that a restart would
// send it to all again.
func (s *Spool) rewrite(e *entry, data []byte, marked bool) error {
	err := s.write(e, data)
	if err == nil && marked {
		return os.Remove(s.sentPath(e.name()))
	}
	if err == nil {
		return nil
	}
	path := s.waitingPath(e.name())
	if marked {
		path = s.sentPath(e.name())
	}
	if overwrite(path, e, data) == nil { // a full disk has room for that
		err = nil
	}
	if marked {
		err = errors.Join(err, os.Rename(path, s.waitingPath(e.name())))
	}
	return err
}

// overwrite replaces an entry in place, before the mail in a file.
func overwrite(path string, e *entry, data []byte) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := private.Open(path, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	blank := info.Size() - int64(len(data)+len(line)+1)
	if blank < 0 {
		return fmt.Errorf("%s: no room for %d bytes more", path, -blank)
	}
	line = append(line, bytes.Repeat([]byte(" "), int(blank))...)
	if _, err := f.WriteAt(line, 0); err != nil {
		return err
	}
	return f.Sync()
}
