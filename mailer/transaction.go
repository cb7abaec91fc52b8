package mailer

import (
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"strings"
)

// transact sends one mail in an open conversation.
func transact(c *smtp.Client, from string, to []string, data []byte) error {
	if err := mailFrom(c, from); err != nil {
		return judged("MAIL FROM", err)
	}
	var refused []Refusal
	for _, addr := range to {
		if err := c.Rcpt(addr); err != nil {
			if !answered(err) {
				return judged("RCPT TO", err)
			}
			refused = append(refused, Refusal{addr, judged("RCPT TO", err)})
		}
	}
	if len(refused) == len(to) {
		return nobody(refused)
	}
	if err := content(c, data); err != nil {
		if !answered(err) {
			return &UncertainError{judged("DATA", err)}
		}
		return judged("DATA", err)
	}
	if len(refused) > 0 {
		return &RecipientsError{refused}
	}
	return nil
}

// mailFrom begins the transaction. Note: smtp.Client.Mail would ask for SMTPUTF8 wherever it is offered, and Exim then defers the mail when the
// next server doesn't offer it; what is sent here is ASCII.
func mailFrom(c *smtp.Client, from string) error {
	if strings.ContainsAny(from, "\r\n<>") {
		return errors.New("a sender that can't be written")
	}
	id, err := c.Text.Cmd("MAIL FROM:<%s>", from)
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(250)
	return err
}

// content sends the mail and waits for the server to take it.
func content(c *smtp.Client, data []byte) error {
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Close()
}

// nobody is the error when every recipient was refused: permanent when each was, so that mixed answers are not lost.
func nobody(refused []Refusal) error {
	permanent := 0
	for _, r := range refused {
		if !isTemporary(r.Err) {
			permanent++
		}
	}
	err := &RecipientsError{refused}
	switch permanent {
	case len(refused):
		return &PermanentError{errors.New(err.Error())}
	case 0:
		return errors.New(err.Error())
	}
	return err
}

// answered tells whether err is the server's answer rather than the connection's end.
func answered(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && answer.Code != 421 // it closes the connection (RFC 5321, 3.8)
}

// judged makes the error of a command. It is permanent for a 5xx answer, unless that asks for better credentials.
func judged(command string, err error) error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return fmt.Errorf("%s: %w", command, err)
	}
	const longest = 300 // runes of the server's text
	err = fmt.Errorf("%s: %d %s", command, answer.Code, cut(Escape(strings.ReplaceAll(answer.Msg, "\n", " ")), longest))
	switch code := answer.Code; {
	case code < 500 || code > 599, code == 530, code == 534, code == 535, code == 538: // RFC 4954, 6
		return err
	}
	return &PermanentError{err}
}
