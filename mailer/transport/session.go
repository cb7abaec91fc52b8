package transport

import (
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"

	"exiwatch/internal/escape"
)

// sendMail sends one mail in an open session, and returns what the server replied when it took it.
func sendMail(c *smtp.Client, from string, to []string, data []byte) (answer string, err error) {
	refused, err := sendEnvelope(c, from, to)
	if err != nil {
		return "", err
	}
	if len(refused) == len(to) {
		return "", refusedError(refused, to)
	}
	if err := command(c, 354, "DATA"); err != nil {
		return "", classifyBeforeData("DATA", err)
	}
	if answer, err = sendData(c, data); err != nil {
		if !isReply(err) {
			return "", &UncertainError{classifyReply("DATA", err), refused}
		}
		return "", classifyReply("DATA", err)
	}
	return answer, refusedError(refused, to)
}

// sendEnvelope sends sender and recipients, and returns the recipients that the server refused.
func sendEnvelope(c *smtp.Client, from string, to []string) (refused []Refusal, err error) {
	if err := mailFrom(c, from); err != nil {
		return nil, classifyBeforeData("MAIL FROM", err)
	}
	for _, addr := range to {
		if err := c.Rcpt(addr); err != nil {
			if !isReply(err) {
				return nil, classifyReply("RCPT TO", err)
			}
			refused = append(refused, Refusal{addr, classifyReply("RCPT TO", err)})
		}
	}
	return refused, nil
}

// mailFrom begins the transaction. Note: smtp.Client.Mail would ask for SMTPUTF8 wherever the server offers it. Exim
// then defers the mail if the next server doesn't. Our mails are ASCII.
func mailFrom(c *smtp.Client, from string) error {
	if strings.ContainsAny(from, "\r\n<>") {
		return errors.New("the sender has a character that SMTP can't carry")
	}
	return command(c, 250, "MAIL FROM:<%s>", from)
}

// command sends a command and waits for the reply, whose code must be want.
func command(c *smtp.Client, want int, format string, args ...any) error {
	id, err := c.Text.Cmd(format, args...)
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(want)
	return err
}

// sendData sends the mail and waits for the reply. Note: smtp.Client.Data would drop the reply, in which Exim names the
// message.
func sendData(c *smtp.Client, data []byte) (answer string, err error) {
	w := c.Text.DotWriter()
	w.Write(data) // Close returns its error
	if err := w.Close(); err != nil {
		return "", err
	}
	_, answer, err = c.Text.ReadResponse(250)
	return answer, err
}

// refusedError is the error for the recipients that the server refused, of to; nil if it refused none. It is temporary
// if the server refused all and no refusal is permanent.
func refusedError(refused []Refusal, to []string) error {
	err := &RecipientsError{refused}
	switch {
	case len(refused) == 0 && len(to) > 0:
		return nil
	case len(refused) < len(to), slices.ContainsFunc(refused, func(r Refusal) bool { return !IsTemporary(r.Err) }):
		return err
	}
	return errors.New(err.Error())
}

// isReply reports whether err is a reply of the server, and not the end of the connection.
func isReply(err error) bool {
	answer, ok := errors.AsType[*textproto.Error](err)
	return ok && answer.Code != 421 // it closes the connection (RFC 5321, 3.8)
}

// classifyReply makes the error of a command. A 5xx reply is a *PermanentError, unless it asks for better credentials.
func classifyReply(command string, err error) error {
	code, err := replyError(command, err)
	if code/100 != 5 || slices.Contains([]int{530, 534, 535, 538}, code) { // RFC 4954, 6
		return err
	}
	return &PermanentError{err}
}

// classifyBeforeData makes the error of a command before the mail. Any 5xx reply is a *ServerError.
func classifyBeforeData(command string, err error) error {
	code, err := replyError(command, err)
	if code/100 == 5 {
		return &ServerError{err}
	}
	return err
}

// replyError makes the error of a command, and returns the code of the reply; 0 if there was none.
func replyError(command string, err error) (code int, _ error) {
	answer, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return 0, fmt.Errorf("%s: %w", command, err)
	}
	const longest = 300 // runes of the server's text
	text := escape.Truncate(escape.Text(strings.ReplaceAll(answer.Msg, "\n", " ")), longest)
	return answer.Code, fmt.Errorf("%s: %d %s", command, answer.Code, text)
}
