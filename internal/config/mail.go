package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

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
	MaxPerHour   int      `toml:"max_per_hour"`
	Subjects     string   `toml:"subjects"`
	TrialUntil   any      `toml:"trial_until"`
}

// subjects are the values of mail.subjects, tlsPolicies those of mail.tls.
var (
	subjects    = []string{"full", "hashed", "none"}
	tlsPolicies = []string{"", "off", "opportunistic", "required"}
)

// mail checks [mail].
func (w *mail) mail(zone *time.Location, wrong *flaws) Mail {
	m := Mail{To: w.To, Cc: w.Cc, From: w.From, Subject: w.Subject, MaxPerHour: w.MaxPerHour,
		Subjects: cmp.Or(w.Subjects, "full")}
	if len(m.To) == 0 {
		m.To = []string{"root"}
	}
	wrong.unless(m.MaxPerHour >= 0, "mail.max_per_hour")
	wrong.unless(slices.Contains(subjects, m.Subjects), "mail.subjects")
	var ok bool
	m.TrialUntil, ok = until(w.TrialUntil, zone)
	wrong.unless(ok, "mail.trial_until")
	m.check(wrong)
	m.Transport = w.transport(wrong)
	return m
}

// check tries each part of a mail's headers in an otherwise correct mail.
func (m *Mail) check(wrong *flaws) {
	try := func(path string, change func(*mailer.Composer)) {
		c := mailer.Composer{From: "exiwatch@localhost", To: []string{"root"}, Host: "localhost"}
		change(&c)
		wrong.unless(c.Check() == nil, path)
	}
	checkAddresses("mail.to", m.To, wrong)
	checkAddresses("mail.cc", m.Cc, wrong)
	try("mail.from", func(c *mailer.Composer) { c.From = cmp.Or(m.From, c.From) })
	try("mail.subject", func(c *mailer.Composer) { c.Subject = m.Subject })
}

// checkAddresses checks the addresses in the list at a path.
func checkAddresses(path string, list []string, wrong *flaws) {
	for i, address := range list {
		c := mailer.Composer{From: "exiwatch@localhost", To: []string{address}, Host: "localhost"}
		wrong.unless(c.Check() == nil, fmt.Sprintf("%s[%d]", path, i))
	}
}

// transport makes the transport of mails.
func (w *mail) transport(wrong *flaws) transport.Transport {
	via, err := transport.Parse(cmp.Or(w.Via, "sendmail"))
	wrong.unlessf(err == nil || !strings.Contains(w.Via, "@"), "mail.via",
		"expected no user and no password here: use mail.user and mail.password_file")
	wrong.unless(err == nil, "mail.via")
	smtp, ok := via.(*transport.SMTP)
	if !ok {
		const needs = `needs via = "smtp://HOST" or "smtps://HOST"`
		wrong.unlessf(w.User == "", "mail.user", needs)
		wrong.unlessf(w.PasswordFile == "", "mail.password_file", needs)
		wrong.unlessf(w.TLS == "", "mail.tls", needs)
		return via
	}
	smtp.User, smtp.TLS = w.User, w.TLS
	if w.PasswordFile != "" {
		smtp.Password = strings.TrimRight(wrong.text("mail.password_file", w.PasswordFile), "\r\n")
	}
	wrong.unless(slices.Contains(tlsPolicies, w.TLS), "mail.tls")
	wrong.unlessf(smtp.Check() == nil, "mail.tls",
		`expected "required": a password goes to another host over TLS alone`)
	return via
}
