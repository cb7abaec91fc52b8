package check

import (
	"regexp"
	"strings"
)

// An address that a pattern can contain: none of its characters is special in a pattern or in TOML. Anybody can write
// other addresses into a log.
var plainAddress = regexp.MustCompile(`^([0-9a-z._=+/-]+)@([0-9a-z.-]+)$`)

// The local parts of list managers' envelope senders, in lower case, each with a pattern for all of a list server.
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

// verp is a variable envelope return path: the sender contains a recipient, with = for @.
var verp = regexp.MustCompile(`^([0-9a-z._-]+)\+.+=.+$`)

// posting is the pattern of ignore for an envelope sender's mail. It covers all posts of a list server if the sender
// looks like one, else this sender alone. It is "" if no pattern is possible.
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
