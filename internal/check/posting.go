package check

import (
	"regexp"
	"strings"
)

// An address that may stand in a pattern: no character of it means something there, or to TOML. Anybody may write
// others into a log.
var plainAddress = regexp.MustCompile(`^([0-9a-z._=+/-]+)@([0-9a-z.-]+)$`)

// The local parts of list managers' envelope senders, in lower case, and what pattern names all of one list server's.
var listSenders = []struct {
	local *regexp.Regexp
	glob  string
}{
	{regexp.MustCompile(`.-bounces([+-]|$)`), "*-bounces*"},  // Mailman
	{regexp.MustCompile(`^owner-.`), "owner-*"},              // majordomo
	{regexp.MustCompile(`.-owner$`), "*-owner"},              // Sympa
	{regexp.MustCompile(`.-return-[0-9]`), "*-return-*"},     // ezmlm
	{regexp.MustCompile(`.\+bounces?([+-]|$)`), "*+bounce*"}, // mlmmj
	{regexp.MustCompile(`^bounces?([+_-]|$)`), "bounce*"},    // newsletters
}

// verp is a variable envelope return path: a recipient stands in the sender, with = for @.
var verp = regexp.MustCompile(`^([0-9a-z._-]+)\+.+=.+$`)

// posting gives the pattern, of ignore, for mail like that of an envelope sender: for all posts of a list server
// where it looks like one, else for this sender alone; "" where none can be written.
func posting(sender []byte) string {
	parts := plainAddress.FindStringSubmatch(strings.ToLower(string(sender)))
	if parts == nil {
		return ""
	}
	local, domain := parts[1], parts[2]
	for _, list := range listSenders {
		if list.local.MatchString(local) {
			return "sender:" + list.glob + "@" + domain
		}
	}
	if path := verp.FindStringSubmatch(local); path != nil {
		return "sender:" + path[1] + "+*=*@" + domain
	}
	return "sender:" + local + "@" + domain
}
