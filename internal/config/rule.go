package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"

	"github.com/pelletier/go-toml/v2"
)

// rule is a rule as written.
type rule struct {
	Name         string   `toml:"name"`
	Key          string   `toml:"key"`
	Count        string   `toml:"count"`
	Limit        *int64   `toml:"limit"`
	Window       string   `toml:"window"`
	Only         []string `toml:"only"`
	Ignore       []string `toml:"ignore"`
	LocalDomains []string `toml:"local_domains"`
	Except       []except `toml:"except"`
}

// except is an exception as written.
type except struct {
	Match  string `toml:"match"`
	Limit  int64  `toml:"limit"`
	Reason string `toml:"reason"`
	Until  any    `toml:"until"`
}

// defaultRules are the rules of a configuration without rules.
var defaultRules = []window.Rule{
	{Name: "bulk sender", Key: window.Account, Count: window.Messages, Limit: 20, Window: 5 * time.Minute},
	{Name: "many recipients", Key: window.Account, Count: window.Recipients, Limit: 500, Window: time.Hour},
	{Name: "log integrity", Key: window.Log, Count: window.Anomalies, Limit: 5, Window: time.Hour},
}

// defaultCount is the default of [count].
var defaultCount = count{
	Only:      []string{"authenticated", "local", Loopback},
	EximUsers: []string{"Debian-exim", "exim", "mailnull", "mail", "eximuser"},
}

// rules makes the rules and their scopes.
func (f *file) rules(zone *time.Location) ([]window.Rule, Scopes, error) {
	general := f.Count.or(defaultCount)
	usual, err := general.count("count")
	if err != nil {
		return nil, nil, err
	}
	scopes := Scopes{"": usual}
	if len(f.Rule) == 0 {
		return slices.Clone(defaultRules), scopes, nil
	}
	var all []window.Rule
	for i, w := range f.Rule {
		path := fmt.Sprintf("rule[%d]", i)
		r, err := w.rule(path, zone)
		if err != nil {
			return nil, nil, err
		}
		if scopes[r.Scope], err = w.count().or(general).count(path); err != nil {
			return nil, nil, err
		}
		all = append(all, r)
	}
	if _, err := window.New(all); err != nil {
		last := 0
		for ; last < len(all)-1; last++ {
			if _, err := window.New(all[:last+1]); err != nil {
				break
			}
		}
		return nil, nil, &flaw{fmt.Sprintf("rule[%d]", last), err}
	}
	return all, scopes, nil
}

func (w *rule) count() count {
	return count{Only: w.Only, Ignore: w.Ignore, LocalDomains: w.LocalDomains}
}

// rule makes the rule at a path such as rule[0]. It fills missing keys from the first default rule.
func (w *rule) rule(path string, zone *time.Location) (window.Rule, error) {
	r := defaultRules[0]
	r.Name = w.Name
	var err error
	if w.Key != "" {
		if r.Key, err = window.ParseKey(w.Key); err != nil {
			return r, flawf(path+".key", "%s", words.Suggest(w.Key, keyNames()))
		}
	}
	if w.Count != "" {
		if r.Count, err = window.ParseMeasure(w.Count); err != nil {
			return r, flawf(path+".count", "%s", words.Suggest(w.Count, measureNames()))
		}
	}
	if w.Limit != nil {
		if r.Limit = *w.Limit; r.Limit < 1 {
			return r, &flaw{path: path + ".limit"}
		}
	}
	if w.Window != "" {
		if r.Window, err = window.ParseWindow(w.Window); err != nil {
			return r, &flaw{path: path + ".window"}
		}
	}
	r.Scope = w.count().scope()
	for i, e := range w.Except {
		x, err := e.exception(fmt.Sprintf("%s.except[%d]", path, i), &r, zone)
		if err != nil {
			return r, err
		}
		r.Except = append(r.Except, x)
	}
	return r, nil
}

func (e *except) exception(path string, r *window.Rule, zone *time.Location) (x window.Exception, err error) {
	if e.Match == "" {
		return x, &flaw{path: path + ".match"}
	}
	p, err := NewPattern(r.Key, e.Match)
	if err != nil {
		return x, &flaw{path + ".match", err}
	}
	if e.Limit <= r.Limit {
		return x, flawf(path+".limit", "expected more than the rule's limit, %d", r.Limit)
	}
	x = window.Exception{Match: func(value string) bool { return p.matches([]byte(value)) }, Limit: e.Limit,
		Reason: e.Reason}
	if x.Until, err = until(e.Until, zone); err != nil {
		return x, &flaw{path: path + ".until"}
	}
	return x, nil
}

// until is when an exception ends: at the end of a day, or at a time.
func until(written any, zone *time.Location) (time.Time, error) {
	switch t := written.(type) {
	case nil:
		return time.Time{}, nil
	case toml.LocalDate:
		return time.Date(t.Year, time.Month(t.Month), t.Day+1, 0, 0, 0, 0, zone), nil
	case toml.LocalDateTime:
		return t.AsTime(zone), nil
	case time.Time:
		return t, nil
	}
	return time.Time{}, errors.New("neither a date nor a time")
}
