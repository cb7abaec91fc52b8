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

// sendMail sends one mail in an open conversation, and gives what the server said when it took it.
func sendMail(c *smtp.Client, from string, to []string, data []byte) (answer string, err error) {
	refused, err := sendEnvelope(c, from, to)
	if err != nil {
		return "", err
	}
	if len(refused) == len(to) {
		return "", allRefused(refused)
	}
	if err := startData(c); err != nil {
		return "", classifyBeforeData("DATA", err)
	}
	if answer, err = sendData(c, data); err != nil {
		if !isReply(err) {
			return "", &UncertainError{classifyReply("DATA", err), refused}
		}
		return "", classifyReply("DATA", err)
	}
	if len(refused) > 0 {
		return answer, &RecipientsError{refused}
	}
	return answer, nil
}

// sendEnvelope says whom the mail is from and for, and gives the recipients that the server refused.
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

// mailFrom begins the transaction. Note: smtp.Client.Mail would ask for SMTPUTF8 wherever it is offered, and Exim
// then defers the mail when the next server doesn't offer it; what is sent here is ASCII.
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

// startData asks the server to take the mail.
func startData(c *smtp.Client) error {
	id, err := c.Text.Cmd("DATA")
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(354)
	return err
}

// sendData sends the mail and waits for the server to take it. Note: smtp.Client.Data would drop its answer, in which
// Exim names the message.
func sendData(c *smtp.Client, data []byte) (answer string, err error) {
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

// allRefused is the error when every recipient was refused: temporary when none was for good.
func allRefused(refused []Refusal) error {
	err := &RecipientsError{refused}
	if slices.ContainsFunc(refused, func(r Refusal) bool { return !IsTemporary(r.Err) }) {
		return err
	}
	return errors.New(err.Error())
}

// isReply tells whether err is the server's answer rather than the connection's end.
func isReply(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && answer.Code != 421 // it closes the connection (RFC 5321, 3.8)
}

// classifyReply makes the error of a command. It is permanent for a 5xx answer, unless that asks for better credentials.
func classifyReply(command string, err error) error {
	code, err := replyError(command, err)
	switch {
	case code/100 != 5, code == 530, code == 534, code == 535, code == 538: // RFC 4954, 6
		return err
	}
	return &PermanentError{err}
}

// classifyBeforeData makes the error of a command before the mail: any 5xx answer is a *ServerError.
func classifyBeforeData(command string, err error) error {
	code, err := replyError(command, err)
	if code/100 == 5 {
		return &ServerError{err}
	}
	return err
}

// replyError makes the error of a command, and gives the code of the server's answer; 0: it gave none.
func replyError(command string, err error) (code int, _ error) {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return 0, fmt.Errorf("%s: %w", command, err)
	}
	const longest = 300 // runes of the server's text
	text := escape.Truncate(escape.Text(strings.ReplaceAll(answer.Msg, "\n", " ")), longest)
	return answer.Code, fmt.Errorf("%s: %d %s", command, answer.Code, text)
}
