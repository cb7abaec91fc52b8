package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"exiwatch/internal/fold"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A Pattern selects arrivals by the value of one key. It is a glob, in which * matches any text and ? one byte, and
// which ignores case. For hosts it may be an address or a CIDR.
type Pattern struct {
	Key    window.Key
	glob   string
	prefix netip.Prefix // for a host; else invalid
}

// NewPattern makes a Pattern for one key. It folds names as arrivals' names are folded.
func NewPattern(key window.Key, text string) (Pattern, error) {
	p := Pattern{Key: key, glob: text}
	switch key {
	case window.Sender, window.SenderDomain, window.Auth, window.AccountDomain:
		p.glob = fold.Name(text)
	case window.Account:
		p.glob = fold.Account(text)
	}
	if key != window.Host && key != window.Network {
		return p, nil
	}
	if prefix, ok := ParsePrefix(text); ok {
		p.prefix = prefix
	} else if strings.Contains(text, "/") || !strings.ContainsAny(text, "*?") {
		return p, errors.New("expected an address, a network such as 192.0.2.0/24, or a pattern with * or ?")
	}
	return p, nil
}

// ParsePattern parses `key:pattern`.
func ParsePattern(s string) (Pattern, error) {
	name, text, ok := strings.Cut(s, ":")
	if !ok {
		return Pattern{}, fmt.Errorf("expected %s", expected["count.ignore[]"])
	}
	key, err := window.ParseKey(name)
	if err != nil {
		return Pattern{}, fmt.Errorf("unknown key %q; %s", name, words.Suggest(name, keyNames))
	}
	if key == window.Script || key == window.CPUser {
		return Pattern{}, fmt.Errorf("%s is only known when an arrival is counted; expected another key, or a "+
			"[[rule.except]] with a higher limit", key)
	}
	return NewPattern(key, text)
}

// String writes the pattern as ParsePattern parses it.
func (p *Pattern) String() string { return p.Key.String() + ":" + p.glob }

// Match reports whether the arrival has the key, with a value that the pattern matches.
func (p Pattern) Match(a *window.Arrival) bool {
	value := a.Values[p.Key]
	return value != nil && p.MatchValue(value)
}

// MatchValue reports whether the pattern matches a value of its key.
func (p Pattern) MatchValue(value []byte) bool {
	if p.prefix.IsValid() {
		return contains(p.prefix, value)
	}
	return glob(p.glob, value)
}

// ParsePrefix parses a CIDR, or an address as a CIDR of one address. It maps IPv4 addresses in IPv6 form to IPv4.
func ParsePrefix(text string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return prefix, false
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	if address := prefix.Addr(); address.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(address.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}

// contains reports whether value is an address or network inside prefix.
func contains(prefix netip.Prefix, value []byte) bool {
	if network, err := netip.ParsePrefix(string(value)); err == nil {
		return network.Bits() >= prefix.Bits() && prefix.Contains(network.Addr())
	}
	address, err := netip.ParseAddr(string(value))
	return err == nil && prefix.Contains(address.Unmap().WithZone(""))
}

// glob backtracks only to the last *, so its time is at most the product of the lengths.
func glob(pattern string, s []byte) bool {
	i, star, from := 0, -1, 0
	for k := 0; k < len(s); {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, from = i, k
			i++
		case i < len(pattern) && (pattern[i] == '?' || lower(pattern[i]) == lower(s[k])):
			i++
			k++
		case star >= 0:
			from++
			i, k = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
