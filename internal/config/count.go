package config

import (
	"fmt"
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

// or fills missing keys from general.
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

// scope is a name for a rule's own settings, "" if it has none.
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

// count checks the keys of a table such as rule[0]. Keys from [count] are already checked.
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
