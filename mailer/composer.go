package mailer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"exiwatch/internal/escape"
)

// DefaultSubject begins the Subject header, unless the configuration says otherwise.
const DefaultSubject = "Mail Abuse Alert"

// A Composer makes the mails about alerts: Opened, Grew, Ended, Withdrawn, and a Digest of many. Check reports whether
// its settings work. The same input makes the same bytes.
type Composer struct {
	From    string   // RFC 5322 address, with or without a display name
	To, Cc  []string // the same; a bare local part such as root is for the mail server to qualify
	Subject string   // begins the Subject header; "" is DefaultSubject
	// Subjects is how much of the log's subjects and topics a mail shows, in any of its parts: SubjectsFull,
	// SubjectsHashed or SubjectsNone; "" is SubjectsFull.
	Subjects string
	Host     string // fully qualified: the Message-ID's domain, and that of a bare local part in a header
	Key      []byte // of the MAC in the Message-ID: secret, and the same for as long as the spool lives; see Genuine
	// Missing are files of the log, or places in them, that were never counted: each mail says so first.
	Missing []string
	Fleet   FleetMark // of the alert that the mail is about, if it is a fleet's; in a digest each Item has its own
	Log     string    // path of the main log, for the commands that the mail proposes; "" is Debian's
	Page    string    // address at which people reach the live page, for short texts; "": none
}

// Check returns an error for the first setting that can't become a header unchanged.
func (c Composer) Check() error {
	if !ValidDomain(c.Host) {
		return fmt.Errorf("host %q is not a domain name", c.Host)
	}
	for i, list := range [][]string{{c.From}, c.To, c.Cc} {
		for _, s := range list {
			if _, err := address(s); err != nil {
				return fmt.Errorf("%s: %w", []string{"from", "to", "cc"}[i], err)
			}
		}
	}
	switch {
	case len(c.To)+len(c.Cc) == 0:
		return errors.New("to: no recipient")
	case escape.Text(c.Subject) != c.Subject:
		return fmt.Errorf("subject %q has characters that can't be shown", c.Subject)
	case utf8.RuneCountInString(c.Subject) > maxPrefix:
		return fmt.Errorf("subject %q is longer than %d characters", c.Subject, maxPrefix)
	}
	return checkSubjects(c.Subjects)
}

// maxPrefix is what Composer.Subject may take of the Subject header.
const maxPrefix = 60 // runes

// recipients lists the addresses of To and Cc, each once. Check has passed them.
func (c Composer) recipients() []string {
	var list []string
	for _, s := range slices.Concat(c.To, c.Cc) {
		if a, err := address(s); err == nil && !slices.Contains(list, a.Address) {
			list = append(list, a.Address)
		}
	}
	return list
}

// header formats addresses that Check has passed for a header.
func (c Composer) header(addrs ...string) []string {
	var list []string
	for _, s := range addrs {
		if a, err := address(s); err == nil {
			a.Address = Qualify(a.Address, c.Host)
			list = append(list, a.String())
		}
	}
	return list
}

// headline is the Subject of the mail that begins an incident: "Mail Abuse Alert: alice@lab.test sent 21 messages in 5m
// (limit 20)". i is the item of its first alert. It never changes, because later mails repeat it.
func (c Composer) headline(i Item) string {
	const most = 150 // runes: no mail client shows more
	rest := " " + i.crossing()
	room := most - utf8.RuneCountInString(c.name()+": "+rest)
	return oneLine(c.name() + ": " + c.nameOf(i, max(room, 20)).String() + rest)
}

// name begins the Subject header.
func (c Composer) name() string { return cmp.Or(c.Subject, DefaultSubject) }

// oneLine reduces white space to single spaces, as folding would.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
