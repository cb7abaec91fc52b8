package chaos

import (
	"io"
	"net"
	"syscall"

	"github.com/emersion/go-smtp"
)

// later is the answer of a server that refuses for now.
var later = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}

// A session is one conversation, of one mail.
type session struct {
	*post
	conn net.Conn
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return session{p, c.Conn()}, nil }

func (s session) Reset()        {}
func (s session) Logout() error { return nil }

func (s session) Mail(string, *smtp.MailOptions) error { return s.refusal(0) }
func (s session) Rcpt(string, *smtp.RcptOptions) error { return s.refusal(1) }

// Data stalls before it reads or after it has.
func (s session) Data(r io.Reader) error {
	s.stall(0)
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.stall(1)
	if err := s.refusal(2); err != nil {
		return err
	}
	return s.accept(data, s.conn)
}

// turn is a number that changes with each mail accepted: it decides where an outage shows.
func (s session) turn(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mails) % n
}

// refusal is 451 at the step whose turn it is.
func (s session) refusal(step int) error {
	if m, _ := s.now(); m == refusing && s.turn(3) == step {
		return later
	}
	return nil
}

// stall waits until the server has another mode.
func (s session) stall(step int) {
	if m, changed := s.now(); m == stalled && s.turn(2) == step {
		<-changed
	}
}

// isGone tells whether the client has closed the connection.
func isGone(conn net.Conn) bool {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n == 0 && err == nil || err != nil && err != syscall.EAGAIN
	})
	return gone || err != nil
}
