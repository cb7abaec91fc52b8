package daemon

import (
	"bytes"
	"slices"
	"strings"

	"exiwatch/internal/fold"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// rekey updates the alerts of an old checkpoint, from before values were folded, so that nobody hears of them again. Of
// several that become one the first remains.
func (c *checkpoint) rekey() {
	if c.Folded {
		return
	}
	for _, p := range c.Logs {
		var alerts []pipeline.SavedAlert
		for _, s := range p.Alerts {
			s.Value = rekeyed(&s.SavedAlert)
			same := func(other pipeline.SavedAlert) bool {
				return other.Rule == s.Rule && bytes.Equal(other.Value, s.Value)
			}
			if !slices.ContainsFunc(alerts, same) {
				alerts = append(alerts, s)
			}
		}
		p.Alerts = alerts
	}
	c.Folded = true
}

// rekeyed returns the value of a saved alert as it is counted today. An account that no arrival of the alert has as its
// login or local user was an envelope sender.
func rekeyed(s *window.SavedAlert) []byte {
	key, _, _ := strings.Cut(s.Rule, " ")
	has := func(key window.Key) bool {
		return slices.ContainsFunc(s.ValueCounts, func(t window.SavedValues) bool {
			return t.Key == key.String() && len(t.Rows) > 0
		})
	}
	switch folded := fold.AppendName(nil, s.Value); {
	case key == window.Sender.String(), key == window.Auth.String():
		return folded
	case key != window.Account.String(), !has(window.Auth) && has(window.User),
		bytes.Equal(folded, pipeline.EmptySender):
		return s.Value
	case has(window.Auth):
		return folded
	default:
		return fold.AppendUnverified(nil, folded)
	}
}
