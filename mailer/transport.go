package mailer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Transport hands one mail to a mail server. Send returns when ctx ends. Its error is a *PermanentError when trying again
// is of no use, a *RecipientsError when some recipients got the mail, an *UncertainError when nobody can tell, and temporary otherwise.
type Transport interface {
	Send(ctx context.Context, m Message) error
}

// A lingerer is a Transport that may still bring a mail to the mail server, for so long, when the process that called Send is gone.
type lingerer interface{ linger() time.Duration }

// A PermanentError is a refusal of the mail itself, which would be the same the next time.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// An UncertainError is a conversation that broke when the mail server had the mail and hadn't answered.
type UncertainError struct{ Err error }

func (e *UncertainError) Error() string { return e.Err.Error() }
func (e *UncertainError) Unwrap() error { return e.Err }

// isUncertain tells whether the mail server may have taken the mail.
func isUncertain(err error) bool {
	var uncertain *UncertainError
	return errors.As(err, &uncertain)
}

// A RecipientsError tells recipients apart: those that it doesn't name have the mail. It deliberately has no Unwrap, as it is
// neither permanent nor temporary.
type RecipientsError struct{ Refused []Refusal }

// A Refusal is the answer to one recipient. Err is a *PermanentError or temporary.
type Refusal struct {
	To  string
	Err error
}

func (e *RecipientsError) Error() string {
	var texts []string
	for _, r := range e.Refused {
		texts = append(texts, fmt.Sprintf("%s: %v", Escape(r.To), r.Err))
	}
	return "not taken for " + strings.Join(texts, "; ")
}
