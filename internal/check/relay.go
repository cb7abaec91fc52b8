package check

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
)

// relayList is the list of hosts that Exim relays for, as Debian and Exim's example name it.
const relayList = "relay_from_hosts"

// maxShown limits how many hosts or items of a list a row shows.
const maxShown = 10

// relay names the hosts that Exim relays for and no rule counts.
func (c *checks) relay(ctx context.Context) []Result {
	const name = "relay"
	said, err := c.Exim(ctx, "-bP", "config")
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	e := readConfiguration(said)
	if e.named[relayList] == "" { // an old Exim may show only the list
		list, err2 := c.Exim(ctx, "-bP", "+"+relayList)
		if more := readConfiguration(list).named[relayList]; more != "" {
			e.named[relayList] = more
		} else if err != nil && err2 != nil {
			return []Result{warn(name, "Run exim -bP config as root to see them. Hosts that send without a login "+
				"count only if [count] only names them.",
				"Exim doesn't show which hosts it relays for%s", because(err))}
		}
	}
	hosts := e.relayed()
	open := c.uncountedOf(hosts)
	skipped := ""
	if len(hosts.skipped) > 0 {
		skipped = "; not evaluated: " + firstOf(hosts.skipped)
	}
	switch {
	case len(open) > 0:
		general := c.Config.Scopes[""]
		return []Result{warn(name, "Bulk mail from these hosts causes no alert. To count it, set in exiwatch's "+
			"configuration:\n    [count]\n    "+
			report.OnlyLine(append(general.OnlyNames(), open...)), "Exim relays for %s, which no rule counts%s",
			firstOf(open), skipped)}
	case len(hosts.networks) > 0:
		return []Result{pass(name, "rules count the hosts that Exim relays for: %s%s", firstOf(texts(hosts.networks)),
			skipped)}
	case skipped != "":
		return []Result{pass(name, "Exim names no address that it relays for%s", skipped)}
	}
	return []Result{pass(name, "Exim relays for no other host without a login")}
}

// uncountedOf names the hosts that no rule counts, in the words of [count] only.
func (c *checks) uncountedOf(h *hostList) (open []string) {
	for _, prefix := range h.networks {
		if !c.anyClass(func(class config.Class) bool { return class.Contains([]byte(prefix.String())) }) {
			open = append(open, config.Class{Prefix: prefix}.String())
		}
	}
	if h.loopback && !c.anyClass(func(class config.Class) bool { return class.Name == config.Loopback }) {
		open = append(open, config.Loopback)
	}
	return open
}

// anyClass reports whether the rules count a class for which is is true, or all classes.
func (c *checks) anyClass(is func(config.Class) bool) bool {
	for _, scope := range scopes(c.Config.Rules) {
		for _, class := range c.Config.Scopes[scope].Only {
			if class.Name == "all" || is(class) {
				return true
			}
		}
	}
	return false
}

func texts(networks []netip.Prefix) (all []string) {
	for _, prefix := range networks {
		all = append(all, config.Class{Prefix: prefix}.String())
	}
	return all
}

// firstOf joins the first words of a list.
func firstOf(words []string) string {
	if len(words) > maxShown {
		return strings.Join(words[:maxShown], ", ") + " and " + count(int64(len(words)-maxShown), "other")
	}
	return strings.Join(words, ", ")
}

// A configuration is what exim -bP config shows about hosts.
type configuration struct {
	named   named               // host lists
	rcpt    string              // name of the ACL for RCPT
	accepts map[string][]string // the host lists that each ACL accepts for any recipient
}

// relayed are the hosts that Exim relays for.
func (e *configuration) relayed() *hostList {
	all := e.named.hosts(e.named[relayList])
	for _, list := range e.accepts[e.rcpt] {
		all.join(e.named.hosts(list))
	}
	return all
}

// readConfiguration reads the output of exim -bP config: a line for each setting and each condition of an ACL.
func readConfiguration(said string) *configuration {
	e := &configuration{named: make(named), accepts: make(map[string][]string)}
	section, acl := "", ""
	var s statement
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if begun, ok := strings.CutPrefix(line, "begin "); ok {
			e.end(acl, &s)
			section = begun
			continue
		}
		switch label, isLabel := strings.CutSuffix(line, ":"); {
		case section == "":
			e.setting(line)
		case section != "acl":
		case isLabel && !strings.ContainsAny(label, " ="):
			e.end(acl, &s)
			acl = label
		default:
			if verb, condition, _ := strings.Cut(line, " "); isVerb(verb) {
				e.end(acl, &s)
				s.verb, line = verb, condition
			}
			s.condition(line)
		}
	}
	e.end(acl, &s)
	return e
}

// setting reads a line of the main section.
func (e *configuration) setting(line string) {
	name, value, ok := strings.Cut(strings.TrimPrefix(line, "hide "), "=")
	if !ok {
		return
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if list, ok := strings.CutPrefix(name, "hostlist "); ok {
		e.named[strings.TrimSpace(list)] = value
	} else if name == "acl_smtp_rcpt" {
		e.rcpt = unquoted(value)
	}
}

// end stores a complete statement and begins another.
func (e *configuration) end(acl string, s *statement) {
	if s.verb == "accept" && s.hosts != "" && !s.bound {
		e.accepts[acl] = append(e.accepts[acl], s.hosts)
	}
	*s = statement{}
}

// A statement of an ACL.
type statement struct {
	verb, hosts string
	bound       bool // it accepts only certain recipients or authenticated clients
}

func isVerb(word string) bool {
	switch word {
	case "accept", "defer", "deny", "discard", "drop", "require", "warn":
		return true
	}
	return false
}

// condition reads name = value.
func (s *statement) condition(line string) {
	name, value, _ := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch name {
	case "hosts":
		s.hosts = value
	case "domains":
		s.bound = s.bound || !strings.HasPrefix(value, "!")
	case "recipients", "local_parts", "authenticated":
		s.bound = true
	}
}
