package check

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
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
			return warn(name, "Run exim -bP config as root to see them. Hosts that send without a login "+
				"count only if [count] only names them.",
				"Exim doesn't show which hosts it relays for%s", because(err))
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
		return warn(name, "Bulk mail from these hosts causes no alert. To count it, set in exiwatch's "+
			"configuration:\n    [count]\n    "+
			report.OnlyLine(append(general.OnlyNames(), open...)), "Exim relays for %s, which no rule counts%s",
			firstOf(open), skipped)
	case len(hosts.networks) > 0:
		return pass(name, "rules count the hosts that Exim relays for: %s%s", firstOf(texts(hosts.networks)),
			skipped)
	case skipped != "":
		return pass(name, "Exim names no address that it relays for%s", skipped)
	}
	return pass(name, "Exim relays for no other host without a login")
}

// uncountedOf names the hosts that no rule counts, in the words of [count] only.
func (c *checks) uncountedOf(h *hostList) (open []string) {
	open = slices.DeleteFunc(texts(h.networks), func(network string) bool {
		return c.anyClass(func(class config.Class) bool { return class.Contains([]byte(network)) })
	})
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

// firstOf joins the first elements of a list.
func firstOf(all []string) string {
	if len(all) > maxShown {
		return strings.Join(all[:maxShown], ", ") + " and " + words.Plain(int64(len(all)-maxShown), "other")
	}
	return strings.Join(all, ", ")
}

// A configuration is what exim -bP config shows about hosts.
type configuration struct {
	named named                  // host lists
	rcpt  string                 // name of the ACL for RCPT
	acls  map[string][]statement // by their names
}

// A statement of an ACL.
type statement struct {
	verb, hosts string
	bound       bool // it accepts only certain recipients or authenticated clients
}

// relayed are the hosts that Exim relays for.
func (e *configuration) relayed() *hostList {
	all := new(hostList)
	e.named.add(all, items(e.named[relayList]), maxNesting)
	for _, s := range e.acls[e.rcpt] {
		if s.verb == "accept" && !s.bound {
			e.named.add(all, items(s.hosts), maxNesting)
		}
	}
	return all
}

var verbs = []string{"accept", "defer", "deny", "discard", "drop", "require", "warn"}

// readConfiguration reads the output of exim -bP config: a line for each setting and each condition of an ACL.
func readConfiguration(said string) *configuration {
	e := &configuration{named: make(named), acls: make(map[string][]statement)}
	section, acl := "", ""
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		begun, begins := strings.CutPrefix(line, "begin ")
		label, isLabel := strings.CutSuffix(line, ":")
		switch {
		case begins:
			section = begun
		case section == "":
			e.setting(line)
		case section != "acl":
		case isLabel && !strings.ContainsAny(label, " ="):
			acl = label
		default:
			if verb, condition, _ := strings.Cut(line, " "); slices.Contains(verbs, verb) {
				e.acls[acl] = append(e.acls[acl], statement{verb: verb})
				line = condition
			}
			if s := e.acls[acl]; len(s) > 0 {
				s[len(s)-1].condition(line)
			}
		}
	}
	return e
}

// setting reads a line of the main section.
func (e *configuration) setting(line string) {
	name, value, ok := strings.Cut(strings.TrimPrefix(line, "hide "), "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if list, isList := strings.CutPrefix(name, "hostlist "); ok && isList {
		e.named[strings.TrimSpace(list)] = value
	} else if name == "acl_smtp_rcpt" {
		e.rcpt = unquoted(value)
	}
}

// condition reads name = value.
func (s *statement) condition(line string) {
	name, value, _ := strings.Cut(line, "=")
	value = strings.TrimSpace(value)
	switch strings.TrimSpace(name) {
	case "hosts":
		s.hosts = value
	case "domains":
		s.bound = s.bound || !strings.HasPrefix(value, "!")
	case "recipients", "local_parts", "authenticated":
		s.bound = true
	}
}
