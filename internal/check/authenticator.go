package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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
		return []Result{pass(name, "%s with a login, all with an id", count(s.logins, "arrival"))}
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
		found = append(found, fmt.Sprintf("%s (%s)", name, count(s.nameless[name], "arrival")))
		hint.WriteString("\n" + known[name].advice(name))
	}
	return []Result{warn(name, hint.String(), "Exim logs no id for logins with %s", strings.Join(found, ", "))}
}

// An authenticator as exim -bP authenticators shows it. The zero value stands for one that Exim doesn't show.
type authenticator struct{ driver, publicName, setID string }

// readAuthenticators reads the output: a line such as "plain authenticator:", then a line for each option.
func readAuthenticators(said string) map[string]authenticator {
	all := make(map[string]authenticator)
	current := ""
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutSuffix(line, " authenticator:"); ok {
			current = name
			continue
		}
		option, value, _ := strings.Cut(line, " = ")
		a := all[current]
		switch option {
		case "driver":
			a.driver = value
		case "public_name":
			a.publicName = value
		case "server_set_id":
			a.setID = value
		}
		all[current] = a
	}
	return all
}

// advice is the line to write. PLAIN sends an authorization id first, in $auth1, and the login in $auth2; all others
// have the login in $auth1 (Exim specification, "server_set_id" and the chapters on the drivers).
func (a authenticator) advice(name string) string {
	switch {
	case a.setID != "":
		return "    " + name + ": server_set_id = " + a.setID + "   # already set, but its value was empty"
	case a.driver == "":
		return "    " + name + ": server_set_id = $auth1   # $auth2 for PLAIN"
	case a.driver == "plaintext" && strings.EqualFold(a.publicName, "PLAIN"):
		return "    " + name + ": server_set_id = $auth2"
	}
	return "    " + name + ": server_set_id = $auth1"
}
