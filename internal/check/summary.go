package check

import (
	"context"
	"slices"
	"strings"

	"exiwatch/internal/summary"
)

// summaries shows when the next summary mail goes, of which days and to whom.
func (c *checks) summaries(context.Context) []Result {
	s := c.Config.Summary
	if s == nil {
		return nil
	}
	days, at := summary.Next(s, c.Now, c.Config.Zone)
	to := s.To
	if len(to) == 0 {
		to = slices.Concat(c.Config.Mail.To, c.Config.Mail.Cc)
	}
	return pass("summary", "next mail at %s, about %s, to %s", at.Format("2006-01-02 15:04 MST"), days,
		strings.Join(to, ", "))
}

// trial shows until when nobody is told.
func (c *checks) trial(context.Context) []Result {
	until := c.Config.Mail.TrialUntil
	if !until.After(c.Now) {
		return nil
	}
	days := summary.Trial(until.In(c.Config.Zone))
	return pass("trial", "until %s: alerts are counted and shown, but nobody is told; then a summary of %s is mailed",
		until.In(c.Config.Zone).Format("2006-01-02 15:04 MST"), days)
}
