package config

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Count says which arrivals a rule counts.
type Count struct {
	Only         []Class   // count arrivals of any of these
	Ignore       []Pattern // but none that match these
	LocalDomains []string  // in lower case; arrivals to these domains alone don't count
	EximUsers    []string  // U= of Exim's own bounces

	// Inside are networks besides those with private addresses: their hosts relay, and mail to them stays inside.
	Inside []netip.Prefix
}

// Scopes has a Count for each window.Rule.Scope. Rules without settings of their own have the scope "".
type Scopes map[string]Count

// With adds what rules count that have an only of their own, and returns their scope.
func (s Scopes) With(only Class) (Scopes, string) {
	scope := fmt.Sprintf("only=%q", []string{only.String()})
	c := s[""]
	c.Only = []Class{only}
	all := maps.Clone(s)
	all[scope] = c
	return all, scope
}

// count is a Count as written. A missing key is nil.
type count struct {
	Only         []string `toml:"only"`
	Ignore       []string `toml:"ignore"`
	LocalDomains []string `toml:"local_domains"`
	EximUsers    []string `toml:"exim_users"`
	Inside       []string `toml:"inside"`
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
	for i, s := range w.Inside {
		prefix, ok := ParsePrefix(s)
		wrong.unless(ok, fmt.Sprintf("%s.inside[%d]", table, i))
		c.Inside = append(c.Inside, prefix)
	}
	return c
}

// IsLocal tells whether an address is in one of the LocalDomains.
func (c *Count) IsLocal(address []byte) bool {
	at := bytes.LastIndexByte(address, '@')
	return at >= 0 && len(c.LocalDomains) > 0 &&
		slices.Contains(c.LocalDomains, string(bytes.ToLower(address[at+1:])))
}

// IsInside tells whether a host is one of ours: its address is private (RFC 1918, RFC 4193), or in Inside.
func (c *Count) IsInside(address []byte) bool {
	ip, ok := parseIP(address)
	return ok && (ip.IsPrivate() || c.inInside(ip))
}

// HasInside tells whether all hosts of a network are ours.
func (c *Count) HasInside(network netip.Prefix) bool {
	covers := func(p netip.Prefix) bool { return p.Bits() <= network.Bits() && p.Contains(network.Addr()) }
	return slices.ContainsFunc(privateNetworks, covers) || slices.ContainsFunc(c.Inside, covers)
}

// privateNetworks are those of private addresses (RFC 1918, RFC 4193).
var privateNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7")}

// IsOutside tells whether a host is somebody else's: its address is public, and not in Inside.
func (c *Count) IsOutside(address []byte) bool {
	ip, ok := parseIP(address)
	return ok && ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip) && !c.inInside(ip)
}

// shared is the address space between providers and their customers (RFC 6598), which isn't public.
var shared = netip.MustParsePrefix("100.64.0.0/10")

func (c *Count) inInside(ip netip.Addr) bool {
	return slices.ContainsFunc(c.Inside, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func parseIP(b []byte) (netip.Addr, bool) {
	if len(b) == 0 {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(string(b))
	return ip.Unmap().WithZone(""), err == nil
}

// Counts tells whether a class is in Only by its name.
func (c *Count) Counts(name string) bool {
	return slices.ContainsFunc(c.Only, func(class Class) bool { return class.Name == name })
}

// A Class is a kind of arrival that [count] only can name.
type Class struct {
	Name   string       // authenticated, local, loopback, relayed, forwarded, bounces or all; empty for a network
	Prefix netip.Prefix // a network of sending hosts
}

// Loopback is the class of mail that comes over 127.0.0.0/8 or ::1 without a login.
const Loopback = "loopback"

// Classes of mail that another host hands over without a login, once a host outside has taken, refused or deferred
// a recipient.
const (
	Relayed   = "relayed"   // from a host inside, at an address as it arrived
	Forwarded = "forwarded" // from any host, at an address that this one has put in the place of a local one
)

// ParseClass parses an element of [count] only.
func ParseClass(s string) (Class, error) {
	switch s {
	case "authenticated", "local", Loopback, Relayed, Forwarded, "bounces", "all":
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
