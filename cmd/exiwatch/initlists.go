package main

import (
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
)

// insideText are the lines about hosts that relay.
func (p *proposer) insideText() (text string) {
	if p.isSet("count", "inside") {
		return ""
	}
	var inside []string
	skipped := p.hosts.Skipped
	for _, network := range p.hosts.Networks {
		switch name := (config.Class{Prefix: network}).String(); {
		case (&config.Count{}).HasInside(network):
		case network.Bits() == 0: // nobody is outside of these
			skipped = append(skipped, name)
		default:
			inside = append(inside, name)
		}
	}
	if len(skipped) > 0 {
		text = "# Exim also relays for hosts that inside can't name: " + listed(skipped) + "\n"
	}
	if inside != nil {
		text += "# Hosts that relay without a login, by Exim's relay_from_hosts. Private addresses need no entry.\n" +
			tomlLine("inside", inside)
	}
	return text
}

// domainsText are the lines about local domains.
func (p *proposer) domainsText() (text string) {
	if p.isSet("count", "local_domains") {
		return ""
	}
	if len(p.domains.Skipped) > 0 {
		text = "# Exim also has local domains that only it can look up: " + listed(p.domains.Skipped) + "\n"
	}
	if len(p.domains.Names) > 0 {
		text += "# Mail to these alone doesn't count, by Exim's local_domains and relay_to_domains.\n" +
			tomlLine("local_domains", p.domains.Names)
	}
	return text
}

// maxItem is how much of an item of Exim's lists a comment has. What follows white space or a = is left out: a lookup
// may contain a password.
const maxItem = 60 // characters

// listed are items of Exim's lists on one line.
func listed(items []string) string {
	var all []string
	for _, item := range items {
		short := []rune(item)
		if end := strings.IndexAny(item, " \t="); end > 0 && !strings.HasPrefix(item, "every other") {
			short = append([]rune(item[:end]), '…')
		}
		if len(short) > maxItem {
			short = append(short[:maxItem], '…')
		}
		all = append(all, escape.Text(string(short)))
	}
	return strings.Join(all, ", ")
}
