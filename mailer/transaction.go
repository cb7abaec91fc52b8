package mailer

import (
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"strings"
)

// transact sends one mail in an open conversation, and gives what the server said when it took it.
func transact(c *smtp.Client, from string, to []string, data []byte) (answer string, err error) {
	refused, err := envelope(c, from, to)
	if err != nil {
		return "", err
	}
	if len(refused) == len(to) {
		return "", nobody(refused)
	}
	if answer, err = content(c, data); err != nil {
		if !answered(err) {
			return "", &UncertainError{judged("DATA", err)}
		}
		return "", judged("DATA", err)
	}
	if len(refused) > 0 {
		return answer, &RecipientsError{refused}
	}
	return answer, nil
}

// envelope says whom the mail is from and for, and gives the recipients that the server refused.
func envelope(c *smtp.Client, from string, to []string) (refused []Refusal, err error) {
	if err := mailFrom(c, from); err != nil {
		return nil, judged("MAIL FROM", err)
	}
	for _, addr := range to {
		if err := c.Rcpt(addr); err != nil {
			if !answered(err) {
				return nil, judged("RCPT TO", err)
			}
			refused = append(refused, Refusal{addr, judged("RCPT TO", err)})
		}
	}
	return refused, nil
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

// content sends the mail and waits for the server to take it. Note: smtp.Client.Data would drop its answer, in which Exim names the message.
func content(c *smtp.Client, data []byte) (answer string, err error) {
	id, err := c.Text.Cmd("DATA")
	if err != nil {
		return "", err
	}
	c.Text.StartResponse(id)
	_, _, err = c.Text.ReadResponse(354)
	c.Text.EndResponse(id)
	if err != nil {
		return "", err
	}
	w := c.Text.DotWriter()
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	_, answer, err = c.Text.ReadResponse(250)
	return answer, err
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
