package main

import (
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// A post is a mail server that takes every mail, and remembers its Message-ID.
type post struct {
	via string // for the configuration

	mu  sync.Mutex
	ids map[string]int // how often each came
}

func startPost(t *testing.T) *post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &post{via: "smtp://" + l.Addr().String(), ids: make(map[string]int)}
	server := smtp.NewServer(p)
	server.Domain = "mx.lab.test"
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return p
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (p *post) Mail(string, *smtp.MailOptions) error        { return nil }
func (p *post) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (p *post) Reset()                                      {}
func (p *post) Logout() error                               { return nil }

func (p *post) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids[m.Header.Get("Message-Id")]++
	return nil
}

// count is how many different mails came whose Message-ID holds a text.
func (p *post) count(text string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.ids {
		if strings.Contains(id, text) {
			n++
		}
	}
	return n
}

func (p *post) len() int    { return p.count("") }
func (p *post) opened() int { return p.count(".opened.") }
func (p *post) grown() int  { return p.count(".grew2.") }

func (p *post) twice() (ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, times := range p.ids {
		if times > 1 {
			ids = append(ids, id)
		}
	}
	return ids
}
