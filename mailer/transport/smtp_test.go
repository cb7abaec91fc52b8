package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/mailer"

	"github.com/emersion/go-smtp"
)

// elsewhere is a server at address that s takes for mx.lab.test, which is another machine.
func elsewhere(s SMTP, address string) SMTP {
	s.Address = "mx.lab.test:25"
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return s
}

var letterToTwo = mailer.Message{
	ID: "abc", Event: "opened", To: []string{"director@lab.test", "root"},
	Data: []byte("Subject: x\r\n\r\n.\r\n..\r\n.hidden\r\nlast\r\n"),
}

func TestSMTPConversation(t *testing.T) {
	b := new(mailbox)
	s := SMTP{Address: serve(t, b, nil, false), Hello: "watch.lab.test"}
	if err := s.Send(t.Context(), letterToTwo); err != nil {
		t.Fatal(err)
	}
	if b.hello != "watch.lab.test" || !slices.Equal(b.from, []string{""}) || b.tls || b.options.UTF8 {
		t.Errorf("EHLO %q, MAIL %q, TLS %v, SMTPUTF8 %v", b.hello, b.from, b.tls, b.options.UTF8)
	}
	if want := []string{"director@lab.test", "root@watch.lab.test"}; !slices.Equal(b.to, want) {
		t.Errorf("RCPT %q, want %q", b.to, want)
	}
	if want := []string{string(letterToTwo.Data)}; !slices.Equal(b.data, want) {
		t.Errorf("DATA %q, want %q", b.data, want)
	}
}

func TestSMTPAnswers(t *testing.T) {
	no := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user\x1b[2J"}
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try later"}
	log := &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "authentication required"}
	both := func(first, second error) map[string]error {
		return map[string]error{"director@lab.test": first, "root@localhost": second}
	}
	tests := []struct {
		name      string
		box       mailbox
		delivered bool
		kind      string
		refused   []string // by a RecipientsError
	}{
		{"taken", mailbox{}, true, "", nil},
		{"MAIL 5xx", mailbox{mail: no}, false, "server", nil},
		{"MAIL 4xx", mailbox{mail: later}, false, "", nil},
		{"MAIL 530", mailbox{mail: log}, false, "server", nil},
		{"one RCPT 5xx", mailbox{rcpt: both(no, nil)}, true, "", []string{"director@lab.test"}},
		{"one RCPT 4xx", mailbox{rcpt: both(nil, later)}, true, "", []string{"root@localhost"}},
		{"both RCPT 5xx", mailbox{rcpt: both(no, no)}, false, "", []string{"director@lab.test", "root@localhost"}},
		{"both RCPT 4xx", mailbox{rcpt: both(later, later)}, false, "", nil},
		{"RCPT 5xx and 4xx", mailbox{rcpt: both(no, later)}, false, "",
			[]string{"director@lab.test", "root@localhost"}},
		{"DATA 5xx", mailbox{accepted: no}, false, "permanent", nil},
		{"DATA 4xx", mailbox{accepted: later}, false, "", nil},
		{"DATA 5xx after a RCPT 5xx", mailbox{rcpt: both(no, nil), accepted: no}, false, "permanent", nil},
	}
	for i := range tests {
		test := &tests[i]
		t.Run(test.name, func(t *testing.T) {
			err := SMTP{Address: serve(t, &test.box, nil, false)}.Send(t.Context(), letterToTwo)
			if got := len(test.box.data) == 1; got != test.delivered {
				t.Errorf("delivered: %v (%v)", got, err)
			}
			if got := kind(err); got != test.kind {
				t.Errorf("kind %q, want %q (%v)", got, test.kind, err)
			}
			var partial *RecipientsError
			var refused []string
			if errors.As(err, &partial) {
				for _, r := range partial.Refused {
					refused = append(refused, r.To)
				}
			}
			if !slices.Equal(refused, test.refused) {
				t.Errorf("refused %q (%v)", refused, err)
			}
			if (err == nil) != (test.name == "taken") || err != nil && strings.Contains(err.Error(), "\x1b") {
				t.Errorf("error %q", err)
			}
		})
	}
}

