package check

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/eximconf"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
)

// maxShown limits how many hosts or items of a list a row shows.
const maxShown = 10

// relay names the hosts that Exim relays for and whose mail to the outside no rule counts.
func (c *checks) relay(ctx context.Context) []Result {
	const name = "relay"
	exim, err := eximconf.Ask(ctx, c.Exim)
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	if err != nil {
		return warn(name, "Run exim -bP config as root to see them. Hosts with public addresses that send without a "+
			"login count only if [count] inside or only names them.",
			"Exim doesn't show which hosts it relays for%s", because(err))
	}
	hosts := exim.RelayFrom()
	open := c.uncountedOf(hosts)
	skipped := ""
	if len(hosts.Skipped) > 0 {
		skipped = "; not evaluated: " + firstOf(hosts.Skipped)
	}
	switch {
	case len(open.hosts) > 0:
		return warn(name, "Bulk mail from these hosts to the outside causes no alert. To count it, set in exiwatch's "+
			"configuration:\n    [count]"+open.lines, "Exim relays for %s, which no rule counts%s",
			firstOf(open.hosts), skipped)
	case len(hosts.Networks) > 0:
		return pass(name, "rules count what the hosts that Exim relays for send to the outside: %s%s",
			firstOf(texts(hosts.Networks)), skipped)
	case skipped != "":
		return pass(name, "Exim names no address that it relays for%s", skipped)
	}
	return pass(name, "Exim relays for no other host without a login")
}

// uncountedHosts are hosts that no rule counts.
type uncountedHosts struct {
	hosts []string // in the words of [count] only
	lines string   // of [count] that count them
}

// uncountedOf finds the hosts that no rule counts.
func (c *checks) uncountedOf(h *eximconf.HostList) (open uncountedHosts) {
	general := c.Config.Scopes[""]
	only, inside := general.OnlyNames(), texts(general.Inside)
	named := func(name string) func(config.Class) bool {
		return func(class config.Class) bool { return class.Name == name }
	}
	relays := c.anyClass(named(config.Relayed))
	for i, network := range texts(h.Networks) {
		isInside, all := general.HasInside(h.Networks[i]), h.Networks[i].Bits() == 0
		if isInside && relays || c.anyClass(func(class config.Class) bool { return class.Contains([]byte(network)) }) {
			continue
		}
		open.hosts = append(open.hosts, network)
		switch {
		case all: // nobody is outside of these
			only = append(only, network)
		case !isInside:
			inside = append(inside, network)
		}
		if !all && !relays && !slices.Contains(only, config.Relayed) {
			only = append(only, config.Relayed)
		}
	}
	if h.Loopback && !c.anyClass(named(config.Loopback)) {
		open.hosts, only = append(open.hosts, config.Loopback), append(only, config.Loopback)
	}
	if len(only) > len(general.Only) {
		open.lines += "\n    " + report.CountLine("only", only)
	}
	if len(inside) > len(general.Inside) {
		open.lines += "\n    " + report.CountLine("inside", inside)
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
