package main

import (
	"fmt"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A ruleGroup is rules for the same classes that init proposes, with limits for hosts without logs.
type ruleGroup struct {
	about string
	key   window.Key
	only  []string
	rules []initRule
}

type initRule struct {
	name, count, window string
	limit               int64
}

// relayGroup are the rules for hosts that relay.
var relayGroup = ruleGroup{
	"Hosts inside that relay without a login.", window.Host, []string{config.Relayed}, []initRule{
		{"relaying host, 5 minutes", "messages", "5m", 100}, {"relaying host, hour", "messages", "1h", 500},
		{"relaying host, day", "messages", "1d", 2000}},
}

// initGroups are the rules that init proposes. The last group is about all classes of the others.
func initGroups() []ruleGroup {
	return []ruleGroup{
		{"Logins: accounts whose password may leak.", window.Account, []string{"authenticated"}, []initRule{
			{"login, 5 minutes", "messages", "5m", 20}, {"login, hour", "messages", "1h", 100},
			{"login, day", "messages", "1d", 500}, {"login, recipients", "recipients", "1h", 500}}},
		{"Local users: web forms, cron jobs, shells.", window.Account, []string{"local"}, []initRule{
			{"local user, 5 minutes", "messages", "5m", 20}, {"local user, hour", "messages", "1h", 100},
			{"local user, day", "messages", "1d", 500}}},
		{"Programs that connect from this machine without a login.", window.Account, []string{config.Loopback},
			[]initRule{{"loopback, 5 minutes", "messages", "5m", 20}, {"loopback, hour", "messages", "1h", 100},
				{"loopback, day", "messages", "1d", 500}}},
		relayGroup,
		{"Recipients that are refused for good: old lists, guessed addresses.", window.Account,
			[]string{"authenticated", "local", config.Loopback, config.Relayed},
			[]initRule{{"bounces", "bounces", "1h", 20}}},
	}
}

// leaveOutRelaying leaves out the rules for hosts that relay where none does, by the log and by Exim.
func (p *proposer) leaveOutRelaying() {
	first := 0
	at := slices.IndexFunc(p.groups, func(g ruleGroup) bool {
		if g.about == relayGroup.about {
			return true
		}
		first += len(g.rules)
		return false
	})
	if len(p.hosts.Networks)+len(p.hosts.Skipped) > 0 || p.proposed.Rules[first].Values > 0 {
		return
	}
	p.groups = slices.Delete(p.groups, at, at+1)
	p.proposed.Rules = slices.Delete(p.proposed.Rules, first, first+len(relayGroup.rules))
	bounces := &p.groups[len(p.groups)-1]
	bounces.only = slices.DeleteFunc(bounces.only, func(class string) bool { return class == config.Relayed })
}

// rulesText are the rules.
func (p *proposer) rulesText(s *suggest.Suggestions) string {
	var b strings.Builder
	n := 0
	for _, group := range p.groups {
		fmt.Fprintf(&b, "\n# %s\n", group.about)
		for _, rule := range group.rules {
			var found *suggest.Suggestion
			if s != nil {
				found = &s.Rules[n]
			}
			n++
			rule.write(&b, &group, found)
		}
	}
	b.WriteString("\n# The log itself: entries that are forged, truncated or unreadable.\n[[rule]]\n" +
		"name   = \"log integrity\"\nkey    = \"log\"\ncount  = \"anomalies\"\nlimit  = 5\nwindow = \"1h\"\n")
	return b.String()
}

// write writes the rule as TOML, with the reason for its limit.
func (r initRule) write(b *strings.Builder, group *ruleGroup, s *suggest.Suggestion) {
	limit, why := r.limit, "A default."
	switch {
	case s == nil:
	case s.Suggested == nil:
		why = "A default: " + s.Why + "."
	default:
		limit = *s.Suggested
		why = fmt.Sprintf("Daily peaks: half up to %d, 99%% up to %d, highest %d. %s in the log.", s.Median, s.P99,
			s.Highest, words.Plural(*s.Opened, "alert"))
	}
	fmt.Fprintf(b, "\n# %s\n[[rule]]\nname   = %q\nkey    = %q\n%s\ncount  = %q\nlimit  = %d\nwindow = %q\n",
		escape.Text(why), r.name, group.key.String(), report.CountLine("only  ", group.only), r.count, limit, r.window)
	if s == nil {
		return
	}
	for _, e := range s.Except {
		b.WriteString("\n[[rule.except]]\n" + tomlLine("match", e.Match) + tomlLine("limit", e.Limit) +
			tomlLine("reason", e.Reason) + "until = " + e.Until + "\n")
	}
}
