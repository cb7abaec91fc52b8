package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"exiwatch/internal/private"

	"github.com/google/renameio/v2"
)

// A batch holds mails that were put together: one file with all of them, which one fsync makes durable. Each mail also
// has its own file, as every waiting mail does. A crash of the machine may lose that one, and the batch restores it.
// The batch is removed when none of its mails waits any more.
//
// Its file is a list of records: the length of an entry's file in decimal, a LF, and that file.
type batch struct {
	path    string
	entries map[string]*entry // that wait, by name
}

const (
	maxBatch     = 256       // mails
	maxBatchFile = 256 << 20 // bytes
	batchSuffix  = ".batch"
)

// writeBatch writes entries as a batch. After an error it is as if it had not been called.
func (s *Spool) writeBatch(entries []*entry) (err error) {
	folder := filepath.Join(s.dir, waitingDir)
	b := &batch{entries: make(map[string]*entry)}
	b.path = filepath.Join(folder, strconv.FormatInt(entries[0].Seq, 10)+batchSuffix)
	var all []byte
	files := make([][]byte, len(entries))
	for i, e := range entries {
		if files[i], err = e.file(e.data); err != nil {
			return err
		}
		all = append(strconv.AppendInt(all, int64(len(files[i])), 10), '\n')
		all = append(all, files[i]...)
		b.entries[e.name()], e.batch = e, b
	}
	err = renameio.WriteFile(b.path, all, 0o600, renameio.WithTempDir(folder), renameio.WithStaticPermissions(0o600))
	for i := 0; i < len(files) && err == nil; i++ {
		err = os.WriteFile(s.waitingPath(entries[i].name()), files[i], 0o600)
	}
	if err == nil {
		err = syncDir(folder)
	}
	if err != nil {
		for name := range b.entries {
			os.Remove(s.waitingPath(name))
		}
		os.Remove(b.path)
	}
	return err
}

// leaveBatch takes an entry that doesn't wait any more out of its batch. The caller holds the spool's mu.
func (e *entry) leaveBatch() {
	b := e.batch
	if b == nil {
		return
	}
	e.batch = nil
	delete(b.entries, e.name())
	if len(b.entries) == 0 {
		os.Remove(b.path) // should a crash bring it back, it holds nothing that waits
	}
}

// dissolve makes the files of the mails of batches durable one by one, and removes the batches.
func (s *Spool) dissolve(batches map[*batch]bool) error {
	delete(batches, nil) // of mails without one
	var errs []error
	for b := range batches {
		errs = append(errs, s.dissolveOne(b))
	}
	return errors.Join(errs...)
}

func (s *Spool) dissolveOne(b *batch) error {
	s.mu.Lock()
	names := slices.Collect(maps.Keys(b.entries))
	s.mu.Unlock()
	for _, name := range names {
		if err := syncFile(s.waitingPath(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(b.entries) == 0 {
		return nil // the last one has left
	}
	for _, e := range b.entries {
		e.batch = nil
	}
	clear(b.entries)
	return os.Remove(b.path)
}

// dissolveAll dissolves all batches: mails that wait long need none.
func (s *Spool) dissolveAll() error {
	batches := make(map[*batch]bool)
	s.mu.Lock()
	for _, e := range s.waiting {
		batches[e.batch] = true
	}
	s.mu.Unlock()
	return s.dissolve(batches)
}

// recoverBatch restores the files that a crash has taken from the batch in a file of waiting/. It enters the batch into
// batches under the names of its mails. A broken batch is moved to refused/ as NAME.broken, and Run reports it.
func (s *Spool) recoverBatch(file string, batches map[string]*batch) error {
	if !strings.HasSuffix(file, batchSuffix) || strings.HasPrefix(file, ".") {
		return nil
	}
	b := &batch{path: filepath.Join(s.dir, waitingDir, file), entries: make(map[string]*entry)}
	data, err := private.Read(b.path, maxBatchFile)
	if err != nil {
		return err
	}
	for len(data) > 0 {
		record, rest, err := nextRecord(b.path, data)
		var e *entry
		var mail []byte
		if err == nil {
			e, mail, err = parseFile(b.path, record)
		}
		if err != nil {
			return s.setAside(b.path, file, err)
		}
		if err := s.restore(e, mail); err != nil {
			return err
		}
		batches[e.name()] = b
		data = rest
	}
	return nil
}

// nextRecord cuts the first record off the data of a batch's file at path.
func nextRecord(path string, data []byte) (file, rest []byte, err error) {
	head, rest, _ := bytes.Cut(data, []byte("\n"))
	n, err := strconv.ParseInt(string(head), 10, 64)
	if err != nil || n < 0 || n > int64(len(rest)) {
		return nil, nil, fmt.Errorf("%s: %.20q is not the length of a mail in it", path, head)
	}
	return rest[:n], rest[n:], nil
}

// restore writes a mail's file again, unless it is whole or the mail doesn't wait any more.
func (s *Spool) restore(e *entry, data []byte) error {
	known, err := s.has(e.name())
	if known || err != nil {
		return err
	}
	if _, had, err := readFile(s.waitingPath(e.name())); err == nil && bytes.Equal(had, data) {
		return nil // its envelope may be another one since
	}
	return s.write(e, data)
}

// rejoinBatches puts entries back into their batches, and removes batches without a waiting mail.
func (s *Spool) rejoinBatches(batches map[string]*batch) {
	for name, b := range batches {
		if e := s.waiting[name]; e != nil {
			e.batch = b
			b.entries[name] = e
		}
	}
	for _, b := range batches {
		if len(b.entries) == 0 {
			os.Remove(b.path)
		}
	}
}

func syncFile(path string) error {
	f, err := private.Open(path, os.O_WRONLY)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
