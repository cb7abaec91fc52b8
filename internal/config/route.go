package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"exiwatch/mailer"
	"exiwatch/window"
)

// A Route says who else is told of some incidents.
type Route struct {
	Match  Pattern
	To, Cc []string
	Notify []string // names of channels
	Only   bool     // the others aren't told; then To isn't empty
	GoOn   bool     // later routes are looked at, too
}

// route is a Route as written.
type route struct {
	Match  string   `toml:"match"`
	To     []string `toml:"to"`
	Cc     []string `toml:"cc"`
	Notify []string `toml:"notify"`
	Only   bool     `toml:"only"`
	GoOn   bool     `toml:"go_on"`
}

// maxRoutes limits the number of routes. Each incident is compared with all of them.
const maxRoutes = 1000

// routes checks all [[route]]. channels are those that they may name.
func (f *file) routes(channels []Notify, wrong *flaws) (all []Route) {
	wrong.unlessf(len(f.Route) <= maxRoutes, "route", "%d routes; expected %d at most", len(f.Route), maxRoutes)
	for i, w := range f.Route {
		path := fmt.Sprintf("route[%d]", i)
		r := Route{To: w.To, Cc: w.Cc, Notify: w.Notify, Only: w.Only, GoOn: w.GoOn}
		wrong.unless(w.Match != "", path+".match")
		var err error
		r.Match, err = ParsePattern(w.Match)
		wrong.add(path+".match", err)
		checkAddresses(path+".to", w.To, wrong)
		checkAddresses(path+".cc", w.Cc, wrong)
		for k, name := range w.Notify {
			known := slices.ContainsFunc(channels, func(n Notify) bool { return n.Name == name })
			wrong.unless(known, fmt.Sprintf("%s.notify[%d]", path, k))
		}
		wrong.unlessf(!w.Only || len(w.To) > 0, path+".only", "expected to, as nobody else gets the mails")
		all = append(all, r)
	}
	return all
}

// An Audience is who is told of an incident.
type Audience struct {
	To, Cc  []string // of its mails
	Notify  []string // names of channels
	General bool     // those are among them who are told if no route matches
	Routes  []int    // that matched: their indices
}

// Same reports whether the same people are told.
func (a *Audience) Same(b *Audience) bool {
	return slices.Equal(a.To, b.To) && slices.Equal(a.Cc, b.Cc) && slices.Equal(a.Notify, b.Notify)
}

// Audience is who is told of an incident. It depends on how that began, so all its mails go to the same people. Without
// a route it is To of the rule, or else of [mail], with Cc and all channels that no route names. The first route that
// matches adds to them, or with Only replaces them. It is the last one, unless it says GoOn.
func (c *Config) Audience(i mailer.Beginning) Audience {
	var routed Audience
	only := false
	for k := range c.Routes {
		r := &c.Routes[k]
		if !r.Match.MatchesIncident(i) {
			continue
		}
		routed.To, routed.Cc = union(routed.To, r.To), union(routed.Cc, r.Cc)
		routed.Notify, routed.Routes = union(routed.Notify, r.Notify), append(routed.Routes, k)
		only = only || r.Only
		if !r.GoOn {
			break
		}
	}
	if only {
		return routed
	}
	general := c.Mail.To
	if to := c.RuleTo[i.Rule]; len(to) > 0 {
		general = to
	}
	return Audience{
		To: union(general, routed.To), Cc: union(c.Mail.Cc, routed.Cc),
		Notify: union(c.generalChannels(), routed.Notify), General: true, Routes: routed.Routes,
	}
}

// Recipients are all addresses that get mails, each once.
func (c *Config) Recipients() []string {
	all := union(c.Mail.To, c.Mail.Cc)
	for _, rule := range slices.Sorted(maps.Keys(c.RuleTo)) {
		all = union(all, c.RuleTo[rule])
	}
	for _, r := range c.Routes {
		all = union(union(all, r.To), r.Cc)
	}
	if c.Summary != nil {
		all = union(all, c.Summary.To)
	}
	return all
}

// generalChannels are those that no route names.
func (c *Config) generalChannels() (names []string) {
	for _, n := range c.Notify {
		if !slices.ContainsFunc(c.Routes, func(r Route) bool { return slices.Contains(r.Notify, n.Name) }) {
			names = append(names, n.Name)
		}
	}
	return names
}

// union is a with what b has besides.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// A keyValue is a value of an incident.
type keyValue struct{ key, value string }

// valuesOf are the values by which routes match an incident: that of its first alert, its account, and whatever that
// account is: a login, a local user, a host or an envelope sender. Where nobody knows which of the first two it is, it
// is both.
func valuesOf(i mailer.Beginning) []keyValue {
	own := keyValue{i.Key, i.Value}
	key, value, known := strings.Cut(i.About, "=")
	account, auth, user := window.Account.String(), window.Auth.String(), window.User.String()
	if !known {
		key, value = i.Key, i.Value
	}
	if key == account {
		inner := ""
		if last := len(value) - 1; last > 1 {
			inner = value[1:last]
		}
		switch {
		case strings.HasPrefix(value, "[") && inner != "":
			key, value = window.Host.String(), inner
		case strings.HasPrefix(value, "<") && inner != "":
			key, value = window.Sender.String(), inner
		default:
			return []keyValue{own, {account, value}, {auth, value}, {user, value}}
		}
	}
	switch key {
	case auth, user:
		return []keyValue{own, {key, value}, {account, value}}
	case window.Host.String():
		return []keyValue{own, {key, value}, {account, "[" + value + "]"}}
	case window.Sender.String():
		return []keyValue{own, {key, value}, {account, "<" + value + ">"}}
	}
	return []keyValue{own, {key, value}}
}

// MatchesIncident reports whether the pattern matches the value of an incident's first alert, or its account, login,
// local user, host or envelope sender.
func (p Pattern) MatchesIncident(i mailer.Beginning) bool {
	return slices.ContainsFunc(valuesOf(i), p.matchesValue)
}

func (p Pattern) matchesValue(v keyValue) bool {
	return p.Key.String() == v.key && p.MatchValue([]byte(v.value))
}
