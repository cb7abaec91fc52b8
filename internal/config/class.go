package config

import (
	"fmt"
	"net/netip"
)

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
	if prefix, ok := parsePrefix(s); ok {
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
