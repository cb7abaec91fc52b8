package check

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"unicode"

	"exiwatch/internal/config"
)

// A hostList is what a host list of Exim's configuration names, without anything that needs a lookup (Exim
// specification, "Host lists"). Its zero value names nobody.
type hostList struct {
	networks []netip.Prefix // each once
	loopback bool           // this host itself
	skipped  []string       // the items that need a lookup, as written
}

const (
	maxNesting  = 10      // of named lists
	maxListFile = 1 << 20 // bytes that are read of a file of hosts
	maxHosts    = 10_000  // hosts in one list
)

// named are the named host lists.
type named map[string]string

// add adds the items of a list. A negated item excludes its hosts from the items after it. depth is how deep more lists
// may be nested in this one.
func (n named) add(h *hostList, items []string, depth int) {
	var except []netip.Prefix
	negated := false
	for _, item := range items {
		rest, not := strings.CutPrefix(item, "!")
		negated = not
		if !not {
			n.item(h, item, except, depth)
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
func (n named) item(h *hostList, item string, except []netip.Prefix, depth int) {
	prefix, isNetwork := config.ParsePrefix(item)
	name, isName := strings.CutPrefix(item, "+")
	list, isKnown := n[name]
	switch {
	case item == "", item == "@", item == "@[]", item == "localhost": // "" is a message that doesn't come from a host
		h.loopback = true
	case isNetwork:
		h.network(prefix, except)
	case isName && slices.Contains(listOptions, name):
	case isName && isKnown && depth > 0:
		n.add(h, items(list), depth-1)
	case strings.HasPrefix(item, "/") && depth > 0:
		if lines, ok := fileItems(item); ok {
			n.add(h, lines, depth-1)
		} else {
			h.skip(item)
		}
	default:
		h.skip(item)
	}
}

// listOptions are words in a host list that name no host.
var listOptions = []string{"ignore_unknown", "include_unknown", "ignore_defer", "include_defer", "caseful"}

func (h *hostList) network(prefix netip.Prefix, except []netip.Prefix) {
	covers := func(other netip.Prefix) bool { return other.Bits() <= prefix.Bits() && other.Contains(prefix.Addr()) }
	switch {
	case slices.ContainsFunc(except, covers):
	case prefix.Addr().IsLoopback():
		h.loopback = true
	case !slices.Contains(h.networks, prefix) && len(h.networks) < maxHosts:
		h.networks = append(h.networks, prefix)
	}
}

func (h *hostList) skip(item string) {
	if !slices.Contains(h.skipped, item) && len(h.skipped) < maxHosts {
		h.skipped = append(h.skipped, item)
	}
}

// fileItems are the lines of a file, each an item of a list. A # begins a comment.
func fileItems(path string) (all []string, ok bool) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxListFile))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all, lines.Err() == nil
}

// items splits a list (Exim specification, "List construction"). A colon separates items unless the list begins with <
// and another separator. A doubled separator is part of the item. One inside an expansion's braces separates nothing.
func items(list string) (all []string) {
	list = unquoted(strings.TrimSpace(list))
	sep := byte(':')
	if len(list) > 1 && list[0] == '<' && isMark(list[1]) {
		sep, list = list[1], list[2:]
	}
	expands := strings.Contains(list, "${")
	for list = strings.TrimLeft(list, " \t\n"); list != ""; list = strings.TrimLeft(list, " \t\n") {
		var item []byte
		depth, i := 0, 0
		for ; i < len(list); i++ {
			c := list[i]
			if c == sep && depth == 0 {
				if i+1 == len(list) || list[i+1] != sep {
					break
				}
				i++
			}
			if expands && c == '{' {
				depth++
			} else if expands && c == '}' && depth > 0 {
				depth--
			}
			item = append(item, c)
		}
		list = list[min(i+1, len(list)):]
		all = append(all, strings.TrimSpace(string(item)))
	}
	return all
}

// isMark reports whether a byte is punctuation as C defines it: printable ASCII except letters, digits and space.
func isMark(c byte) bool {
	return c < unicode.MaxASCII && (unicode.IsPunct(rune(c)) || unicode.IsSymbol(rune(c)))
}

// unquoted removes a value's quotes and the backslashes inside them (Exim specification, "String").
func unquoted(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\t`, "\t").Replace(value[1 : len(value)-1])
}
