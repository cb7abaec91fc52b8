package spool

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"exiwatch/internal/testkit"

	"github.com/emersion/go-smtp"
)

// An exim is a mail server that logs the Message-ID of a mail before it answers.
type exim struct {
	dir string // of its main log

	mu       sync.Mutex
	sessions int
}

func (e *exim) NewSession(*smtp.Conn) (smtp.Session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sessions++
	return e, nil
}

func (e *exim) Mail(string, *smtp.MailOptions) error { return nil }
func (e *exim) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (e *exim) Reset()                               {}

func (e *exim) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.ReadAll(m.Body); err != nil {
		return err
	}
	return e.arrival(m.Header.Get("Message-Id"))
}

func (e *exim) arrival(id string) error {
	f, err := os.OpenFile(filepath.Join(e.dir, "mainlog"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, id)
	return errors.Join(err, f.Close())
}

func (e *exim) Logout() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sessions--
	return nil
}

// wait returns when all who talked to the server are gone.
func (e *exim) wait(t *testing.T) {
	t.Helper()
	testkit.Until(t, "no conversation goes on with a process that is dead", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.sessions == 0
	})
}
