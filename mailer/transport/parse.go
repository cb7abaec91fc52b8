package transport

import (
	"errors"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"unicode"

	"exiwatch/mailer"
)

// errSyntax says how the setting is written.
var errSyntax = errors.New(`want "sendmail", "sendmail:/PATH", "smtp://HOST[:PORT]" or "smtps://HOST[:PORT]"`)

// Parse reads the setting mail.via: sendmail, sendmail:/PATH, smtp://HOST[:PORT] (25) or smtps://HOST[:PORT] (465). It
// returns a *Sendmail or a *SMTP, whose other fields the caller fills in. An IPv6 address needs brackets.
func Parse(via string) (Transport, error) {
	t, err := parseVia(via)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", via, err)
	}
	return t, nil
}

func parseVia(via string) (Transport, error) {
	if via == "sendmail" {
		return &Sendmail{}, nil
	}
	if p, ok := strings.CutPrefix(via, "sendmail:"); ok {
		if !path.IsAbs(p) || strings.ContainsFunc(p, unicode.IsControl) {
			return nil, fmt.Errorf("%q is not an absolute path", p)
		}
		return &Sendmail{Path: p}, nil
	}
	scheme, rest, _ := strings.Cut(via, "://")
	port, ok := map[string]string{"smtp": "25", "smtps": "465"}[scheme]
	if !ok {
		return nil, errSyntax
	}
	address, err := parseHostPort(rest, port)
	return &SMTP{Address: address, Implicit: scheme == "smtps"}, err
}

// parseHostPort reads HOST[:PORT], which one slash may follow.
func parseHostPort(s, port string) (address string, err error) {
	s = strings.TrimSuffix(s, "/")
	if strings.Contains(s, "@") {
		return "", errors.New("user and password have settings of their own")
	}
	host := s
	if h, p, err := net.SplitHostPort(s); err == nil {
		host, port = h, p
	} else if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		host = s[1 : len(s)-1]
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q is no port", port)
	}
	if net.ParseIP(host) == nil && !mailer.ValidDomain(host) {
		return "", errSyntax
	}
	return net.JoinHostPort(host, port), nil
}
