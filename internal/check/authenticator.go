package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/words"
	"exiwatch/parser"
)

// maxAuthenticators limits how many authenticators without an id a sample remembers: a forged log may name any number.
const maxAuthenticators = 20

// noID counts an arrival whose client logged in without a logged id.
func (s *sample) noID(a *parser.Arrival) {
	if a.Authenticator == nil {
		return
	}
	s.logins++
	if a.AuthenticatedID != nil {
		return
	}
	if s.nameless == nil {
		s.nameless = make(map[string]int64)
	}
	name := string(a.Authenticator)
	if _, known := s.nameless[name]; known || len(s.nameless) < maxAuthenticators {
		s.nameless[name]++
	}
}

// authenticators names the authenticators that set no id. Without an id, nobody knows who logged in.
func (c *checks) authenticators(ctx context.Context, s *sample) []Result {
	const name = "authenticator"
	if s.logins == 0 {
		return nil
	}
	if len(s.nameless) == 0 {
		return pass(name, "%s with a login, all with an id", words.Plain(s.logins, "arrival"))
	}
	said, err := c.Exim(ctx, "-bP", "authenticators")
	if err != nil {
		said = ""
	}
	known := readAuthenticators(said)
	var found []string
	var hint strings.Builder
	hint.WriteString("exiwatch counts these arrivals by sending host, such as [203.0.113.7], not by account. Set in " +
		"Exim's authenticator:")
	for _, name := range slices.Sorted(maps.Keys(s.nameless)) {
		found = append(found, fmt.Sprintf("%s (%s)", name, words.Plain(s.nameless[name], "arrival")))
		hint.WriteString("\n    " + name + ": server_set_id = " + setID(known[name]))
	}
	return warn(name, hint.String(), "Exim logs no id for logins with %s", strings.Join(found, ", "))
}

// readAuthenticators reads what exim -bP authenticators shows of each: a line such as "plain authenticator:", then its
// settings.
func readAuthenticators(said string) map[string]map[string]string {
	all := make(map[string]map[string]string)
	for part := range strings.SplitSeq(said, "\n\n") {
		header, options, _ := strings.Cut(strings.TrimSpace(part), " authenticator:\n")
		all[header] = config.Settings(options)
	}
	return all
}

// setID is the value to set, by an authenticator's settings: none if Exim doesn't show it. PLAIN sends an authorization
// id first, in $auth1, and the login in $auth2; all others have the login in $auth1 (Exim specification,
// "server_set_id" and the chapters on the drivers).
func setID(settings map[string]string) string {
	switch {
	case settings["server_set_id"] != "":
		return settings["server_set_id"] + "   # already set, but its value was empty"
	case settings["driver"] == "":
		return "$auth1   # $auth2 for PLAIN"
	case settings["driver"] == "plaintext" && strings.EqualFold(settings["public_name"], "PLAIN"):
		return "$auth2"
	}
	return "$auth1"
}
