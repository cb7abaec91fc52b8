package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"exiwatch/mailer"
)

// SMTP hands mail to a mail server over the network, in one conversation for each mail.
type SMTP struct {
	Address        string // host:port
	Implicit       bool   // TLS from the first byte (smtps, RFC 8314); otherwise by STARTTLS, as TLS says
	User, Password string // for AUTH PLAIN; no User: no authentication

	// TLS says what STARTTLS is for. "off": never. "opportunistic": where the server offers it, with any certificate,
	// as mail servers do between themselves. "required": nothing is sent without it, and the certificate is verified,
	// as Implicit does. "": off for a server on this machine, required with a User, opportunistic otherwise. No
	// certificate is verified on this machine, because no authority signs one for 127.0.0.1.
	TLS     string
	RootCAs *x509.CertPool // trusted certificate authorities; nil: those of this machine

	Hello   string        // name for EHLO, and the domain of a recipient that has none; "" is localhost
	Timeout time.Duration // of the whole conversation; 0 is 30 s

	dial func(ctx context.Context, network, address string) (net.Conn, error) // nil but in tests
}

// Values of SMTP.TLS.
const (
	tlsOff           = "off"
	tlsOpportunistic = "opportunistic"
	tlsRequired      = "required"
)

const (
	smtpTimeout = 30 * time.Second
	quitTimeout = time.Second // of it, for the answer to QUIT: the mail is sent, and others wait
)

// Check returns an error if a setting makes no sense.
func (s SMTP) Check() error {
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return fmt.Errorf("mail server %q: want HOST:PORT", s.Address)
	}
	switch s.TLS {
	case "", tlsOff, tlsOpportunistic, tlsRequired:
	default:
		return fmt.Errorf("tls %q: want off, opportunistic or required", s.TLS)
	}
	if s.User != "" && !s.Implicit && s.policy() != tlsRequired && !s.local() {
		return fmt.Errorf("tls %q: a password is sent only when TLS is required", s.TLS)
	}
	return nil
}

// Send holds one conversation. A server that takes the mail and then breaks the connection may get the mail again.
func (s SMTP) Send(ctx context.Context, m mailer.Message) error {
	_, err := s.SendForReply(ctx, m)
	return err
}

// SendForReply is Send, and returns what the server replied when it took the mail.
func (s SMTP) SendForReply(ctx context.Context, m mailer.Message) (answer string, err error) {
	err = s.withSession(ctx, func(c *smtp.Client) error {
		answer, err = sendMail(c, m.From, s.qualified(m.To), m.Data)
		return err
	})
	return answer, err
}

// Probe holds a conversation up to the recipients of a mail, and sends nothing. Its errors are those of Send.
func (s SMTP) Probe(ctx context.Context, from string, to []string) error {
	return s.withSession(ctx, func(c *smtp.Client) error {
		refused, err := sendEnvelope(c, from, s.qualified(to))
		if err != nil {
			return err
		}
		c.Reset() // how the server takes it changes nothing
		return refusedError(refused, to)
	})
}

// withSession opens a session with a time limit, and calls talk in it.
func (s SMTP) withSession(ctx context.Context, talk func(*smtp.Client) error) error {
	if err := s.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, smtpTimeout))
	defer cancel()
	err := s.session(ctx, talk)
	if ctx.Err() != nil && IsTemporary(err) {
		return fmt.Errorf("mail server %s: %w (%w)", s.Address, ctx.Err(), err)
	}
	return err
}

func (s SMTP) session(ctx context.Context, talk func(*smtp.Client) error) error {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	c, err := s.open(ctx)
	if err != nil {
		return s.connectError(err)
	}
	defer c.Close()
	if err := talk(c); err != nil {
		return err
	}
	defer time.AfterFunc(quitTimeout, hangUp).Stop()
	c.Quit() // how the server says goodbye changes nothing
	return nil
}

// connectError is the error of a session that failed before the mail.
func (s SMTP) connectError(err error) error {
	answer, replied := errors.AsType[*textproto.Error](err)
	if err = fmt.Errorf("mail server %s: %w", s.Address, err); replied && answer.Code/100 == 5 {
		return &ServerError{err}
	}
	return err
}

// qualified adds the Hello name to recipients without a domain: a mail server refuses those over the network.
func (s SMTP) qualified(to []string) []string {
	list := make([]string, len(to))
	for i, addr := range to {
		list[i] = mailer.Qualify(addr, cmp.Or(s.Hello, "localhost"))
	}
	return list
}

// open connects, says EHLO, starts TLS and authenticates. The connection ends with ctx.
func (s SMTP) open(ctx context.Context) (*smtp.Client, error) {
	dial := s.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	conn = &limitedConn{Conn: conn, room: maxReplies}
	context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	c, err := s.greet(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (s SMTP) greet(conn net.Conn) (*smtp.Client, error) {
	if s.Implicit {
		conn = tls.Client(conn, s.tlsConfig(true))
	}
	c, err := smtp.NewClient(conn, s.host())
	if err != nil {
		return nil, fmt.Errorf("waiting for its greeting: %w", err)
	}
	if err := c.Hello(cmp.Or(s.Hello, "localhost")); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	if err := s.encrypt(c); err != nil {
		return nil, err
	}
	return c, s.authenticate(c)
}

// encrypt starts TLS where the policy requires or allows it.
func (s SMTP) encrypt(c *smtp.Client) error {
	if s.Implicit || s.policy() == tlsOff {
		return nil
	}
	required := s.policy() == tlsRequired
	if ok, _ := c.Extension("STARTTLS"); !ok {
		if required {
			return errors.New("it offers no STARTTLS, and TLS is required")
		}
		return nil
	}
	err := c.StartTLS(s.tlsConfig(required))
	_, declined := errors.AsType[*textproto.Error](err) // not TLS: Exim with a broken certificate answers 454
	if err == nil || !required && declined {
		return nil
	}
	return fmt.Errorf("STARTTLS: %w", err)
}

func (s SMTP) authenticate(c *smtp.Client) error {
	if s.User == "" {
		return nil
	}
	if _, mechanisms := c.Extension("AUTH"); !strings.Contains(" "+mechanisms+" ", " PLAIN ") {
		return errors.New("it offers no AUTH PLAIN")
	}
	if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, s.host())); err != nil {
		return fmt.Errorf("authenticating as %s: %w", s.User, err)
	}
	return nil
}

// policy returns TLS, or its default.
func (s SMTP) policy() string {
	switch {
	case s.TLS != "":
		return s.TLS
	case s.local():
		return tlsOff
	case s.User != "":
		return tlsRequired
	}
	return tlsOpportunistic
}

func (s SMTP) tlsConfig(verified bool) *tls.Config {
	return &tls.Config{ServerName: s.host(), RootCAs: s.RootCAs, InsecureSkipVerify: !verified || s.local()}
}

func (s SMTP) host() string {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return s.Address
	}
	return host
}

// local reports whether the server is on this machine.
func (s SMTP) local() bool { return loopback(s.host()) }

func loopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// maxReplies bounds what a server may send in one conversation, TLS included: net/textproto reads lines of any length.
const maxReplies = 1 << 20 // bytes

// A limitedConn reads no more than room bytes. It ignores SetWriteDeadline, because tls.Conn.Close would allow itself 5
// s: only our own deadline counts.
type limitedConn struct {
	net.Conn
	room int
}

func (f *limitedConn) SetWriteDeadline(time.Time) error { return nil }

func (f *limitedConn) Read(p []byte) (int, error) {
	if f.room <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := f.Conn.Read(p[:min(len(p), f.room)])
	f.room -= n
	return n, err
}
