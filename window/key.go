package window

import (
	"fmt"
	"slices"
	"strings"
)

// A Key names what an arrival is counted by: its sender, host, subject and so on.
type Key uint8

const (
	Sender        Key = iota // envelope sender, folded; <> when empty
	SenderDomain             // the envelope sender's domain
	Auth                     // authenticated id, folded
	User                     // U= of a local submission
	Host                     // the sending host's IP address
	Network                  // that address's /24 or /64
	Account                  // authenticated id, or local user, or (unverified) [ADDRESS] or <SENDER>
	AccountDomain            // the account's domain: that of a login, or (unverified) <DOMAIN> of <SENDER>
	Subject                  // the subject as decoded
	Topic                    // the subject as FoldSubject returns it
	Log                      // the whole log: one value
	Script                   // the directory in which a local submission was made
	CPUser                   // cPanel's user, whom the log names apart: see Identified
	NumKeys
)

// What else an alert knows of its arrivals. No rule counts by these.
const (
	Helo            = NumKeys + iota // as the sending host gave it
	Protocol                         // P=
	RecipientDomain                  // the recipients' domains, separated by LF
	Anomaly                          // what is wrong with the entry, in words
	Entry                            // the text of an entry that is an anomaly
	LogHost                          // the host in whose log an arrival of a fleet is: see Counters.KeepLogHosts
	NumValues
)

var keyNames = [numCounts]string{
	"sender", "sender_domain", "auth", "user", "host", "network", "account", "account_domain",
	"subject", "topic", "log", "script", "cpuser",
	"helo", "protocol", "recipient_domain", "anomaly", "entry", "log_host",
	"refusal",
}

// ParseKey returns the key with a name that String returns, if rules can have it. Its error lists these names.
func ParseKey(s string) (Key, error) {
	return parseName[Key]("key", keyNames[:NumKeys], s)
}

// parseName returns the number of a name.
func parseName[N ~uint8](what string, names []string, s string) (N, error) {
	if i := slices.Index(names, s); i >= 0 {
		return N(i), nil
	}
	return 0, fmt.Errorf("%s %q: want one of %s", what, s, strings.Join(names, ", "))
}

// String is the key's name in configuration, flags and mail, such as sender_domain.
func (k Key) String() string {
	if int(k) >= len(keyNames) {
		return fmt.Sprintf("Key(%d)", uint8(k))
	}
	return keyNames[k]
}
