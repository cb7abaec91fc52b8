package mailer

import (
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"exiwatch/window"

	"github.com/jordan-wright/email"
)

// DefaultSubject is what stands before the account in the Subject header, unless the configuration says otherwise.
const DefaultSubject = "Mail Abuse Alert"

// A Composer makes the mail of an alert. Check says whether it can.
type Composer struct {
	From    string   // RFC 5322 address, with or without a display name
	To, Cc  []string // the same; a bare local part such as root is for the mail server to qualify
	Subject string   // what stands before the account in the Subject header; "" is DefaultSubject
	Host    string   // fully qualified: the Message-ID's domain, and that of a bare local part in a header
	Key     []byte   // of the MAC in the Message-ID: secret, and the same for as long as the spool lives; see Genuine
	Log     string   // path of the main log, for the commands that the mail proposes; "" is Debian's
}

// Check returns an error for the first setting that could not become a header as it stands.
func (c Composer) Check() error {
	if len(c.Host) > maxDomain || !domainOK.MatchString(c.Host) {
		return fmt.Errorf("host %q is not a domain name", c.Host)
	}
	if _, err := address(c.From); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	for _, s := range c.To {
		if _, err := address(s); err != nil {
			return fmt.Errorf("to: %w", err)
		}
	}
	for _, s := range c.Cc {
		if _, err := address(s); err != nil {
			return fmt.Errorf("cc: %w", err)
		}
	}
	switch {
	case len(c.To)+len(c.Cc) == 0:
		return errors.New("to: no recipient")
	case Escape(c.Subject) != c.Subject:
		return fmt.Errorf("subject %q has characters that can't be shown", c.Subject)
	case utf8.RuneCountInString(c.Subject) > maxPrefix:
		return fmt.Errorf("subject %q is longer than %d characters", c.Subject, maxPrefix)
	}
	return nil
}

// maxPrefix is what Composer.Subject may take of the Subject header.
const maxPrefix = 60 // runes

// Opened makes the mail that says that a has begun, of the state a is in: call it where a is counted. now is the wall clock's, and becomes
// the Date.
func (c Composer) Opened(a *window.Alert, now time.Time) (Message, error) {
	const event = "opened"
	if err := c.Check(); err != nil {
		return Message{}, err
	}
	if !nameOK.MatchString(a.ID + "." + event) {
		return Message{}, fmt.Errorf("composing the mail of an alert: %q is no alert id", a.ID)
	}
	subject := c.subject(a)
	m := Message{ID: a.ID, Event: event, To: recipients(c.To, c.Cc)}
	e := email.Email{
		From:    c.header(c.From)[0],
		To:      c.header(c.To...),
		Cc:      c.header(c.Cc...),
		Subject: encodeWords(subject),
		Text:    []byte(c.openedText(a)),
		Headers: textproto.MIMEHeader{
			"Date":                     {now.Format(time.RFC1123Z)},
			"Message-Id":               {"<" + MessageID(a.ID, event, c.Host, c.Key) + ">"},
			"Auto-Submitted":           {"auto-generated"}, // RFC 3834: no vacation answers
			"X-Auto-Response-Suppress": {"All"},            // the same for Exchange
			"X-Exiwatch-Alert":         {a.ID},
			"X-Exiwatch-Event":         {event},
		},
	}
	raw, err := e.Bytes()
	if err != nil {
		return Message{}, fmt.Errorf("composing the mail of alert %s: %w", a.ID, err)
	}
	m.Data = fold(raw)
	if err := verify(m.Data, e, subject); err != nil {
		return Message{}, fmt.Errorf("composing the mail of alert %s: %w", a.ID, err)
	}
	return m, nil
}

// recipients lists the addresses of to and cc, each once. They are checked already.
func recipients(to, cc []string) []string {
	var list []string
	seen := make(map[string]bool)
	for _, s := range append(to[:len(to):len(to)], cc...) {
		a, err := address(s)
		if err != nil || seen[a.Address] {
			continue
		}
		seen[a.Address] = true
		list = append(list, a.Address)
	}
	return list
}

// header writes checked addresses as they stand in a header.
func (c Composer) header(addrs ...string) []string {
	var list []string
	for _, s := range addrs {
		a, err := address(s)
		if err != nil {
			continue
		}
		list = append(list, (&mail.Address{Name: a.Name, Address: qualified(a.Address, c.Host)}).String())
	}
	return list
}

// subject is the text of the Subject header: "Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)".
func (c Composer) subject(a *window.Alert) string {
	const most = 150 // runes: no mail client shows more
	prefix := c.Subject
	if prefix == "" {
		prefix = DefaultSubject
	}
	rest := fmt.Sprintf(" %s in %s (limit %s)", deed(a), brief(a.Rule.Window), limit(a.Rule))
	room := most - utf8.RuneCountInString(prefix+": "+rest)
	return strings.Join(strings.Fields(prefix+": "+culprit(a, max(room, 20))+rest), " ")
}
