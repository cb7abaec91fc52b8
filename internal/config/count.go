package config

import (
	"errors"
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

// count checks what is written.
func (w count) count() (c Count, err error) {
	c.EximUsers = w.EximUsers
	if len(w.Only) == 0 {
		return c, errors.New("only is empty, so that nothing would count")
	}
	for _, s := range w.Only {
		class, err := ParseClass(s)
		if err != nil {
			return c, fmt.Errorf("only: %w", err)
		}
		c.Only = append(c.Only, class)
	}
	for _, s := range w.Ignore {
		p, err := ParsePattern(s)
		if err != nil {
			return c, fmt.Errorf("ignore: %w", err)
		}
		c.Ignore = append(c.Ignore, p)
	}
	for _, domain := range w.LocalDomains {
		c.LocalDomains = append(c.LocalDomains, strings.ToLower(domain))
	}
	return c, nil
}
