package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A mailbox is an SMTP server's memory: what it was told, and what it answers.
type mailbox struct {
	mu       sync.Mutex
	hello    string
	auth     string // user:password
	tls      bool   // MAIL came over TLS
	options  smtp.MailOptions
	from     []string
	to       []string
	data     []string
	mail     error            // answer to MAIL
	rcpt     map[string]error // answers to RCPT
	accepted error            // answer to the mail
}

func (b *mailbox) NewSession(c *smtp.Conn) (smtp.Session, error) { return &smtpSession{b, c}, nil }

type smtpSession struct {
	*mailbox
	conn *smtp.Conn
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if password != "secret" {
			return errors.New("no")
		}
		s.auth = user + ":" + password
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, o *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, s.tls = s.conn.TLSConnectionState()
	s.hello, s.options = s.conn.Hostname(), *o
	s.from = append(s.from, from)
	return s.mail
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rcpt[to]; err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accepted == nil {
		s.data = append(s.data, string(b))
	}
	return s.accepted
}

func (s *smtpSession) Reset()        {}
func (s *smtpSession) Logout() error { return nil }

// serve runs a server with a backend until the test's end, with implicit TLS or STARTTLS where cert is given.
func serve(t *testing.T, b smtp.Backend, cert *tls.Certificate, implicit bool) (address string) {
	t.Helper()
	server := smtp.NewServer(b)
	server.Domain = "mx.lab.test"
	server.EnableSMTPUTF8 = true
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	server.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
		if implicit {
			l = tls.NewListener(l, server.TLSConfig)
		}
	}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	return l.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// selfSigned makes a certificate for mx.lab.test and the pool that believes it.
func selfSigned(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx.lab.test"}, DNSNames: []string{"mx.lab.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
