package mailer

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

// macSize is how much of the HMAC a Message-ID carries: RFC 2104, 5, wants no less than 80 bits.
const macSize = 10 // bytes, each of them two digits

// MessageID returns the Message-ID of the mail about an event of an alert: exiwatch.ID.EVENT.MAC@HOST. It is the same
// for every attempt to send the mail, and at most 365 bytes long. It has no angle brackets, as Exim logs it (id=).
// Without the key nobody can make one, although every mail of an alert shows its id.
func MessageID(alertID, event, host string, key []byte) string {
	return ownPrefix + alertID + "." + event + "." + messageMAC(alertID, event, key) + "@" + host
}

// messageMAC is the beginning of HMAC-SHA256(key, "ID.EVENT"), in hex. An empty key is a key like any other, which
// everybody knows.
func messageMAC(alertID, event string, key []byte) string {
	return mac(alertID+"."+event, key, macSize)
}

// mac is the first size bytes of HMAC-SHA256(key, text), in hex.
func mac(text string, key []byte, size int) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:size])
}

// ParseMessageID splits a Message-ID, with or without its angle brackets. ok is false if MessageID can't have made it.
// Anyone may write such a Message-ID: it proves nothing unless it is Genuine.
func ParseMessageID(id []byte) (alertID, event, mac string, ok bool) {
	if inner, found := bytes.CutPrefix(id, []byte("<")); found {
		if id, found = bytes.CutSuffix(inner, []byte(">")); !found {
			return "", "", "", false
		}
	}
	if !bytes.HasPrefix(id, []byte(ownPrefix)) {
		return "", "", "", false // as nearly all are
	}
	m := messageID.FindSubmatch(id)
	if m == nil || len(m[4]) > maxDomain {
		return "", "", "", false
	}
	return string(m[1]), string(m[2]), string(m[3]), true
}

// Genuine reports whether the parts of a Message-ID come from MessageID with this key. It takes the same time for every
// wrong mac. A genuine Message-ID may still be a copy: everybody who gets the mail can read it.
func Genuine(alertID, event, mac string, key []byte) bool {
	return hmac.Equal([]byte(mac), []byte(messageMAC(alertID, event, key)))
}

// ValidDomain reports whether s is a domain name: letters, digits and hyphens between dots, 253 bytes at most.
func ValidDomain(s string) bool { return len(s) <= maxDomain && domainOK.MatchString(s) }

// What a name may be made of. Names become file names, and are taken apart at the dots.
const (
	ownPrefix     = "exiwatch."
	idPattern     = `[0-9A-Za-z]{1,64}`
	eventPattern  = `[a-z][0-9a-z]{0,15}`
	labelPattern  = `[0-9A-Za-z](?:[0-9A-Za-z-]*[0-9A-Za-z])?`
	domainPattern = labelPattern + `(?:\.` + labelPattern + `)*`
	macPattern    = `[0-9a-f]{20}`
	maxDomain     = 253 // bytes: RFC 1035, 2.3.4, less the root's
)

var (
	messageID = regexp.MustCompile(`^` + regexp.QuoteMeta(ownPrefix) + `(` + idPattern + `)\.(` + eventPattern +
		`)\.(` + macPattern + `)@(` + domainPattern + `)$`)
	nameOK   = regexp.MustCompile(`^` + idPattern + `\.` + eventPattern + `$`)
	domainOK = regexp.MustCompile(`^` + domainPattern + `$`)
)