func TestSMTPAuthenticatesOverTLS(t *testing.T) {
	cert, pool := selfSigned(t)
	for _, implicit := range []bool{false, true} {
		b := new(mailbox)
		s := elsewhere(SMTP{Implicit: implicit, User: "watch", Password: "secret", RootCAs: pool},
			serve(t, b, cert, implicit))
		if err := s.Send(t.Context(), letterToTwo); err != nil || b.auth != "watch:secret" || !b.tls {
			t.Errorf("implicit %v: authenticated as %q, TLS %v (%v)", implicit, b.auth, b.tls, err)
		}
		s.Password = "wrong"
		err := s.Send(t.Context(), letterToTwo)
		if err == nil || !IsTemporary(err) || strings.Contains(err.Error(), "wrong") {
			t.Errorf("implicit %v: wrong password: %v", implicit, err)
		}
		s.RootCAs = nil
		b.auth = ""
		s.Password = "secret"
		if err := s.Send(t.Context(), letterToTwo); err == nil || b.auth != "" || !IsTemporary(err) {
			t.Errorf("implicit %v: the password went to a server that proved nothing (%v)", implicit, err)
		}
	}
}

func TestSMTPSTARTTLSPolicy(t *testing.T) {
	cert, pool := selfSigned(t)
	for _, test := range []struct {
		policy  string
		offered bool
		trusted bool
		local   bool
		sent    bool
		tls     bool
	}{
		{"", true, false, true, true, false},
		{"", true, false, false, true, true},
		{"", false, false, false, true, false},
		{tlsOff, true, true, false, true, false},
		{tlsOpportunistic, true, false, false, true, true},
		{tlsOpportunistic, true, false, true, true, true},
		{tlsOpportunistic, false, false, false, true, false},
		{tlsRequired, true, true, false, true, true},
		{tlsRequired, true, false, false, false, false},
		{tlsRequired, false, false, false, false, false},
		{tlsRequired, true, false, true, true, true},
	} {
		b := new(mailbox)
		offered := cert
		if !test.offered {
			offered = nil
		}
		s := SMTP{Address: serve(t, b, offered, false), TLS: test.policy}
		if !test.local {
			s = elsewhere(s, s.Address)
		}
		if test.trusted {
			s.RootCAs = pool
		}
		err := s.Send(t.Context(), letterToTwo)
		if sent := len(b.data) == 1; sent != test.sent || b.tls != test.tls || (err == nil) != sent || err != nil &&
			!IsTemporary(err) {
			t.Errorf("%+v: sent %v, TLS %v, %v", test, sent, b.tls, err)
		}
	}
}

func TestSMTPSettings(t *testing.T) {
	for _, s := range []SMTP{
		{Address: "mx"}, {Address: "mx:25", TLS: "maybe"},
		{Address: "mx:25", TLS: tlsOff, User: "u"}, {Address: "mx:25", TLS: tlsOpportunistic, User: "u"},
	} {
		if s.Check() == nil || s.Send(t.Context(), letterToTwo) == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	for _, s := range []SMTP{{Address: "mx:25", User: "u"}, {Address: "mx:465", Implicit: true, User: "u"},
		{Address: "[::1]:25", User: "u"}} {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	}
}

// script is a server that says what the test wants, line by line, and then nothing more.
func script(t *testing.T, answers ...string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for i, answer := range answers {
			if i > 0 {
				in.ReadString('\n')
			}
			fmt.Fprint(conn, answer)
		}
		io.Copy(io.Discard, in)
	}()
	return l.Addr().String()
}

func TestSMTPServerThatHangs(t *testing.T) {
	greeting, ok := "220 mx.lab.test\r\n", "250 ok\r\n"
	for name, answers := range map[string][]string{
		"before the greeting": {}, "after EHLO": {greeting}, "after MAIL": {greeting, ok},
		"after RCPT": {greeting, ok, ok},
		"after DATA": {greeting, ok, ok, ok, ok}, "after the mail": {greeting, ok, ok, ok, ok, "354 go\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := SMTP{Address: script(t, answers...), Timeout: 50 * time.Millisecond}
			if err := s.Send(t.Context(), letterToTwo); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("timeout: %v", err)
			}
			s = SMTP{Address: script(t, answers...)}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := s.Send(ctx, letterToTwo); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("context: %v", err)
			}
		})
	}
}

