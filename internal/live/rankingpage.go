package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// Widths of the ranking's columns, in cells.
const (
	markWidth     = 2
	messagesWidth = 7
	barWidth      = 8
	lastWidth     = 8
	leftWidth     = markWidth + messagesWidth + 1 + barWidth

	minValue = 40
	minTopic = 20
)

// A column is one of those between the bar and the value.
type column struct {
	order order
	name  string
	width int
	text  func(l *rankingRow, now time.Time) string
}

var columns = []column{
	{byRecipients, "rcpts", 7, func(l *rankingRow, _ time.Time) string { return number(l.recipients) }},
	{byBytes, "bytes", 7, func(l *rankingRow, _ time.Time) string { return size(l.bytes) }},
	{byHosts, "hosts", 6, func(l *rankingRow, _ time.Time) string { return number(l.hosts) }},
	{byLast, "last    ", 2 + lastWidth, func(l *rankingRow, now time.Time) string { return clockText(l.seen, now) }},
}

// columns are those that there is room for. A narrow screen has only the one that it is sorted by.
func (m *model) columns() []column {
	if !m.narrow() {
		return columns
	}
	i := slices.IndexFunc(columns, func(c column) bool { return c.order == m.answer.query.order })
	if i < 0 {
		return nil
	}
	return columns[i : i+1]
}

// fixedWidth is how much the columns and what is left of them take.
func fixedWidth(columns []column) int {
	width := leftWidth + 2
	for _, c := range columns {
		width += c.width
	}
	return width
}

// topicsFrom is how wide a screen with room for topics is.
func topicsFrom() int { return fixedWidth(columns) + minValue + 2 + minTopic }

// rankingTop is how many lines are above the first row: the header, the title and the headings.
const rankingTop = 3

// rankingRows is how many rows fit on a screen, above the footer.
func rankingRows(height int) int { return max(height-rankingTop-1, 1) }

// rankingPage is the ranking without header and footer.
func (m *model) rankingPage() []string {
	a := m.answer
	lines := []string{m.rankingTitle(), m.styles.heading.Render(m.columnHeadings())}
	for i := range a.rows {
		lines = append(lines, m.row(&a.rows[i], a.query.top+i == a.query.index))
	}
	if len(a.rows) == 0 && a.share >= 1 {
		what := "no counted message arrived in this window"
		if a.query.filter != "" {
			what = "no value matches the filter"
		}
		lines = append(lines, "", "  "+what)
	}
	return lines
}

// rankingTitle says what the ranking shows.
func (m *model) rankingTitle() string {
	a := m.answer
	if a.share < 1 {
		return m.progress()
	}
	q := &a.query
	text := fmt.Sprintf(" %s in %s by %s", words.Noun(2, words.Key(q.key.String())),
		window.FormatWindow(q.window), q.order)
	if a.rule != nil {
		text += fmt.Sprintf(", limit %s %s", amount(q.order, a.rule.Limit), a.rule.Count)
	} else {
		text += ", no limit"
	}
	if q.filter != "" {
		text += ", filter " + clean(q.filter, m.width)
	}
	if !a.missing.IsZero() {
		text += fmt.Sprintf(", data from %s on", a.missing.Format(time.TimeOnly))
	}
	place := ""
	if a.values > 0 {
		place = fmt.Sprintf("  %d-%d of %d ", q.top+1, q.top+len(a.rows), a.values)
	}
	return fit(text, m.width-len(place)) + place
}

// columnHeadings are the headings. The column of the order is in capitals.
func (m *model) columnHeadings() string {
	name := func(o order, text string) string {
		if m.answer.query.order == o {
			return strings.ToUpper(text)
		}
		return text
	}
	text := right(name(byMessages, "msgs"), markWidth+messagesWidth) + strings.Repeat(" ", 1+barWidth)
	for _, c := range m.columns() {
		text += right(name(c.order, c.name), c.width)
	}
	value := name(byName, strings.ReplaceAll(m.answer.query.key.String(), "_", " "))
	if m.width < topicsFrom() {
		return text + "  " + value
	}
	return text + "  " + fit(value, valueWidth(m.width)) + "  top topic"
}

// valueWidth is how wide the values are beside topics.
func valueWidth(width int) int { return max(minValue, (width-fixedWidth(columns)-2)/2) }

func (m *model) row(l *rankingRow, cursor bool) string {
	mark := " "
	switch {
	case l.over():
		mark = "▲"
	case l.alert:
		mark = "△"
	}
	left := right(number(l.messages), messagesWidth) + " "
	drawn := bar(l.measure, m.answer.most, barWidth)
	if l.limit > 0 {
		drawn = limitBar(l.measure, l.limit, barWidth)
	}
	rest, shown := "", m.columns()
	for _, c := range shown {
		rest += right(c.text(l, m.answer.last), c.width)
	}
	rest += "  "
	if room := m.width - fixedWidth(shown); m.width < topicsFrom() {
		rest += fit(clean(l.value, m.width), room)
	} else {
		value := valueWidth(m.width)
		rest += fit(clean(l.value, m.width), value) + "  " + fit(clean(l.topic, m.width), room-value-2)
	}
	if cursor {
		return m.styles.cursor.Render(mark + ">" + left + drawn + rest)
	}
	style := m.styles.of(l)
	return style.Render(mark) + " " + left + style.Render(drawn) + rest
}
