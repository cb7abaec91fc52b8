package mailer

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

// A batch is mails that were put together: one file that holds them all, made durable by one fsync. Each mail has its
// own file besides, as every waiting mail; a crash of the machine may take that, and then the batch has it. The batch
// is removed with the last of its mails that waits.
//
// Its file is a row of records: the length of an entry's file in decimal, a LF, and that file.
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
		b.entries[e.name()] = e
	}
	defer func() {
		if err != nil {
			for name := range b.entries {
				os.Remove(s.waitingPath(name))
			}
			os.Remove(b.path)
		}
	}()
	err = renameio.WriteFile(b.path, all, 0o600, renameio.WithTempDir(folder), renameio.WithStaticPermissions(0o600))
	for i := 0; i < len(files) && err == nil; i++ {
		err = os.WriteFile(s.waitingPath(entries[i].name()), files[i], 0o600)
	}
	if err == nil {
		err = syncDir(folder)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		e.batch = b
	}
	return nil
}

// unbind takes an entry that waits no more out of its batch. The caller has the spool's mu.
func (e *entry) unbind() {
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

// unbatch makes the files of a batch's mails durable, each by itself, and removes the batch.
func (s *Spool) unbatch(b *batch) error {
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

// unbatchAll does that for all batches: what waits for long needs none.
func (s *Spool) unbatchAll() error {
	batches := make(map[*batch]bool)
	s.mu.Lock()
	for _, e := range s.waiting {
		if e.batch != nil {
			batches[e.batch] = true
		}
	}
	s.mu.Unlock()
	var errs []error
	for b := range batches {
		errs = append(errs, s.unbatch(b))
	}
	return errors.Join(errs...)
}

// openBatches makes the files anew that a crash has taken from batches, and gives the batches by the names of their
// mails. A batch that is no row of records is moved to refused/, as NAME.broken, and reported by Run.
func (s *Spool) openBatches(files []fs.DirEntry) (map[string]*batch, error) {
	batches := make(map[string]*batch)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), batchSuffix) || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		b := &batch{path: filepath.Join(s.dir, waitingDir, f.Name()), entries: make(map[string]*entry)}
		data, err := private.Read(b.path, maxBatchFile)
		if err != nil {
			return nil, err
		}
		if err := s.openBatch(b, data, batches); err != nil {
			return nil, err
		}
	}
	return batches, nil
}

// openBatch does that for one, whose file holds data.
func (s *Spool) openBatch(b *batch, data []byte, batches map[string]*batch) error {
	for len(data) > 0 {
		file, rest, err := record(b.path, data)
		var e *entry
		var mail []byte
		if err == nil {
			e, mail, err = parseFile(b.path, file)
		}
		var newer *private.NewerError
		switch {
		case errors.As(err, &newer):
			return err
		case err != nil:
			name := filepath.Base(b.path)
			kept := filepath.Join(s.dir, refusedDir, name+".broken")
			number, _, _ := strings.Cut(name, ".")
			s.news = append(s.news, Result{ID: number, Event: "batch", Err: err, Kept: kept})
			return os.Rename(b.path, kept)
		}
		if err := s.restore(e, mail); err != nil {
			return err
		}
		batches[e.name()] = b
		data = rest
	}
	return nil
}

// record is the first record of the rest of a batch's file at path.
func record(path string, data []byte) (file, rest []byte, err error) {
	head, rest, _ := bytes.Cut(data, []byte("\n"))
	n, err := strconv.ParseInt(string(head), 10, 64)
	if err != nil || n < 0 || n > int64(len(rest)) {
		return nil, nil, fmt.Errorf("%s: %.20q is no length of a mail in it", path, head)
	}
	return rest[:n], rest[n:], nil
}

// restore writes a mail's file anew unless it is whole, or the mail waits no more.
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

// bind gives entries back to the batches that they were in, and removes batches of which no mail waits.
func (s *Spool) bind(batches map[string]*batch) {
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
