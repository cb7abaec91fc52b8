package deliverylab

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// hangUp is the answer of a server that closes the connection.
const hangUp = "hang up"

// A conduct is what a server answers where it doesn't just accept.
type conduct struct {
	connect, mail, data, message string
	// rcpt has answers for recipients, by the beginning of their local parts.
	rcpt     map[string]string
	accept   string        // the answer to an accepted message, instead of 250
	lmtp     bool          // an answer to a message for each recipient
	pause    time.Duration // before the answer to a message
	oneByOne bool          // without PIPELINING
}

// A server is an SMTP server that Exim delivers to. It writes down what it answers.
type server struct {
	ledger      *ledger
	host        string
	conduct     atomic.Pointer[conduct]
	connections atomic.Int64
	// handle gets the messages of a server that doesn't write down anything, and gives the answer.
	handle func(sender string, recipients []string, text string) string
}

// newServer starts a server on an address, which ends with the test.
func newServer(t *testing.T, l *ledger, c conduct, address string) *server {
	t.Helper()
	return startServer(t, &server{ledger: l, host: address}, c, net.JoinHostPort(address, smtpPort))
}

// startServer has s listen.
func startServer(t *testing.T, s *server, c conduct, listen string) *server {
	t.Helper()
	s.behave(c)
	listener, err := net.Listen("tcp", listen)
	testkit.Must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				s.session(conn)
			}()
		}
	}()
	return s
}

// behave changes what connections from now on are answered.
func (s *server) behave(c conduct) { s.conduct.Store(&c) }

// session holds one SMTP session.
func (s *server) session(conn net.Conn) {
	s.connections.Add(1)
	d := &dialogue{server: s, conduct: s.conduct.Load(), in: bufio.NewReader(conn), conn: conn}
	if !d.answer("220 mail server", d.conduct.connect, d.owed) {
		return
	}
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !d.command(strings.ToUpper(verb), argument) {
			return
		}
	}
}

// A dialogue is a connection to a server.
type dialogue struct {
	*server
	conduct  *conduct
	in       *bufio.Reader
	conn     net.Conn
	sender   string
	accepted []string // recipients of the present message
	putOff   []string // recipients, in this session
}

// owed are the recipients whose fate the server has to tell, where it can't know them: it has one message at a time.
func (d *dialogue) owed() []string { return d.ledger.owed(d.host) }

// command answers a command; ok is false at the end of the connection.
func (d *dialogue) command(verb, argument string) (ok bool) {
	switch verb {
	case "EHLO", "LHLO":
		if d.conduct.oneByOne {
			return d.say("250 mail server")
		}
		return d.say("250-mail server\r\n250 PIPELINING")
	case "MAIL":
		d.sender, d.accepted = addressIn(argument), nil
		return d.answer("250 ok", d.conduct.mail, d.owed)
	case "RCPT":
		return d.recipient(argument)
	case "DATA":
		if len(d.accepted) == 0 {
			return d.say("503 no recipients")
		}
		recipients := func() []string { return d.accepted }
		if d.conduct.data != "" {
			return d.answer("", d.conduct.data, recipients)
		}
		return d.say("354 go on") && d.message(recipients)
	case "QUIT":
		d.say("221 bye")
		return false
	}
	return d.say("250 ok")
}

func (d *dialogue) recipient(argument string) bool {
	address := addressIn(argument)
	own := ""
	for beginning, answer := range d.conduct.rcpt {
		if strings.HasPrefix(address, beginning) {
			own = answer
		}
	}
	if own == "" {
		d.accepted = append(d.accepted, address)
	}
	// QUIRK: after 452 Exim names the recipient once more on the same connection, and logs one line.
	again := own != "" && own[0] == '4' && slices.Contains(d.putOff, address)
	if own != "" {
		d.putOff = append(d.putOff, address)
	}
	return d.answer("250 ok", own, func() []string {
		switch {
		case closes(own):
			return d.owed()
		case again:
			return nil
		}
		return []string{address}
	})
}

// closes tells whether a server closes the connection with an answer.
func closes(answer string) bool { return answer == hangUp || strings.HasPrefix(answer, "421") }

// message reads a message, and answers it.
func (d *dialogue) message(recipients func() []string) bool {
	var text strings.Builder
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(line)
	}
	time.Sleep(d.conduct.pause) // a slow server
	switch {
	case d.handle != nil:
		return d.say(d.handle(d.sender, d.accepted, text.String()))
	case d.conduct.message != "":
		return d.answer("", d.conduct.message, recipients)
	}
	answer := cmp.Or(d.conduct.accept, "250 ok")
	for i, r := range d.accepted {
		d.ledger.note(d.host, r, accepted, answer)
		if i > 0 && d.conduct.lmtp && !d.say(answer) {
			return false
		}
	}
	return d.say(answer)
}

// answer gives the usual answer, or if there is one the server's own, and then writes down what that means for these
// recipients.
func (d *dialogue) answer(usual, own string, recipients func() []string) bool {
	if own == "" {
		return d.say(usual)
	}
	what := deferred
	if own[0] == '5' {
		what = refused
	}
	for _, r := range recipients() {
		d.ledger.note(d.host, r, what, own)
	}
	return own != hangUp && d.say(own) && !closes(own)
}

func (d *dialogue) say(text string) bool {
	_, err := fmt.Fprintf(d.conn, "%s\r\n", text)
	return err == nil
}

// addressIn is the address of a MAIL or RCPT command, its domain in lower case.
func addressIn(argument string) string {
	_, address, _ := strings.Cut(argument, "<")
	address, _, _ = strings.Cut(address, ">")
	local, domain, _ := strings.Cut(address, "@")
	if domain == "" {
		return local // nobody: a bounce's sender
	}
	return local + "@" + strings.ToLower(domain)
}
