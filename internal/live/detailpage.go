package live

import (
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
		lines = append(lines, m.incidentText(&incident)...)
		if incident.silenced != "" {
			lines = append(lines, cut("   updates are held: "+clean(incident.silenced, m.width), m.width))
		}
		lines = append(lines, outcomeLines(&incident.outcome, m.width)...)
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
	abreast := 2
	if m.narrow() {
		abreast = 1
	}
	for row := range slices.Chunk(pairs, abreast) {
		lines = append(lines, m.abreast(row, m.width/abreast, d.row.messages)...)
	}
	lines = append(lines, "", m.styles.heading.Render(" Last arrivals"))
	for _, arrival := range d.arrivals {
		lines = append(lines, arrival.text(a.last, m.width, m.narrow()))
	}
	if len(d.arrivals) == 0 {
		lines = append(lines, "  none in this window")
	}
	return lines
}

// standing writes a value's counts in the window, and its limit.
func (m *model) standing(l *rankingRow) string {
	text := fmt.Sprintf("%s in %s", plural(l.messages, "message"), window.FormatWindow(m.answer.query.window))
	if !m.narrow() {
		text += ", " + plural(l.recipients, "recipient")
	}
	text += fmt.Sprintf(", %sB, %s", size(l.bytes), plural(l.hosts, "host"))
	if l.limit == 0 {
		return text
	}
	text += ", limit " + amount(m.answer.query.order, l.limit) + " " + m.answer.rule.Count.String()
	if l.over() {
		return "▲ " + text
	}
	return text
}

// abreast puts sections side by side, each into a width.
func (m *model) abreast(sections []section, column int, messages int64) []string {
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

// incidentText is one line, or two on a narrow screen: that of the incident's worst alert.
func (m *model) incidentText(incident *incidentRow) []string {
	now, width, alerts, a := m.answer.last, m.width, incident.alerts, incident.worst
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
	head := fmt.Sprintf(" %s %s, %s: ", what, since, clean(a.Rule.Name, width))
	rest := fmt.Sprintf("%s, peak %s, limit %s %s", plural(a.Messages, "message"), number(a.Peak), number(a.Limit),
		a.Rule.Count)
	if m.narrow() {
		return []string{cut(head, width), cut("   "+rest, width)}
	}
	return []string{cut(head+rest, width)}
}

// text is one line. A narrow screen has no room for the message id.
func (a *recentMessage) text(now time.Time, width int, narrow bool) string {
	recipients := ""
	if a.recipients > 1 {
		recipients = " to " + number(a.recipients)
	}
	id := clean(a.messageID, width) + "  "
	if narrow {
		id = ""
	}
	return cut(fmt.Sprintf("  %s  %s%s %sB  %s", fit(clockText(a.at, now), lastWidth), id,
		fit(clean(a.host, width), 15), right(size(a.bytes), 4), clean(a.subject, width)+recipients), width)
}
