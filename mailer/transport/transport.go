package transport

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"exiwatch/internal/escape"
	"exiwatch/mailer"
)

// A Transport hands one mail over. Send returns when ctx ends. It may be called for several mails at a time, unless the
// Transport has a method OneAtATime. The type of its error says what became of the mail: see the package's
// documentation.
type Transport interface {
	Send(ctx context.Context, m mailer.Message) error
}

// A PermanentError is a refusal of the mail itself: the next attempt would be refused, too.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// A ServerError is a permanent refusal by a server that hasn't seen the mail: a 5xx reply to the connection, to the
// password or to the sender.
type ServerError struct{ Err error }

func (e *ServerError) Error() string { return e.Err.Error() }
func (e *ServerError) Unwrap() error { return e.Err }

// An UncertainError is a conversation that broke after the server got the mail and before it answered.
type UncertainError struct {
	Err     error
	Refused []Refusal // who does not have it in any case
}

func (e *UncertainError) Error() string { return e.Err.Error() }
func (e *UncertainError) Unwrap() error { return e.Err }

// IsUncertain reports whether the mail server may have taken the mail.
func IsUncertain(err error) bool {
	_, uncertain := errors.AsType[*UncertainError](err)
	return uncertain
}

// IsTemporary reports whether err is neither a *PermanentError nor a *RecipientsError.
func IsTemporary(err error) bool {
	_, permanent := errors.AsType[*PermanentError](err)
	_, partial := errors.AsType[*RecipientsError](err)
	return err != nil && !permanent && !partial
}

// A RecipientsError names the recipients that were refused, perhaps all. All others have the mail. It has no Unwrap on
// purpose: it is neither permanent nor temporary.
type RecipientsError struct{ Refused []Refusal }

// A Refusal is the server's reply to one recipient. Err is a *PermanentError or temporary.
type Refusal struct {
	To  string
	Err error
}

func (e *RecipientsError) Error() string {
	var texts []string
	for _, r := range e.Refused {
		texts = append(texts, fmt.Sprintf("%s: %v", escape.Text(r.To), r.Err))
	}
	return "refused for " + strings.Join(texts, "; ")
}
