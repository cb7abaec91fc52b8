package eximconf

import (
	"net/netip"
	"slices"
	"strings"

	"exiwatch/internal/config"
)

// A HostList is what a host list of Exim's configuration names, without anything that needs a lookup (Exim
// specification, "Host lists"). Its zero value names nobody.
type HostList struct {
	Networks []netip.Prefix // each once
	Loopback bool           // this host itself
	Skipped  []string       // the items that need a lookup, as written
}

const (
	maxNesting  = 10      // of named lists
	maxListFile = 1 << 20 // bytes that are read of a file of hosts
	maxHosts    = 10_000  // hosts in one list
)

// add adds the items of a list. A negated item excludes its hosts from the items after it. depth is how deep more lists
// may be nested in this one.
func (n lists) addHosts(h *HostList, items []string, depth int) {
	var except []netip.Prefix
	negated := false
	for _, item := range items {
		rest, not := strings.CutPrefix(item, "!")
		negated = not
		if !not {
			n.addHost(h, item, except, depth)
			continue
		}
		if prefix, ok := config.ParsePrefix(strings.TrimSpace(rest)); ok {
			except = append(except, prefix)
		}
	}
	if negated { // then the list contains every host that it doesn't name
		h.skip("every other host (the list ends with a negated item)")
	}
}

// item adds one item.
func (n lists) addHost(h *HostList, item string, except []netip.Prefix, depth int) {
	prefix, isNetwork := config.ParsePrefix(item)
	name, isName := strings.CutPrefix(item, "+")
	list, isKnown := n[name]
	switch {
	case item == "", item == "@", item == "@[]", item == "localhost": // "" is a message that doesn't come from a host
		h.Loopback = true
	case isNetwork:
		h.network(prefix, except)
	case isName && slices.Contains(listOptions, name):
	case isName && isKnown && depth > 0:
		n.addHosts(h, items(list), depth-1)
	case strings.HasPrefix(item, "/") && depth > 0:
		if lines, ok := fileItems(item); ok {
			n.addHosts(h, lines, depth-1)
		} else {
			h.skip(item)
		}
	default:
		h.skip(item)
	}
}

// listOptions are words in a host list that name no host.
var listOptions = []string{"ignore_unknown", "include_unknown", "ignore_defer", "include_defer", "caseful"}

func (h *HostList) network(prefix netip.Prefix, except []netip.Prefix) {
	covers := func(other netip.Prefix) bool { return other.Bits() <= prefix.Bits() && other.Contains(prefix.Addr()) }
	switch {
	case slices.ContainsFunc(except, covers):
	case prefix.Addr().IsLoopback():
		h.Loopback = true
	case !slices.Contains(h.Networks, prefix) && len(h.Networks) < maxHosts:
		h.Networks = append(h.Networks, prefix)
	}
}

func (h *HostList) skip(item string) {
	if !slices.Contains(h.Skipped, item) && len(h.Skipped) < maxHosts {
		h.Skipped = append(h.Skipped, item)
	}
}
