package transport

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"exiwatch/internal/escape"
	"exiwatch/mailer"
)

// A Transport hands one mail to a mail server. Send returns when ctx ends. Its error is a *PermanentError when trying
// again is of no use, a *ServerError when the server didn't want to see the mail, a *RecipientsError when it refused
// recipients, an *UncertainError when nobody can tell, and temporary otherwise. Several mails may be sent at a time.
type Transport interface {
	Send(ctx context.Context, m mailer.Message) error
}

// A PermanentError is a refusal of the mail itself, which would be the same the next time.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// A ServerError is a refusal of whatever comes, by a server that hasn't seen the mail, and for good as it says: a 5xx
// answer to the connection, to the password or to the sender.
type ServerError struct{ Err error }

func (e *ServerError) Error() string { return e.Err.Error() }
func (e *ServerError) Unwrap() error { return e.Err }

// An UncertainError is a conversation that broke when the mail server had the mail and hadn't answered.
type UncertainError struct {
	Err     error
	Refused []Refusal // who hasn't got it in any case
}

func (e *UncertainError) Error() string { return e.Err.Error() }
func (e *UncertainError) Unwrap() error { return e.Err }

// IsUncertain tells whether the mail server may have taken the mail.
func IsUncertain(err error) bool {
	var uncertain *UncertainError
	return errors.As(err, &uncertain)
}

// IsTemporary tells whether an error is neither of those that a Transport marks.
func IsTemporary(err error) bool {
	var permanent *PermanentError
	var partial *RecipientsError
	return err != nil && !errors.As(err, &permanent) && !errors.As(err, &partial)
}

// A RecipientsError tells recipients apart: those that it doesn't name have the mail. It may name all. It
// deliberately has no Unwrap, as it is neither permanent nor temporary.
type RecipientsError struct{ Refused []Refusal }

// A Refusal is the answer to one recipient. Err is a *PermanentError or temporary.
type Refusal struct {
	To  string
	Err error
}

func (e *RecipientsError) Error() string {
	var texts []string
	for _, r := range e.Refused {
		texts = append(texts, fmt.Sprintf("%s: %v", escape.Text(r.To), r.Err))
	}
	return "not taken for " + strings.Join(texts, "; ")
}
