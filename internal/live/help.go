package live

import "strings"

const helpText = `
  ↑ ↓ j k          one row up or down
  PgUp PgDn        one screen up or down
  Home End g G     the first row, the last one
  Enter            details: topics, hosts, senders, last arrivals, alerts
  Esc              go back; clear the filter
  Tab Shift+Tab    another key: account, sender, auth, user, host, network, topic …
  w W 1 2 3 4 5    another window: 1m 5m 15m 1h 1d
  s S              sort by the next column, or by
  m r b h l n      messages, recipients, bytes, hosts, last seen, name
  /                filter: a part of the value, or a glob with * and ?
  space            freeze the screen; counting goes on
  ?                this page
  q Ctrl+C         quit

  ▲  over its limit. A bar shows the count against the limit of the rule on this
     key and window; without such a rule, against the highest count.
  △  not over its limit any more, but with an alert still open.

  Windows are of log time. The ranking has what the rules count. "data from"
  means that the window has more arrivals than memory holds.`

// helpLines is the page of keys.
func helpLines(width int) []string {
	lines := strings.Split(helpText, "\n")
	for i, line := range lines {
		lines[i] = cut(line, width)
	}
	return lines
}
