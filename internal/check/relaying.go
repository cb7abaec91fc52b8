package check

import (
	"fmt"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/parser"
	"exiwatch/window"
)

// relaying is who relays in a sample: whose messages without a login went to a host outside.
type relaying struct {
	reader          *parser.Reader
	inside, outside report.Uncounted // by where the host is
}

// listen makes the reader: everybody's mail is looked at as that of hosts inside is.
func (r *relaying) listen(c *checks) error {
	general := c.Config.Scopes[""]
	general.Only = []config.Class{{Name: config.Relayed}}
	rule := window.Rule{Key: window.Host, Limit: 1, Window: window.MinWindow}
	p, err := pipeline.New(config.Scopes{"": general}, []window.Rule{rule}, pipeline.Listener{
		Idle: true, AnyHost: true, Relayed: func(w *window.Arrival) {
			if general.IsInside(w.Values[window.Host]) {
				r.inside.Add(report.ClassRelayed, w)
			} else {
				r.outside.Add(report.ClassRelayed, w)
			}
		},
	})
	if err == nil {
		r.reader = p.Reader(c.Config.Zone, c.Now)
	}
	return err
}

// relayed notes that an arrival counts after all.
func (s *sample) relayed(w *window.Arrival) {
	if s.ignores(w) {
		return
	}
	var one report.Uncounted
	one.Add(report.ClassRelayed, w)
	s.uncounted.Subtract(&one)
}

// others are the rows without those of networks outside that relay: the row relaying names these.
func (r *relaying) others(rows []report.UncountedRow) []report.UncountedRow {
	relays := r.outside.Rows(maxRows)
	return slices.DeleteFunc(slices.Clone(rows), func(row report.UncountedRow) bool {
		return row.Class == report.ClassRelayed && slices.ContainsFunc(relays, func(o report.UncountedRow) bool {
			return o.Network == row.Network
		})
	})
}

// relays names the networks seen relaying. Hosts outside don't count.
func (c *checks) relays(s *sample) []Result {
	const name = "relaying"
	r := &s.relaying
	inside, outside := r.inside.Rows(maxRows), r.outside.Rows(maxRows)
	var parts []string
	if n := r.inside.Total(); n > 0 {
		parts = append(parts, fmt.Sprintf("hosts inside sent %s to the outside without a login: %s",
			words.Plain(n, "message"), networks(inside)))
	}
	if n := r.outside.Total(); n > 0 {
		parts = append(parts, fmt.Sprintf("%s of others were sent on to the outside: %s", words.Plain(n, "message"),
			networks(outside)))
	}
	detail := strings.Join(parts, "; ")
	general := c.Config.Scopes[""]
	all := texts(general.Inside)
	for _, row := range outside {
		if row.Class == report.ClassRelayed && row.Messages > c.Config.LowestLimit() {
			all = append(all, origin(row))
		}
	}
	switch {
	case detail == "":
		return nil
	case len(all) == len(general.Inside):
		return pass(name, "%s", detail)
	}
	return warn(name, "Bulk mail from these causes no alert. If they are your hosts, set in exiwatch's configuration:"+
		"\n    [count]\n    "+report.CountLine("inside", all)+"\nIf it is incoming mail for a server of yours with a "+
		"public address, name that server in inside, or your domains in local_domains.", "%s", detail)
}

// origin is a row's host, if it is one alone, else its network.
func origin(row report.UncountedRow) string {
	if row.Host != "" {
		return row.Host
	}
	return row.Network
}

// networks lists rows with their messages.
func networks(rows []report.UncountedRow) string {
	var all []string
	for _, row := range rows {
		if row.Class == report.ClassOthers {
			all = append(all, fmt.Sprintf("others (%d)", row.Messages))
			continue
		}
		all = append(all, fmt.Sprintf("%s (%d)", origin(row), row.Messages))
	}
	return strings.Join(all, ", ")
}
