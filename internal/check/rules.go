package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// rules names the rules that can't work as intended.
func (c *checks) rules(context.Context) []Result {
	const name = "rules"
	var all []Result
	for _, r := range c.Config.Rules {
		title := cmp.Or(r.Name, r.String())
		if need := needs(r); need != "" && c.lacks(need) && !isDefault(r) {
			all = append(all,
				warn(name, fmt.Sprintf("It counts nothing until Exim logs +%s: see the row selectors.", need),
					"%s: the log has no +%s", title, need)...)
		}
	}
	all = append(all, c.endedExceptions()...)
	all = append(all, c.scripts()...)
	var seen []string // scopes
	for _, r := range c.Config.Rules {
		domains := c.Config.Scopes[r.Scope].LocalDomains
		if len(domains) > 0 && !slices.Contains(seen, r.Scope) && c.lacks("received_recipients") {
			all = append(all,
				warn(name, "Every message counts until Exim logs +received_recipients: see the row selectors.",
					"%s: local_domains = %q, and the log has no +received_recipients", c.of(r.Scope), domains)...)
		}
		seen = append(seen, r.Scope)
	}
	if !slices.ContainsFunc(c.Config.Rules, func(r window.Rule) bool { return r.Count == window.Anomalies }) {
		all = append(all, warn(name, `Add a [[rule]] with key = "log", count = "anomalies", limit = 5, window = "1h".`,
			"no rule watches the log's integrity: a sender who evades the other rules causes no alert")...)
	}
	all = append(all, c.unmatched()...)
	tested := "the log has what they need"
	if len(c.samples) == 0 {
		tested = "there is no log to test them with"
	}
	if all == nil {
		return pass(name, "%s; %s", words.Plain(int64(len(c.Config.Rules)), "rule"), tested)
	}
	return all
}

// endedExceptions names the exceptions that exiwatch except list shows as ended.
func (c *checks) endedExceptions() (all []Result) {
	for _, e := range c.Config.Exceptions {
		if e.Ended(c.Now) {
			hint := fmt.Sprintf("Remove it, or set a later until: %s, line %d.", e.File, e.Line)
			all = append(all, warn("rules", hint,
				"%s: the exception for %q with the limit %d ended on %s", strings.Join(e.Rules, ", "), e.Match, e.Limit,
				e.End())...)
		}
	}
	return all
}

// scripts says that rules by script count all submissions only with +pid.
func (c *checks) scripts() []Result {
	if !c.countsScripts() || !c.lacks("pid") || c.lacks("arguments") {
		return nil
	}
	return warn("rules", "Add +pid to Exim's log_selector.", "rules by script: without +pid they count a submission "+
		"only if no other directory's began in the same seconds, and none by SMTP (sendmail -bs)")
}

// isDefault reports whether a rule is a default one. The row selectors already recommends what these need.
func isDefault(r window.Rule) bool {
	return slices.ContainsFunc(config.Default().Rules, func(d window.Rule) bool {
		return d.Name == r.Name && d.String() == r.String()
	})
}

// needs is the log selector without which a rule counts nothing.
func needs(r window.Rule) string {
	switch {
	case r.Count == window.Recipients, r.Count == window.Addresses:
		return "received_recipients"
	case r.Key == window.Subject, r.Key == window.Topic, r.Count == window.Subjects:
		return "subject"
	case r.Key == window.Script:
		return "arguments"
	}
	return ""
}

// lacks reports whether no log shows a selector's item, although there are arrivals.
func (c *checks) lacks(selector string) bool {
	arrivals := false
	for _, s := range c.samples {
		if s.summary.Tally.Arrivals == 0 {
			continue
		}
		if arrivals = true; !slices.Contains(s.missing, selector) {
			return false
		}
	}
	return arrivals
}

// of is a scope's name in a row.
func (c *checks) of(scope string) string {
	if scope == "" {
		return "[count]"
	}
	i := slices.IndexFunc(c.Config.Rules, func(r window.Rule) bool { return r.Scope == scope })
	return cmp.Or(c.Config.Rules[i].Name, c.Config.Rules[i].String())
}

// unmatched names the scopes without an arrival.
func (c *checks) unmatched() []Result {
	var all []Result
	for i, scope := range scopes(c.Config.Rules) {
		var arrivals, matched int64
		for _, s := range c.samples {
			arrivals += s.summary.Tally.Arrivals
			matched += s.matched[i]
		}
		if arrivals > 0 && matched == 0 {
			all = append(all, warn("rules",
				"Check only, ignore and local_domains. If nobody has sent such mail yet, this is fine.",
				"%s: none of %s counts", c.of(scope), words.Plain(arrivals, "arrival"))...)
		}
	}
	return all
}
