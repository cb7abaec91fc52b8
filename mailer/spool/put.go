package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"exiwatch/mailer"

	"github.com/google/renameio/v2"
)

// Put keeps a mail to be delivered once it is committed. When Put returns without error, the mail survives a crash.
// added is false if the spool knows the same event of the same alert: it waits, was sent or was given up. After an
// error, such as ErrFull, it is as if Put had not been called.
func (s *Spool) Put(m mailer.Message) (added bool, err error) {
	_, n, err := s.putAll([]mailer.Message{m})
	return n > 0, err
}

// PutAll is Put for many mails, in their order, with one fsync for all. n is how many of them are in the spool, old
// ones included. err says why the next one isn't.
func (s *Spool) PutAll(ms []mailer.Message) (n int, err error) {
	n, _, err = s.putAll(ms)
	return n, err
}

func (s *Spool) putAll(ms []mailer.Message) (n, added int, err error) {
	s.putting.Lock()
	defer s.putting.Unlock()
	for most := maxBatch; n < len(ms); {
		entries, dealt, err := s.newEntries(ms[n:], most)
		if len(entries) > 0 {
			werr := s.storeAll(entries)
			if werr != nil && len(entries) == 1 {
				return n, added, fmt.Errorf("spooling mail %s: %w", entries[0].name(), werr)
			}
			if werr != nil { // there may be room for fewer
				most = len(entries) / 2
				continue
			}
		}
		n, added = n+dealt, added+len(entries)
		if err != nil {
			return n, added, err
		}
	}
	return n, added, nil
}

// newEntries makes entries of the first mails that the spool doesn't know, up to most. dealt is how many mails it has
// looked at, and err is why it stopped at the next one.
func (s *Spool) newEntries(ms []mailer.Message, most int) (entries []*entry, dealt int, err error) {
	s.mu.Lock()
	seq, room := s.last, s.maxWaiting-(len(s.waiting)-len(s.order.ahead))
	s.mu.Unlock()
	seen := make(map[string]bool)
	for _, m := range ms {
		e, err := newEntry(m, time.Now())
		if err != nil {
			return entries, dealt, fmt.Errorf("spooling a mail: %w", err)
		}
		e.data = m.Data
		known, err := s.has(e.name())
		switch {
		case err != nil:
			return entries, dealt, fmt.Errorf("spooling mail %s: %w", e.name(), err)
		case known || seen[e.name()]:
			dealt++
			continue
		case room <= 0:
			return entries, dealt, fmt.Errorf("spooling mail %s: %w", e.name(), ErrFull)
		case len(entries) == most:
			return entries, dealt, nil
		}
		seen[e.name()] = true
		seq++
		e.Seq = seq
		entries = append(entries, e)
		dealt++
	}
	return entries, dealt, nil
}

// storeAll writes entries to disk and adds them to the mails that wait. After an error there are none.
func (s *Spool) storeAll(entries []*entry) (err error) {
	if len(entries) > 1 {
		err = s.writeBatch(entries)
	} else if err = s.write(entries[0], entries[0].data); err != nil {
		os.Remove(s.waitingPath(entries[0].name())) // it is there if its folder couldn't be synced
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		e.data = nil
		s.enqueue(e)
	}
	s.last = entries[len(entries)-1].Seq
	return nil
}

// has reports whether the spool knows a mail, in whatever state.
func (s *Spool) has(name string) (bool, error) {
	s.mu.Lock()
	waiting := s.waiting[name] != nil
	s.mu.Unlock()
	if waiting {
		return true, nil
	}
	for _, path := range []string{s.sentPath(name), s.refusedPath(name)} {
		_, err := os.Lstat(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// write writes envelope and mail into waiting/, durably.
func (s *Spool) write(e *entry, data []byte) error {
	file, err := e.file(data)
	if err != nil {
		return err
	}
	folder := filepath.Join(s.dir, waitingDir)
	err = renameio.WriteFile(s.waitingPath(e.name()), file, 0o600,
		renameio.WithTempDir(folder), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	return syncDir(folder)
}
