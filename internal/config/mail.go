package config

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"exiwatch/mailer"
	"exiwatch/mailer/transport"
)

// mail is a Mail as written.
type mail struct {
	To           []string `toml:"to"`
	Cc           []string `toml:"cc"`
	From         string   `toml:"from"`
	Subject      string   `toml:"subject"`
	Via          string   `toml:"via"`
	User         string   `toml:"user"`
	PasswordFile string   `toml:"password_file"`
	TLS          string   `toml:"tls"`
	MaxPerHour   *int     `toml:"max_per_hour"`
	Subjects     string   `toml:"subjects"`
}

// subjects are the values of mail.subjects, tlsPolicies those of mail.tls.
var (
	subjects    = []string{"full", "hashed", "none"}
	tlsPolicies = []string{"", "off", "opportunistic", "required"}
)

// defaultPerHour is the default of max_per_hour.
const defaultPerHour = 20

// mail checks [mail].
func (w *mail) mail() (m Mail, err error) {
	m = Mail{To: w.To, Cc: w.Cc, From: w.From, Subject: w.Subject, MaxPerHour: defaultPerHour,
		Subjects: cmp.Or(w.Subjects, "full")}
	if len(m.To) == 0 {
		m.To = []string{"root"}
	}
	if w.MaxPerHour != nil {
		m.MaxPerHour = *w.MaxPerHour
	}
	switch {
	case m.MaxPerHour < 0:
		return m, &flaw{path: "mail.max_per_hour"}
	case !slices.Contains(subjects, m.Subjects):
		return m, &flaw{path: "mail.subjects"}
	}
	if err := m.check(); err != nil {
		return m, err
	}
	m.Transport, err = w.transport()
	return m, err
}

// check tries each part of a mail's headers in an otherwise correct mail.
func (m *Mail) check() error {
	works := func(change func(*mailer.Composer)) bool {
		c := mailer.Composer{From: "exiwatch@localhost", To: []string{"root"}, Host: "localhost"}
		change(&c)
		return c.Check() == nil
	}
	for i, address := range m.To {
		if !works(func(c *mailer.Composer) { c.To = []string{address} }) {
			return &flaw{path: fmt.Sprintf("mail.to[%d]", i)}
		}
	}
	for i, address := range m.Cc {
		if !works(func(c *mailer.Composer) { c.Cc = []string{address} }) {
			return &flaw{path: fmt.Sprintf("mail.cc[%d]", i)}
		}
	}
	if m.From != "" && !works(func(c *mailer.Composer) { c.From = m.From }) {
		return &flaw{path: "mail.from"}
	}
	if !works(func(c *mailer.Composer) { c.Subject = m.Subject }) {
		return &flaw{path: "mail.subject"}
	}
	return nil
}

// transport makes the transport of mails.
func (w *mail) transport() (transport.Transport, error) {
	via, err := transport.Parse(cmp.Or(w.Via, "sendmail"))
	if err != nil && strings.Contains(w.Via, "@") {
		return nil, flawf("mail.via", "expected no user and no password here: use mail.user and mail.password_file")
	}
	if err != nil {
		return nil, &flaw{path: "mail.via"}
	}
	smtp, ok := via.(*transport.SMTP)
	if !ok {
		return via, w.withoutSMTP()
	}
	smtp.User, smtp.TLS = w.User, w.TLS
	if w.PasswordFile != "" {
		b, err := os.ReadFile(w.PasswordFile)
		if err != nil {
			return nil, unreadable("mail.password_file", err)
		}
		smtp.Password = strings.TrimRight(string(b), "\r\n")
	}
	if !slices.Contains(tlsPolicies, w.TLS) {
		return nil, &flaw{path: "mail.tls"}
	}
	if smtp.Check() != nil {
		return nil, flawf("mail.tls", `expected "required": a password goes to another host over TLS alone`)
	}
	return via, nil
}

// withoutSMTP refuses keys that only a mail server needs.
func (w *mail) withoutSMTP() error {
	const needs = `needs via = "smtp://HOST" or "smtps://HOST"`
	switch {
	case w.User != "":
		return flawf("mail.user", needs)
	case w.PasswordFile != "":
		return flawf("mail.password_file", needs)
	case w.TLS != "":
		return flawf("mail.tls", needs)
	}
	return nil
}
