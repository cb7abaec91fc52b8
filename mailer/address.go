package mailer

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"exiwatch/internal/escape"
)

// maxAddress is the longest path that SMTP must take (RFC 5321, 4.5.3.1.3), less its angle brackets.
const maxAddress = 254 // bytes

// bareOK is a local part alone. The mail server completes it, as it does for cron.
var bareOK = regexp.MustCompile(`^` + atom + `$`)

// mailboxOK is an address that needs no quoting, in a header, in SMTP or on a command line.
var mailboxOK = regexp.MustCompile(`^` + atom + `@(?:` + domainPattern +
	`|\[[0-9A-Fa-f:.]+\]|\[IPv6:[0-9A-Fa-f:.]+\])$`)

// RFC 5322, 3.2.3, dot-atom-text
const atom = `[0-9A-Za-z!#$%&'*+/=?^_{|}~\x60-]+(?:\.[0-9A-Za-z!#$%&'*+/=?^_{|}~\x60-]+)*`

// address parses one address of the configuration. It is stricter than RFC 5322: see mimeMail.
func address(s string) (*mail.Address, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return nil, fmt.Errorf("address %q has a control character", s)
	}
	if bareOK.MatchString(s) && len(s) <= maxAddress {
		return &mail.Address{Address: s}, nil
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("address %q: want USER, USER@DOMAIN or NAME <USER@DOMAIN>", s)
	}
	a.Name = oneLine(a.Name) // or folding would
	switch {
	case !mailboxOK.MatchString(a.Address) || len(a.Address) > maxAddress:
		return nil, fmt.Errorf("address %q: the local part or the domain of %q needs quotes", s, a.Address)
	case strings.ContainsRune(a.Name, ','):
		return nil, fmt.Errorf("address %q has a comma in its display name", s)
	case escape.Text(a.Name) != a.Name || len(a.Name) > maxName:
		return nil, fmt.Errorf("address %q has a display name that can't be shown", s)
	}
	return a, nil
}

const maxName = 128 // bytes: of a display name, so that it leaves the header line short of 998 even when encoded

// Qualify adds the domain host to a bare local part, and leaves any other address alone.
func Qualify(addr, host string) string {
	if strings.Contains(addr, "@") {
		return addr
	}
	return addr + "@" + host
}
