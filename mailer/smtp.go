package mailer

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
)

// SMTP hands mail to a mail server over the network, in one conversation a mail.
type SMTP struct {
	Address        string // host:port
	Implicit       bool   // TLS from the first byte (smtps, RFC 8314); otherwise by STARTTLS, as TLS says
	User, Password string // for AUTH PLAIN; no User: no authentication

	// TLS says what STARTTLS is for: "off"; "opportunistic", which takes it where it is offered and trusts any
	// certificate, as mail servers do between themselves; "required", which sends nothing without it and verifies the
	// certificate, as Implicit does. "" is off for a server on this machine, where it would only protect from itself,
	// required with a User, opportunistic otherwise. No certificate is verified on this machine: no authority signs
	// one for 127.0.0.1.
	TLS     string
	RootCAs *x509.CertPool // whom to believe about certificates; nil: whom the machine believes

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
	farewell    = time.Second // of it, for the answer to QUIT: the mail is sent, and others wait
)

// Check returns an error where a setting makes no sense.
func (s SMTP) Check() error {
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return fmt.Errorf("mail server %q: %w", s.Address, err)
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

// Send holds one conversation. A server that takes the mail and is then not heard of any more may get it again.
func (s SMTP) Send(ctx context.Context, m Message) error {
	_, err := s.SendForReply(ctx, m)
	return err
}

// SendForReply is Send, and gives what the server said when it took the mail.
func (s SMTP) SendForReply(ctx context.Context, m Message) (answer string, err error) {
	err = s.converse(ctx, func(c *smtp.Client) error {
		answer, err = transact(c, m.From, s.qualified(m.To), m.Data)
		return err
	})
	return answer, err
}

// Probe holds a conversation like Send's up to the recipients of the mail, and no further: nothing is sent. Its error
// is that of Send.
func (s SMTP) Probe(ctx context.Context, from string, to []string) error {
	return s.converse(ctx, func(c *smtp.Client) error {
		refused, err := envelope(c, from, s.qualified(to))
		if err != nil {
			return err
		}
		c.Reset() // how the server takes it changes nothing
		switch len(refused) {
		case 0:
			return nil
		case len(to):
			return nobody(refused)
		}
		return &RecipientsError{refused}
	})
}

// converse holds a conversation.
func (s SMTP) converse(ctx context.Context, talk func(*smtp.Client) error) error {
	if err := s.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, smtpTimeout))
	defer cancel()
	err := s.dialogue(ctx, talk)
	if ctx.Err() != nil && isTemporary(err) {
		return fmt.Errorf("mail server %s: %w (%w)", s.Address, ctx.Err(), err)
	}
	return err
}

// isTemporary tells whether an error is neither of those that a Transport marks.
func isTemporary(err error) bool {
	var permanent *PermanentError
	var partial *RecipientsError
	return err != nil && !errors.As(err, &permanent) && !errors.As(err, &partial)
}

func (s SMTP) dialogue(ctx context.Context, talk func(*smtp.Client) error) error {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	c, err := s.open(ctx)
	if err != nil {
		return s.unopened(err)
	}
	defer c.Close()
	if err := talk(c); err != nil {
		return err
	}
	defer time.AfterFunc(farewell, hangUp).Stop()
	c.Quit() // how the server says goodbye changes nothing
	return nil
}

// unopened is the error of a conversation that didn't come to a mail.
func (s SMTP) unopened(err error) error {
	var answer *textproto.Error
	refused := errors.As(err, &answer) && answer.Code/100 == 5
	if err = fmt.Errorf("mail server %s: %w", s.Address, err); refused {
		return &ServerError{err}
	}
	return err
}

// qualified gives recipients without a domain the Hello name: a mail server refuses them over the network.
func (s SMTP) qualified(to []string) []string {
	list := make([]string, len(to))
	for i, addr := range to {
		list[i] = qualified(addr, cmp.Or(s.Hello, "localhost"))
	}
	return list
}

// open connects, and greets, encrypts and authenticates. When ctx ends the connection does.
func (s SMTP) open(ctx context.Context) (*smtp.Client, error) {
	dial := s.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	conn = &frugal{Conn: conn, room: maxAnswers}
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

// encrypt starts TLS where the policy says so.
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
	var declined *textproto.Error // before anything of TLS was said: Exim with a broken certificate answers 454
	if err == nil || !required && errors.As(err, &declined) {
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

// policy is TLS with its default.
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

// local tells whether the server is on this machine.
func (s SMTP) local() bool { return loopback(s.host()) }

func loopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// maxAnswers is what a server may say in one conversation, TLS included: net/textproto reads lines of any length.
const maxAnswers = 1 << 20 // bytes

// A frugal connection reads no more than room bytes, and its deadline is ours alone: tls.Conn.Close would give itself
// 5 s.
type frugal struct {
	net.Conn
	room int
}

func (f *frugal) SetWriteDeadline(time.Time) error { return nil }

func (f *frugal) Read(p []byte) (int, error) {
	if f.room <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := f.Conn.Read(p[:min(len(p), f.room)])
	f.room -= n
	return n, err
}
