package deliverylab

import (
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"testing"

	"exiwatch/internal/testkit"
)

// A letter is a message that the lab sends.
type letter struct {
	number     int    // tells letters apart
	from       string // the address of the host that sends it
	account    string // the login; "" for none
	sender     string // of the envelope; "" is a bounce's
	recipients []string
}

// headerID is the letter's Message-ID.
func (l letter) headerID() string { return fmt.Sprintf("%d@lab.test", l.number) }

func (l letter) text() string {
	return fmt.Sprintf("From: <someone@lab.test>\r\nMessage-ID: <%s>\r\nSubject: letter %d\r\n\r\nHello.\r\n",
		l.headerID(), l.number)
}

// send hands letters of one host and account over in one session.
func send(t *testing.T, to string, letters ...letter) {
	t.Helper()
	first := letters[0]
	c, err := call(first.from, to)
	testkit.Must(t, err)
	defer c.Close()
	if first.account != "" {
		testkit.Must(t, c.Auth(smtp.PlainAuth("", first.account, "secret", "127.0.0.1")))
	}
	for _, l := range letters {
		testkit.Must(t, handOver(c, l.sender, l.recipients, l.text()))
	}
	testkit.Must(t, c.Quit())
}

// call opens a session from an address.
func call(from, to string) (*smtp.Client, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.Dial("tcp", to)
	if err != nil {
		return nil, err
	}
	c, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, c.Hello("client.lab.test")
}

// handOver hands a message over.
func handOver(c *smtp.Client, sender string, recipients []string, text string) error {
	if err := c.Mail(sender); err != nil {
		return err
	}
	for _, r := range recipients {
		if err := c.Rcpt(r); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(text))
	return errors.Join(err, w.Close())
}
