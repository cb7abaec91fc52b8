package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// Count says which arrivals a rule counts.
type Count struct {
	Only         []Class   // count arrivals of any of these
	Ignore       []Pattern // but none that match these
	LocalDomains []string  // in lower case; arrivals to these domains alone don't count
	EximUsers    []string  // U= of Exim's own bounces
}

// Scopes has a Count for each window.Rule.Scope. Rules without settings of their own have the scope "".
type Scopes map[string]Count

// count is a Count as written. A missing key is nil.
type count struct {
	Only         []string `toml:"only"`
	Ignore       []string `toml:"ignore"`
	LocalDomains []string `toml:"local_domains"`
	EximUsers    []string `toml:"exim_users"`
}

// count checks the keys of a table such as rule[0].
func (w count) count(table string, wrong *flaws) Count {
	c := Count{EximUsers: w.EximUsers}
	wrong.unless(len(w.Only) > 0, table+".only")
	for i, s := range w.Only {
		class, err := ParseClass(s)
		wrong.add(fmt.Sprintf("%s.only[%d]", table, i), err)
		c.Only = append(c.Only, class)
	}
	for i, s := range w.Ignore {
		p, err := ParsePattern(s)
		wrong.add(fmt.Sprintf("%s.ignore[%d]", table, i), err)
		c.Ignore = append(c.Ignore, p)
	}
	for _, domain := range w.LocalDomains {
		c.LocalDomains = append(c.LocalDomains, strings.ToLower(domain))
	}
	return c
}

// A Class is a kind of arrival that [count] only can name.
type Class struct {
	Name   string       // authenticated, local, loopback, bounces or all; empty for a network
	Prefix netip.Prefix // a network of sending hosts
}

// Loopback is the class of mail that comes over 127.0.0.0/8 or ::1 without a login.
const Loopback = "loopback"

// ParseClass parses an element of [count] only.
func ParseClass(s string) (Class, error) {
	switch s {
	case "authenticated", "local", Loopback, "bounces", "all":
		return Class{Name: s}, nil
	}
	if prefix, ok := ParsePrefix(s); ok {
		return Class{Prefix: prefix}, nil
	}
	return Class{}, fmt.Errorf("expected %s", expected["count.only[]"])
}

// Contains reports whether the class is a network that contains the address in b.
func (c Class) Contains(b []byte) bool {
	return c.Prefix.IsValid() && b != nil && contains(c.Prefix, b)
}

// String writes the class as in [count] only. A single host has no mask.
func (c Class) String() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Prefix.IsSingleIP():
		return c.Prefix.Addr().String()
	}
	return c.Prefix.String()
}

// OnlyNames are the elements of only, as written.
func (c *Count) OnlyNames() []string {
	names := make([]string, len(c.Only))
	for i, class := range c.Only {
		names[i] = class.String()
	}
	return names
}