// TestSMTPServerThatIsNeverDone: the deadline is of the whole conversation, however much goes on in it, and of TLS as
// well.
func TestSMTPServerThatIsNeverDone(t *testing.T) {
	for name, test := range map[string]struct {
		smtp    SMTP
		answers []string
	}{
		"implicit TLS, no handshake": {SMTP{Implicit: true}, nil},
		"STARTTLS, no handshake": {SMTP{TLS: tlsOpportunistic},
			[]string{"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"}},
		"a byte at a time": {SMTP{}, strings.SplitAfter("220-"+strings.Repeat("x", 1000), "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.smtp
			s.Address, s.Timeout = drip(t, test.answers...), 300*time.Millisecond
			if err := s.Send(t.Context(), letterToTwo); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
	}
}

// drip is a server that says something each ten milliseconds, whatever it is told.
func drip(t *testing.T, answers ...string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for _, answer := range answers {
			fmt.Fprint(conn, answer)
			time.Sleep(10 * time.Millisecond) // it drips over a real connection
		}
		io.Copy(io.Discard, conn)
	}()
	return l.Addr().String()
}

func TestSMTPServerThatNeverStopsTalking(t *testing.T) {
	s := SMTP{Address: script(t, "220-"+strings.Repeat("x", 2<<20))}
	if err := s.Send(t.Context(), letterToTwo); err == nil || len(err.Error()) > 1000 {
		t.Errorf("%v", err)
	}
}

func TestSMTPServerThatIsClosing(t *testing.T) {
	for name, answers := range map[string][]string{
		"no service": {"554 go away\r\n"}, "EHLO refused": {"220 mx\r\n", "550 no\r\n", "550 no\r\n"},
		"421 at RCPT": {"220 mx\r\n", "250 ok\r\n", "250 ok\r\n", "421 closing\r\n"},
		"no DATA":     {"220 mx\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "550 no\r\n"},
	} {
		err := SMTP{Address: script(t, answers...), Timeout: 5 * time.Second}.Send(t.Context(), letterToTwo)
		want := "server"
		if name == "421 at RCPT" {
			want = ""
		}
		if err == nil || !IsTemporary(err) || kind(err) != want || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := (SMTP{Address: l.Addr().String()}).Send(t.Context(), letterToTwo); err == nil || !IsTemporary(err) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestSMTPLostGoodbye(t *testing.T) {
	ok := "250 ok\r\n"
	m := letterToTwo
	m.To, m.Data = m.To[:1], []byte("x\r\n")
	// The server takes the mail's two lines as two commands, and never answers QUIT.
	s := SMTP{Address: script(t, "220 mx\r\n", ok, ok, ok, "354 go\r\n", "", ok)}
	begin := time.Now()
	if err := s.Send(t.Context(), m); err != nil {
		t.Errorf("a mail that was taken: %v", err)
	}
	if took := time.Since(begin); took > smtpTimeout/2 {
		t.Errorf("the next mail waits %v for a goodbye", took)
	}
}

func TestSMTPDeclinedSTARTTLS(t *testing.T) {
	answers := []string{"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "454 TLS currently unavailable\r\n", "250 ok\r\n",
		"550 no\r\n"}
	m := letterToTwo
	m.To = m.To[:1]
	var refused *RecipientsError
	s := elsewhere(SMTP{Timeout: 5 * time.Second}, script(t, answers...))
	if err := s.Send(t.Context(), m); !errors.As(err, &refused) {
		t.Errorf("opportunistic: it didn't go on in the clear: %v", err)
	}
	s = elsewhere(SMTP{Timeout: 5 * time.Second, TLS: tlsRequired}, script(t, answers...))
	if err := s.Send(t.Context(), m); err == nil || !IsTemporary(err) {
		t.Errorf("required: %v", err)
	}
}
