package live

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// detailPage shows one value: its name and counts, and below as many lines as fit, from the scroll position on.
func (m *model) detailPage(room int) []string {
	l, q := &m.answer.detail.row, &m.answer.query
	lines := []string{
		m.styles.heading.Render(cut(" "+strings.ReplaceAll(q.key.String(), "_", " ")+" "+clean(q.value, m.width),
			m.width)),
		m.styles.of(l).Render(cut(" "+m.standing(l), m.width)),
	}
	room -= len(lines)
	all := m.detailLines()
	m.scroll = max(min(m.scroll, len(all)-room), 0)
	all = all[m.scroll:]
	if len(all) > room {
		all = append(all[:room-1], m.styles.faint.Render(fmt.Sprintf("  … %d more lines", len(all)-room+1)))
	}
	return append(lines, all...)
}

// shareRows is how many rows a section shows if two are side by side.
const shareRows = 5

func (m *model) detailLines() []string {
	a := m.answer
	d := a.detail
	var lines []string
	for _, incident := range d.incidents {
		lines = append(lines, incidentText(incident.alerts, a.last, m.width))
		if incident.silenced != "" {
			lines = append(lines, cut("   updates are held: "+clean(incident.silenced, m.width), m.width))
		}
	}
	var pairs []section
	for _, section := range d.sections {
		if section.key != window.Topic {
			pairs = append(pairs, section)
			continue
		}
		lines = append(lines, "", m.styles.heading.Render(" Topics"))
		if !d.subjects {
			lines = append(lines, "  subjects are not logged: add +subject to Exim's log_selector")
			continue
		}
		lines = append(lines, section.lines(maxShares, d.row.messages, m.width)...)
	}
	for pair := range slices.Chunk(pairs, 2) {
		lines = append(lines, m.pair(pair, d.row.messages)...)
	}
	lines = append(lines, "", m.styles.heading.Render(" Last arrivals"))
	for _, arrival := range d.arrivals {
		lines = append(lines, arrival.text(a.last, m.width))
	}
	if len(d.arrivals) == 0 {
		lines = append(lines, "  none in this window")
	}
	return lines
}

// standing writes a value's counts in the window, and its limit.
func (m *model) standing(l *rankingRow) string {
	text := fmt.Sprintf("%s in %s", plural(l.messages, "message"), window.FormatWindow(m.answer.query.window))
	text += fmt.Sprintf(", %s, %sB, %s", plural(l.recipients, "recipient"), size(l.bytes), plural(l.hosts, "host"))
	if l.limit == 0 {
		return text
	}
	text += ", limit " + amount(m.answer.query.order, l.limit) + " " + m.answer.rule.Count.String()
	if l.over() {
		return "▲ " + text
	}
	return text
}

// pair puts two sections side by side.
func (m *model) pair(sections []section, messages int64) []string {
	column := m.width / 2
	title, rows := "", make([]string, 0, shareRows+1)
	for i, s := range sections {
		title += fit(" "+words.Heading(s.key.String()), column)
		for n, text := range s.lines(shareRows, messages, column-1) {
			if n == len(rows) {
				rows = append(rows, strings.Repeat(" ", i*column))
			}
			rows[n] += fit(text, column)
		}
		for n := range rows {
			rows[n] = fit(rows[n], (i+1)*column)
		}
	}
	return append([]string{"", m.styles.heading.Render(title)}, rows...)
}

// lines are the first rows of a section.
func (s *section) lines(rows int, messages int64, width int) (lines []string) {
	for _, r := range s.rows[:min(rows, len(s.rows))] {
		text := fmt.Sprintf("%s %4s  ", right(number(r.messages), 7), words.Percent(r.messages, messages))
		similar := ""
		if r.subjects > 1 {
			similar = fmt.Sprintf(" (%s subjects)", number(int64(r.subjects)))
		}
		lines = append(lines, text+cut(clean(r.value, width), width-widthOf(text)-widthOf(similar))+similar)
	}
	if more := s.more + len(s.rows) - len(lines); more > 0 {
		lines = append(lines, cut(fmt.Sprintf("%14sand %d more", "", more), width))
	}
	if len(lines) == 0 {
		lines = append(lines, "  none logged")
	}
	return lines
}

// incidentText is one line: that of the incident's alert that went furthest over its limit.
func incidentText(alerts []*window.Alert, now time.Time, width int) string {
	over := func(a *window.Alert) float64 { return float64(a.Peak) / float64(max(a.Limit, 1)) }
	a := slices.MaxFunc(alerts, func(a, b *window.Alert) int { return cmp.Compare(over(a), over(b)) })
	opened, ended, what := alerts[len(alerts)-1].Opened, alerts[0].Ended, "alert"
	for _, other := range alerts {
		if other.Ended.IsZero() || !ended.IsZero() && other.Ended.After(ended) {
			ended = other.Ended
		}
	}
	if n := len(alerts); n > 1 {
		what = fmt.Sprintf("%d alerts", n)
	}
	since := "since " + clockText(opened, now)
	if !ended.IsZero() {
		since = clockText(opened, now) + " to " + clockText(ended, now)
	}
	return cut(fmt.Sprintf(" %s %s, %s: %s, peak %s, limit %s %s", what, since, clean(a.Rule.Name, width),
		plural(a.Messages, "message"), number(a.Peak), number(a.Limit), a.Rule.Count), width)
}

func (a *recentMessage) text(now time.Time, width int) string {
	recipients := ""
	if a.recipients > 1 {
		recipients = " to " + number(a.recipients)
	}
	return cut(fmt.Sprintf("  %s  %s  %s %sB  %s", fit(clockText(a.at, now), lastWidth), clean(a.messageID, width),
		fit(clean(a.host, width), 15), right(size(a.bytes), 4), clean(a.subject, width)+recipients), width)
}
