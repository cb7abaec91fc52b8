package live

import (
	"fmt"
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
	amountWidth   = 6 // of recipients and bytes
	hostsWidth    = 5
	lastWidth     = 8
	fixedWidth    = markWidth + messagesWidth + 1 + barWidth + 2*(1+amountWidth) + 1 + hostsWidth + 2 + lastWidth + 2

	minValue   = 40
	topicsFrom = fixedWidth + minValue + 2 + 20 // a screen as wide as this has room for topics
)

// rankingRows is how many rows fit on a screen beside the header, two lines above them, and the footer.
func rankingRows(height int) int { return max(height-4, 1) }

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
	text := strings.Repeat(" ", markWidth) + right(name(byMessages, "msgs"), messagesWidth) +
		strings.Repeat(" ", barWidth+1) +
		" " + right(name(byRecipients, "rcpts"), amountWidth) + " " + right(name(byBytes, "bytes"), amountWidth) +
		" " + right(name(byHosts, "hosts"), hostsWidth) + "  " + fit(name(byLast, "last"), lastWidth) + "  "
	value := name(byName, strings.ReplaceAll(m.answer.query.key.String(), "_", " "))
	if m.width < topicsFrom {
		return text + value
	}
	return text + fit(value, valueWidth(m.width)) + "  top topic"
}

// valueWidth is how wide the values are beside topics.
func valueWidth(width int) int { return max(minValue, (width-fixedWidth-2)/2) }

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
	rest := " " + right(number(l.recipients), amountWidth) + " " + right(size(l.bytes), amountWidth) + " " +
		right(number(l.hosts), hostsWidth) + "  " + fit(clockText(l.seen, m.answer.last), lastWidth) + "  "
	if m.width < topicsFrom {
		rest += fit(clean(l.value, m.width), m.width-fixedWidth)
	} else {
		value := valueWidth(m.width)
		rest += fit(clean(l.value, m.width), value) + "  " + fit(clean(l.topic, m.width), m.width-fixedWidth-value-2)
	}
	if cursor {
		return m.styles.cursor.Render(mark + ">" + left + drawn + rest)
	}
	style := m.styles.of(l)
	return style.Render(mark) + " " + left + style.Render(drawn) + rest
}
