package eximconf

import (
	"regexp"
	"slices"
	"strings"
)

// A DomainList is what domain lists of Exim's configuration name (Exim specification, "Domain lists").
type DomainList struct {
	Names   []string // in lower case, each once
	Skipped []string // the items that are no names, as written: wildcards, lookups, files

	primary string // for which @ stands
}

// domainName is a domain in a list. None of its characters is special there.
var domainName = regexp.MustCompile(`^[0-9a-z_]([0-9a-z._-]*[0-9a-z])?$`)

// addDomains adds the items of a list. A negated item excludes its domain from the items after it. depth is how deep
// more lists may be nested in this one.
func (n lists) addDomains(d *DomainList, list []string, depth int) {
	var except []string
	for _, item := range list {
		rest, not := strings.CutPrefix(item, "!")
		domain := d.named(strings.TrimSpace(rest))
		name, isName := strings.CutPrefix(item, "+")
		inner, isKnown := n[name]
		switch {
		case item == "" || slices.Contains(except, domain):
		case domain != "" && not:
			except = append(except, domain)
		case domain != "":
			if !slices.Contains(d.Names, domain) {
				d.Names = append(d.Names, domain)
			}
		case isName && isKnown && depth > 0:
			n.addDomains(d, items(inner), depth-1)
		case !slices.Contains(d.Skipped, item):
			d.Skipped = append(d.Skipped, item)
		}
	}
}

// named is the domain that an item names; "" if it names none.
func (d *DomainList) named(item string) string {
	if item == "@" {
		item = d.primary
	}
	if item = strings.ToLower(item); !domainName.MatchString(item) {
		return ""
	}
	return item
}
