package config

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// rule is a rule as written.
type rule struct {
	Name         string   `toml:"name"`
	Key          string   `toml:"key"`
	Count        string   `toml:"count"`
	Limit        *int64   `toml:"limit"`
	Window       string   `toml:"window"`
	Floor        *int64   `toml:"floor"`
	Only         []string `toml:"only"`
	Ignore       []string `toml:"ignore"`
	LocalDomains []string `toml:"local_domains"`
	To           []string `toml:"to"`
	Except       []except `toml:"except"`
}

// defaultRules are the rules of a configuration without rules.
var defaultRules = []window.Rule{
	{Name: "bulk sender", Key: window.Account, Count: window.Messages, Limit: 20, Window: 5 * time.Minute},
	{Name: "many recipients", Key: window.Account, Count: window.Recipients, Limit: 500, Window: time.Hour},
	{Name: "log integrity", Key: window.Log, Count: window.Anomalies, Limit: 5, Window: time.Hour},
}

// rules makes the rules and their scopes.
func (f *file) rules(zone *time.Location, wrong *flaws) (all []window.Rule, scopes Scopes) {
	scopes = Scopes{"": f.Count.count("count", wrong)}
	if len(f.Rule) == 0 {
		return slices.Clone(defaultRules), scopes
	}
	for i, w := range f.Rule {
		path := fmt.Sprintf("rule[%d]", i)
		r := w.rule(path, zone, wrong)
		own, scope := w.count(f.Count)
		r.Scope, scopes[scope] = scope, own.count(path, wrong)
		all = append(all, r)
	}
	if _, err := window.New(all); err != nil {
		first := sort.Search(len(all), func(i int) bool {
			_, err := window.New(all[:i+1])
			return err != nil
		})
		wrong.add(fmt.Sprintf("rule[%d]", first), err)
	}
	return all, scopes
}

// ruleTo finds who gets the mails of rules that say so.
func (f *file) ruleTo(all []window.Rule, wrong *flaws) map[string][]string {
	var to map[string][]string
	for i, w := range f.Rule {
		if w.To == nil {
			continue
		}
		wrong.unless(len(w.To) > 0, fmt.Sprintf("rule[%d].to", i))
		checkAddresses(fmt.Sprintf("rule[%d].to", i), w.To, wrong)
		if to == nil {
			to = make(map[string][]string)
		}
		to[all[i].String()] = w.To
	}
	return to
}

// count is what the rule counts: its own keys, and the others from general. scope names its own keys; it is "" if the
// rule has none.
func (w *rule) count(general count) (all count, scope string) {
	var parts []string
	for _, key := range []struct {
		name string
		own  []string
		all  *[]string
	}{
		{"only", w.Only, &general.Only}, {"ignore", w.Ignore, &general.Ignore},
		{"local_domains", w.LocalDomains, &general.LocalDomains},
	} {
		if key.own != nil {
			*key.all = key.own
			parts = append(parts, fmt.Sprintf("%s=%q", key.name, key.own))
		}
	}
	return general, strings.Join(parts, " ")
}

// rule makes the rule at a path such as rule[0]. It fills missing keys from the first default rule.
func (w *rule) rule(path string, zone *time.Location, wrong *flaws) window.Rule {
	r := defaultRules[0]
	r.Name = w.Name
	var err error
	r.Key, err = window.ParseKey(cmp.Or(w.Key, r.Key.String()))
	wrong.unlessf(err == nil, path+".key", "%s", words.Suggest(w.Key, keyNames))
	r.Count, err = window.ParseMeasure(cmp.Or(w.Count, r.Count.String()))
	wrong.unlessf(err == nil, path+".count", "%s", words.Suggest(w.Count, measureNames))
	if w.Limit != nil {
		r.Limit = *w.Limit
	}
	wrong.unless(r.Limit >= 1, path+".limit")
	r.Window, err = window.ParseWindow(cmp.Or(w.Window, r.Window.String()))
	wrong.unless(err == nil, path+".window")
	if w.Floor != nil {
		r.Floor = *w.Floor
		wrong.unless(r.Floor >= 1 && r.Count == window.BounceShare, path+".floor")
	}
	for i, e := range w.Except {
		r.Except = append(r.Except, e.exception(fmt.Sprintf("%s.except[%d]", path, i), &r, zone, wrong))
	}
	return r
}
