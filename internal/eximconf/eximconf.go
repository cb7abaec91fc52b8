// Package eximconf reads what Exim shows of its configuration: for which hosts and domains it relays.
package eximconf

import (
	"context"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// A Configuration is what Exim shows of hosts and domains.
type Configuration struct {
	hosts   lists
	domains lists
	rcpt    string                 // name of the ACL for RCPT
	acls    map[string][]statement // by their names
}

// A statement of an ACL.
type statement struct {
	verb, hosts string
	bound       bool // it accepts only certain recipients or authenticated clients
}

// The named lists of which others are made, as Debian and Exim's example name them.
const (
	relayFromHosts = "relay_from_hosts"
	localDomains   = "local_domains"
	relayToDomains = "relay_to_domains"
)

// Ask asks Exim. It fails if Exim doesn't show for which hosts it relays.
func Ask(ctx context.Context, exim func(ctx context.Context, args ...string) (string, error)) (*Configuration, error) {
	said, err := exim(ctx, "-bP", "config")
	e := read(said)
	if errors.Is(err, exec.ErrNotFound) || e.hosts[relayFromHosts] != "" {
		return e, err
	}
	// An old Exim may show only the lists.
	said, err2 := exim(ctx, "-bP", "+"+relayFromHosts, "+"+localDomains, "+"+relayToDomains)
	more := read(said)
	maps.Copy(e.hosts, more.hosts)
	maps.Copy(e.domains, more.domains)
	if e.hosts[relayFromHosts] != "" || err2 == nil {
		err = nil
	}
	return e, err
}

// RelayFrom are the hosts that Exim relays for: those of relay_from_hosts, and those whose recipients the ACL for RCPT
// accepts, whoever they are.
func (e *Configuration) RelayFrom() *HostList {
	all := new(HostList)
	e.hosts.addHosts(all, items(e.hosts[relayFromHosts]), maxNesting)
	for _, s := range e.acls[e.rcpt] {
		if s.verb == "accept" && !s.bound {
			e.hosts.addHosts(all, items(s.hosts), maxNesting)
		}
	}
	return all
}

// LocalDomains are the domains whose mail stays with us: those of local_domains and relay_to_domains. The argument is
// the host's own name, for which @ stands.
func (e *Configuration) LocalDomains(primary string) *DomainList {
	all := &DomainList{primary: primary}
	for _, name := range []string{localDomains, relayToDomains} {
		e.domains.addDomains(all, items(e.domains[name]), maxNesting)
	}
	return all
}

var verbs = []string{"accept", "defer", "deny", "discard", "drop", "require", "warn"}

// read reads the output of exim -bP config: a line for each setting and each condition of an ACL.
func read(said string) *Configuration {
	e := &Configuration{hosts: make(lists), domains: make(lists), acls: make(map[string][]statement)}
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
func (e *Configuration) setting(line string) {
	name, value, ok := strings.Cut(strings.TrimPrefix(line, "hide "), "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	kind, list, _ := strings.Cut(name, " ")
	switch list = strings.TrimSpace(list); {
	case !ok:
	case kind == "hostlist":
		e.hosts[list] = value
	case kind == "domainlist":
		e.domains[list] = value
	case name == "acl_smtp_rcpt":
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
