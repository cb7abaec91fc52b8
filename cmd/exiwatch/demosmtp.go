package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"

	"github.com/emersion/go-smtp"
)

// serveSMTP runs a mail server on loopback. It sends the text of every mail that it accepts to mails.
func serveSMTP(ctx context.Context) (address string, mails <-chan string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, err
	}
	took := make(chan string, 16)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return session{ctx, took}, nil
	}))
	server.Domain = demoHost
	server.ErrorLog = log.New(io.Discard, "", 0) // the demo fails anyway if a mail is missing
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(listener) // until stop
	}()
	return listener.Addr().String(), took, func() {
		listener.Close() // the server doesn't know it before its Serve has begun
		server.Close()
		<-ended
	}, nil
}

// A session accepts any mail.
type session struct {
	ctx  context.Context
	took chan<- string
}

func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (session) Reset()                               {}
func (session) Logout() error                        { return nil }

func (s session) Data(r io.Reader) error {
	text, err := readable(r)
	if err != nil {
		return err
	}
	select {
	case s.took <- text:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// shownHeaders are the headers that a mail reader shows.
var shownHeaders = []string{"From", "To", "Date", "Subject"}

// readable returns a mail as a mail reader shows it.
func readable(r io.Reader) (string, error) {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	for _, name := range shownHeaders {
		value, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get(name))
		if err != nil {
			return "", err
		}
		out.WriteString(name + ": " + value + "\n")
	}
	out.WriteString("\n")
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	plain, err := multipart.NewReader(message.Body, params["boundary"]).NextPart() // the text, decoded
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(plain)
	out.Write(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	return out.String(), err
}
