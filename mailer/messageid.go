package mailer

import (
	"bytes"
	"regexp"
)

// MessageID is the Message-ID of the mail about an event of an alert, the same however often the mail is tried:
// exiwatch.ID.EVENT@HOST. It comes without the angle brackets that it wears in the header, as Exim logs it (id=).
func MessageID(alertID, event, host string) string {
	return "exiwatch." + alertID + "." + event + "@" + host
}

// ParseMessageID takes a Message-ID apart, with or without its angle brackets. ok is false for any that MessageID doesn't make.
// A Message-ID proves nothing, as anyone may write one: a caller who acts on it must know that such a mail is due.
func ParseMessageID(id []byte) (alertID, event string, ok bool) {
	if inner, found := bytes.CutPrefix(id, []byte("<")); found {
		if id, found = bytes.CutSuffix(inner, []byte(">")); !found {
			return "", "", false
		}
	}
	m := messageID.FindSubmatch(id)
	if m == nil || len(m[3]) > maxDomain {
		return "", "", false
	}
	return string(m[1]), string(m[2]), true
}

// What a name may be made of. Names become file names, and are taken apart at the dots.
const (
	idPattern     = `[0-9A-Za-z]{1,64}`
	eventPattern  = `[a-z][0-9a-z]{0,15}`
	labelPattern  = `[0-9A-Za-z](?:[0-9A-Za-z-]*[0-9A-Za-z])?`
	domainPattern = labelPattern + `(?:\.` + labelPattern + `)*`
	maxDomain     = 253 // bytes: RFC 1035, 2.3.4, less the root's
)

var (
	messageID = regexp.MustCompile(`^exiwatch\.(` + idPattern + `)\.(` + eventPattern + `)@(` + domainPattern + `)$`)
	nameOK    = regexp.MustCompile(`^` + idPattern + `\.` + eventPattern + `$`)
	domainOK  = regexp.MustCompile(`^` + domainPattern + `$`)
)
