package live

import "strings"

const helpText = `
  ↑ ↓ j k          one row up or down
  PgUp PgDn        one screen up or down
  Home End g G     the first row, the last one
  Enter            open a value: topics, hosts, senders, last arrivals, alerts
  Esc              go back; take the filter away
  Tab Shift+Tab    another key: account, sender, auth, user, host, network, topic …
  w W 1 2 3 4 5    another window: 1m 5m 15m 1h 1d
  s S              sort by the next column, or by
  m r b h l n      messages, recipients, bytes, hosts, last seen, name
  /                filter: a part of the value, or a glob with * and ?
  space            freeze the screen; the log is followed on
  ?                this page
  q Ctrl+C         quit

  ▲  is over its limit. Bars are drawn against the limit of the rule on this key
     and window; where there is none, against the highest.
  △  has an open alert though its count has fallen.

  Windows are of log time. What is ranked is what the rules count. Where it says
  "held from", the window has more arrivals than are kept.`

// helpLines is the page of keys.
func helpLines(width int) []string {
	lines := strings.Split(helpText, "\n")
	for i, line := range lines {
		lines[i] = cut(line, width)
	}
	return lines
}
