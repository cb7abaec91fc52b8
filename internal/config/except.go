package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"

	"github.com/pelletier/go-toml/v2"
)

// An Exception is a higher limit as somebody wrote it: under a [[rule]], or as an [[except]] of the configuration or of
// a file in except.d.
type Exception struct {
	File   string    `json:"file"`
	Line   int       `json:"line"`  // of its table
	Rules  []string  `json:"rules"` // names of the rules that it is for
	Match  string    `json:"match"`
	Limit  int64     `json:"limit"`
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // the first moment without it; zero: never
	path   string    // such as rule[0].except[1]
}

// Ended reports whether the exception is over.
func (e *Exception) Ended(now time.Time) bool { return !e.Until.IsZero() && !e.Until.After(now) }

// End is the last day of the exception or, if it ends within a day, the time. It is empty if there is no end.
func (e *Exception) End() string {
	switch {
	case e.Until.IsZero():
		return ""
	case isMidnight(e.Until):
		return e.Until.Add(-1).Format(time.DateOnly)
	}
	return e.Until.Format(time.DateTime)
}

func isMidnight(t time.Time) bool {
	year, month, day := t.Date()
	return t.Equal(time.Date(year, month, day, 0, 0, 0, 0, t.Location()))
}

// except is a [[rule.except]] as written.
type except struct {
	Match  string `toml:"match"`
	Limit  int64  `toml:"limit"`
	Reason string `toml:"reason"`
	Until  any    `toml:"until"`
}

// extra is an [[except]] as written. It stands outside of the rules.
type extra struct {
	Rule   string `toml:"rule"`
	Match  string `toml:"match"`
	Limit  int64  `toml:"limit"`
	Reason string `toml:"reason"`
	Until  any    `toml:"until"`
}

func (e *except) exception(path string, r *window.Rule, zone *time.Location, wrong *flaws) window.Exception {
	wrong.unless(e.Match != "", path+".match")
	p, err := NewPattern(r.Key, e.Match)
	wrong.add(path+".match", err)
	wrong.unlessf(e.Limit > r.Limit, path+".limit", "expected more than the rule's limit, %d", r.Limit)
	until, ok := until(e.Until, zone)
	wrong.unless(ok, path+".until")
	match := func(value string) bool { return p.MatchValue([]byte(value)) }
	return window.Exception{Match: match, Limit: e.Limit, Reason: e.Reason, Until: until}
}

// listed is the exception for a list of all.
func (e *except) listed(path string, rules []string, zone *time.Location) Exception {
	until, _ := until(e.Until, zone)
	return Exception{Rules: rules, Match: e.Match, Limit: e.Limit, Reason: e.Reason, Until: until, path: path}
}

// until is when an exception ends: at the end of a day, or at a time.
func until(written any, zone *time.Location) (at time.Time, ok bool) {
	switch t := written.(type) {
	case nil:
	case toml.LocalDate:
		at = time.Date(t.Year, time.Month(t.Month), t.Day+1, 0, 0, 0, 0, zone)
	case toml.LocalDateTime:
		at = t.AsTime(zone)
	case time.Time:
		at = t
	default:
		return at, false
	}
	return at, true
}

// exceptions lists the exceptions that stand under the rules.
func (f *file) exceptions(zone *time.Location, rules []window.Rule) (all []Exception) {
	for i, w := range f.Rule {
		for k, e := range w.Except {
			all = append(all, e.listed(fmt.Sprintf("rule[%d].except[%d]", i, k), []string{title(&rules[i])}, zone))
		}
	}
	return all
}

// locate says where the exceptions of a text stand in it.
func locate(all []Exception, name string, text []byte) {
	if len(all) == 0 {
		return
	}
	places := placesOf(text)
	for i := range all {
		all[i].File, all[i].Line = name, places[all[i].path].line
	}
}

// title is a rule's name, or what it says if it has none.
func title(r *window.Rule) string { return cmp.Or(r.Name, r.String()) }

// isFor reports whether the exception is for a rule: it names it, or it names none and the rule counts messages by
// account, auth or user.
func (x *extra) isFor(r *window.Rule) bool {
	if x.Rule != "" {
		return x.Rule == title(r) || x.Rule == r.String()
	}
	return r.Count == window.Messages && slices.Contains([]window.Key{window.Account, window.Auth, window.User}, r.Key)
}

// of finds the rules that the exception is for and whose limit is lower than its own.
func (x *extra) of(rules []window.Rule, path string, wrong *flaws) (of []int) {
	var names []string
	lowest := int64(0)
	for i := range rules {
		r := &rules[i]
		names = append(names, title(r))
		if !x.isFor(r) {
			continue
		}
		if lowest == 0 || r.Limit < lowest {
			lowest = r.Limit
		}
		if x.Limit > r.Limit {
			of = append(of, i)
		}
	}
	switch {
	case lowest == 0 && x.Rule != "":
		wrong.unlessf(false, path+".rule", "unknown rule; %s", words.Suggest(x.Rule, names))
	case lowest == 0:
		wrong.unlessf(false, path+".rule", "missing, and no rule counts messages by account, auth or user; "+
			"expected one of %s", strings.Join(names, ", "))
	}
	wrong.unlessf(len(of) > 0, path+".limit", "expected more than the rule's limit, %d", lowest)
	return of
}

// extras gives the rules' further exceptions, by the rule's number, and lists them.
func (c *Config) extras(all []extra, wrong *flaws) (more map[int][]window.Exception, list []Exception) {
	more = make(map[int][]window.Exception)
	for k, x := range all {
		path := fmt.Sprintf("except[%d]", k)
		e := except{x.Match, x.Limit, x.Reason, x.Until}
		_, ok := until(x.Until, c.Zone)
		wrong.unless(ok, path+".until")
		wrong.unless(x.Match != "", path+".match")
		var names []string
		for _, i := range x.of(c.Rules, path, wrong) {
			more[i] = append(more[i], e.exception(path, &c.Rules[i], c.Zone, wrong))
			names = append(names, title(&c.Rules[i]))
		}
		list = append(list, e.listed(path, names, c.Zone))
	}
	return more, list
}

// addExtras gives the rules the exceptions of [[except]] in the configuration. They come after the rules' own.
func (c *Config) addExtras(all []extra, wrong *flaws) {
	if len(all) == 0 {
		return
	}
	more, list := c.extras(all, wrong)
	for i := range c.Rules {
		c.Rules[i].Except = append(c.Rules[i].Except, more[i]...)
		wrong.add("except", c.Rules[i].Validate())
	}
	c.Exceptions = append(c.Exceptions, list...)
}
