package window

import (
	"fmt"
	"slices"
	"strings"
)

// A Key is a way of naming who or what an arrival belongs to.
type Key uint8

const (
	Sender       Key = iota // envelope sender, folded; <> when empty
	SenderDomain            // its domain
	Auth                    // authenticated id, folded
	User                    // U= of a local submission
	Host                    // the sending host's IP address
	Network                 // that address's /24 or /64
	Account                 // the authenticated id, else the local user, else, unverified, [ADDRESS] or <SENDER>
	Subject                 // the subject as decoded
	Topic                   // the subject folded
	Log                     // the whole log: one value
	NumKeys
)

// What an alert tells of its arrivals besides the keys. No rule counts by these.
const (
	Helo            = NumKeys + iota // as the sending host said it
	Protocol                         // P=
	RecipientDomain                  // of each recipient: several in one value, an LF between them
	Anomaly                          // what is wrong with the entry, in words
	Entry                            // the text of an entry that is an anomaly
	NumValues
)

var keyNames = [NumValues]string{
	"sender", "sender_domain", "auth", "user", "host", "network", "account", "subject", "topic", "log",
	"helo", "protocol", "recipient_domain", "anomaly", "entry",
}

// ParseKey is the inverse of String for the keys that rules have. Its error lists the names there are.
func ParseKey(s string) (Key, error) {
	if k := slices.Index(keyNames[:NumKeys], s); k >= 0 {
		return Key(k), nil
	}
	return 0, fmt.Errorf("key %q: want one of %s", s, strings.Join(keyNames[:NumKeys], ", "))
}

// String is the key's name in configuration, flags and mail, such as sender_domain.
func (k Key) String() string {
	if k >= NumValues {
		return fmt.Sprintf("Key(%d)", uint8(k))
	}
	return keyNames[k]
}
