package check

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/internal/words"
	"exiwatch/parser"
	"exiwatch/window"
)

const (
	maxRows      = 3    // of mail that no rule counts
	standingOut  = 0.25 // share of all arrivals at which one network is worth a warning
	fewListPosts = 5    // posts from which on a sender counts as a mailing list
	muchMore     = 5    // times a limit
)

// weigh counts arrivals that no rule counts and ignore doesn't name, and the senders over loopback.
func (s *sample) weigh(a *parser.Arrival, w *window.Arrival) {
	if slices.ContainsFunc(s.ignore, func(p config.Pattern) bool { return p.Match(w) }) {
		s.ignored++
		return
	}
	class := pipeline.Class(a, s.eximUsers)
	if w.Outside == 1<<len(s.matched)-1 {
		s.uncounted.Add(class, w)
	}
	if class == report.ClassLoopback {
		s.posts++
		if pattern := posting(w.Values[window.Sender]); pattern != "" {
			s.posting.Add([]byte(pattern), 0, 0)
		}
	}
}

// counted shows how many arrivals the rules count, and where the others come from.
func (c *checks) counted(s *sample) []Result {
	const name = "counted"
	arrivals, uncounted := s.summary.Tally.Arrivals, s.uncounted.Total()
	rows := s.uncounted.Rows(maxRows)
	detail := fmt.Sprintf("%d of %s count", arrivals-uncounted-s.ignored, words.Plain(arrivals, "arrival"))
	separator := ". No rule counts: "
	for _, row := range rows {
		detail += fmt.Sprintf("%s%d %s", separator, row.Messages, row)
		separator = "; "
	}
	if s.ignored > 0 {
		detail += fmt.Sprintf("; %d match ignore", s.ignored)
	}
	general := c.Config.Scopes[""]
	line := report.Only(general.OnlyNames(), general.Inside, rows)
	worth := func(row report.UncountedRow) bool { return c.worth(row, arrivals) }
	if line == "" || !slices.ContainsFunc(rows, worth) {
		return pass(name, "%s", detail)
	}
	return warn(name, "These never cause an alert. If they come from your own users, count them in exiwatch's "+
		"configuration:\n    [count]\n    "+line, "%s", detail)
}

// worth reports whether a row is worth a warning: own users send such mail, or one network sends more than incoming
// mail would explain.
func (c *checks) worth(row report.UncountedRow, arrivals int64) bool {
	switch row.Class {
	case report.ClassAuthenticated, report.ClassLocal, report.ClassLoopback:
		return true
	case report.ClassRelayed:
		network, err := netip.ParsePrefix(row.Network)
		inside := err == nil && network.Addr().IsPrivate()
		return inside || row.Messages > c.Config.LowestLimit() && share(row.Messages, arrivals) >= standingOut
	}
	return false
}

// posts names senders over loopback that look like mailing lists, or that send far more than a limit allows.
func (c *checks) posts(s *sample) []Result {
	limit := c.Config.LowestLimit()
	var patterns, found []string
	for _, row := range s.posting.Top(0, report.Messages) {
		isList := strings.Contains(row.Value, "*")
		if len(patterns) < maxRows && (isList && row.Messages >= fewListPosts || row.Messages > muchMore*limit) {
			patterns = append(patterns, row.Value)
			found = append(found, fmt.Sprintf("%d from %s", row.Messages, strings.TrimPrefix(row.Value, "sender:")))
		}
	}
	if patterns == nil {
		return nil
	}
	general := c.Config.Scopes[""]
	for i := range general.Ignore {
		patterns = append(patterns, general.Ignore[i].String())
	}
	return warn("loopback", "If a list manager or another program that you know sends these, ignore them in "+
		"exiwatch's configuration:\n    [count]\n    "+strings.Replace(report.OnlyLine(patterns), "only", "ignore", 1)+
		"\nMail with such an envelope sender then never counts, however it is sent.",
		"%s over loopback without a login: %s", words.Plain(s.posts, "arrival"), strings.Join(found, ", "))
}

// An address that a pattern can contain: none of its characters is special in a pattern or in TOML. Anybody can write
// other addresses into a log.
var plainAddress = regexp.MustCompile(`^([0-9a-z._=+/-]+)@([0-9a-z.-]+)$`)

// The local parts of list managers' envelope senders, in lower case, each with a pattern for all of a list server.
var listSenders = []struct {
	local *regexp.Regexp
	glob  string
}{
	{regexp.MustCompile(`.-bounces([+-]|$)`), "*-bounces*"},  // Mailman
	{regexp.MustCompile(`^owner-.`), "owner-*"},              // majordomo
	{regexp.MustCompile(`.-owner$`), "*-owner"},              // Sympa
	{regexp.MustCompile(`.-return-[0-9]`), "*-return-*"},     // ezmlm
	{regexp.MustCompile(`.\+bounces?([+-]|$)`), "*+bounce*"}, // mlmmj
	{regexp.MustCompile(`^bounces?([+_-]|$)`), "bounce*"},    // newsletters
}

// verp is a variable envelope return path: the sender contains a recipient, with = for @.
var verp = regexp.MustCompile(`^([0-9a-z._-]+)\+.+=.+$`)

// posting is the pattern of ignore for an envelope sender's mail. It covers all posts of a list server if the sender
// looks like one, else this sender alone. It is "" if no pattern is possible.
func posting(sender []byte) string {
	parts := plainAddress.FindStringSubmatch(strings.ToLower(string(sender)))
	if parts == nil {
		return ""
	}
	local, domain := parts[1], parts[2]
	for _, list := range listSenders {
		if list.local.MatchString(local) {
			return "sender:" + list.glob + "@" + domain
		}
	}
	if path := verp.FindStringSubmatch(local); path != nil {
		return "sender:" + path[1] + "+*=*@" + domain
	}
	return "sender:" + local + "@" + domain
}
