package spool

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/private"
	"exiwatch/mailer"
)

// maxFile bounds an entry's file. A digest of 1,000 alerts, each with its text, takes a megabyte.
const maxFile = 64 << 20 // bytes

// MaxSeq is far more mails than anybody will ever put, and far from overflow.
const MaxSeq = 1 << 60

// entryVersion is raised when an older program can't read an entry: see private.Newer. A file without a version has 1.
const entryVersion = 1

// An entry is a mail that waits. Its file begins with the exported fields as one line of JSON; the mail follows.
// Spool.mu guards an entry, but while an attempt is under way only Run's goroutine writes To.
type entry struct {
	ID    string    `json:"id"`
	Event string    `json:"event"`
	From  string    `json:"from"`
	To    []string  `json:"to"` // recipients that lack it; none if the transport knows them
	Put   time.Time `json:"put"`
	// greater than any before; 0 where it was put before there were numbers
	Seq       int64    `json:"seq"`
	Delivered bool     `json:"delivered"`        // a recipient has it; always written, so that a change needs no room
	Alerts    []string `json:"alerts,omitempty"` // that it is about, if not ID alone

	uncertainSince time.Time     // since when it is uncertain whether the mail server has it; zero: it is certain
	trying         bool          // an attempt is under way
	asked          []string      // who would have got it by the last attempt, of To
	unwritten      bool          // its file doesn't have the present recipients yet
	due            time.Time     // not to be tried before; zero: now
	pause          time.Duration // after the last attempt
	refusedSince   time.Time     // since when the mail server has refused to see it; zero: it hasn't
	accepted       bool          // the mail server has it, and the disk may not know
	deliveryErr    error         // with accepted: who didn't get it
	batch          *batch        // that holds it, too; nil: its own file is durable
	data           []byte        // of a mail that is being put

	queue *queue // that it is in; nil: none
	held  bool   // back by an earlier mail of its alerts
}

// newEntry returns the entry of a mail that is put at now.
func newEntry(m mailer.Message, now time.Time) (*entry, error) {
	e := &entry{ID: m.ID, Event: m.Event, From: m.From, To: m.To, Put: now}
	if !slices.Equal(m.Alerts, e.about()) {
		e.Alerts = m.Alerts
	}
	if len(m.Data) == 0 {
		return nil, errors.New("the mail is empty")
	}
	return e, e.check()
}

// check returns an error for an envelope that Put does not write.
func (e *entry) check() error {
	if err := (mailer.Message{ID: e.ID, Event: e.Event, From: e.From, To: e.To}).Check(); err != nil {
		return err
	}
	if e.Seq < 0 || e.Seq > MaxSeq {
		return fmt.Errorf("sequence number %d: want 0 to %d", e.Seq, int64(MaxSeq))
	}
	return nil
}

func (e *entry) name() string { return e.ID + "." + e.Event }

// about lists the alerts that the mail is about.
func (e *entry) about() []string {
	if len(e.Alerts) > 0 {
		return e.Alerts
	}
	return []string{e.ID}
}

// before reports whether e was put before f.
func (e *entry) before(f *entry) bool { return e.compare(f) < 0 }

func (e *entry) compare(f *entry) int {
	return cmp.Or(cmp.Compare(e.Seq, f.Seq), e.Put.Compare(f.Put), cmp.Compare(e.ID, f.ID),
		cmp.Compare(e.Event, f.Event))
}

// file returns the content of the entry's file.
func (e *entry) file(data []byte) ([]byte, error) {
	line, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), data...), nil
}

// readFile reads an entry's file.
func readFile(path string) (e *entry, data []byte, err error) {
	file, err := private.Read(path, maxFile)
	if err != nil {
		return nil, nil, err
	}
	if len(file) > maxFile {
		return nil, nil, fmt.Errorf("%s: not a mail of ours, for it is larger than %d MiB", path, maxFile>>20)
	}
	return parseFile(path, file)
}

// parseFile reads the content of an entry's file. path is where it comes from: that file, or a batch with it.
func parseFile(path string, file []byte) (e *entry, data []byte, err error) {
	line, data, _ := bytes.Cut(file, []byte("\n"))
	if err := private.Newer(path, line, entryVersion, "then that mail isn't sent"); err != nil {
		return nil, nil, err
	}
	e = new(entry)
	if err = json.Unmarshal(line, e); err == nil {
		err = e.check()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, data, nil
}
