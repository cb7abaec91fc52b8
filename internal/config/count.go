package config

import (
	"fmt"
	"strings"
)

// Count says which arrivals rules count.
type Count struct {
	Only         []Class   // any of them
	Ignore       []Pattern // none of them
	LocalDomains []string  // lower case; an arrival to these alone isn't counted
	EximUsers    []string  // U= of bounces that Exim itself makes
}

// Scopes are what the rules count, by window.Rule.Scope. That of rules which don't say it is "".
type Scopes map[string]Count

// count is a Count as it is written. What is nil isn't.
type count struct {
	Only         []string `toml:"only"`
	Ignore       []string `toml:"ignore"`
	LocalDomains []string `toml:"local_domains"`
	EximUsers    []string `toml:"exim_users"`
}

// or takes from general what isn't written.
func (w count) or(general count) count {
	if w.Only == nil {
		w.Only = general.Only
	}
	if w.Ignore == nil {
		w.Ignore = general.Ignore
	}
	if w.LocalDomains == nil {
		w.LocalDomains = general.LocalDomains
	}
	if w.EximUsers == nil {
		w.EximUsers = general.EximUsers
	}
	return w
}

// scope names what a rule writes, "" if that is nothing.
func (w count) scope() string {
	var parts []string
	for _, part := range []struct {
		name   string
		values []string
	}{{"only", w.Only}, {"ignore", w.Ignore}, {"local_domains", w.LocalDomains}} {
		if part.values != nil {
			parts = append(parts, fmt.Sprintf("%s=%q", part.name, part.values))
		}
	}
	return strings.Join(parts, " ")
}

// count checks what is written in the table, such as rule[0]. What it has from [count] is checked already.
func (w count) count(table string) (c Count, err error) {
	c.EximUsers = w.EximUsers
	if len(w.Only) == 0 {
		return c, &flaw{path: table + ".only"}
	}
	for i, s := range w.Only {
		class, err := ParseClass(s)
		if err != nil {
			return c, &flaw{path: fmt.Sprintf("%s.only[%d]", table, i)}
		}
		c.Only = append(c.Only, class)
	}
	for i, s := range w.Ignore {
		p, err := ParsePattern(s)
		if err != nil {
			return c, &flaw{fmt.Sprintf("%s.ignore[%d]", table, i), err}
		}
		c.Ignore = append(c.Ignore, p)
	}
	for _, domain := range w.LocalDomains {
		c.LocalDomains = append(c.LocalDomains, strings.ToLower(domain))
	}
	return c, nil
}
