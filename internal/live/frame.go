package live

import (
	"fmt"
	"strings"
	"time"
)

// The least that the view needs.
const (
	minWidth  = 80
	minHeight = 24
)

// frame draws the whole screen, as many lines as there are and none wider than it is.
func (m *model) frame() string {
	if m.width < minWidth || m.height < minHeight {
		return cut(fmt.Sprintf("exiwatch live needs %d×%d, this is %d×%d", minWidth, minHeight, m.width, m.height),
			m.width) + "\n" + cut("q: quit", m.width)
	}
	lines := []string{m.styles.title.Render(m.header())}
	room := m.height - 2
	switch {
	case m.help:
		lines = append(lines, helpLines(m.width)...)
	case m.answer == nil:
		lines = append(lines, "", " reading the log …")
	case m.answer.detail != nil:
		lines = append(lines, m.detailPage(room)...)
	default:
		lines = append(lines, m.rankingPage()...)
	}
	lines = lines[:min(len(lines), room+1)]
	for len(lines) < room+1 {
		lines = append(lines, "")
	}
	return strings.Join(append(lines, m.footer()), "\n")
}

// header is the first line: the log, its last arrival, and how many come.
func (m *model) header() string {
	left := " exiwatch live  "
	var facts []string
	if a := m.answer; a != nil {
		switch {
		case a.last.IsZero():
			facts = append(facts, "no arrival yet")
		case m.frozen != nil:
			facts = append(facts, "FROZEN at "+clockText(time.Unix(m.frozen.now, 0).In(a.last.Location()), a.last))
		default:
			facts = append(facts, a.last.Format(time.TimeOnly))
		}
		if lag := m.lag(); lag != "" {
			facts = append(facts, lag)
		}
		perMinute := a.perMinute
		if m.quiet() {
			perMinute = 0
		}
		facts = append(facts, number(perMinute)+" arrivals/min", plural(int64(a.incidents), "open incident"))
	}
	text := strings.Join(facts, "  ") + " "
	log := cutFront(clean(m.log, m.width), m.width-widthOf(left)-widthOf(text)-1)
	return left + log + right(text, m.width-widthOf(left)-widthOf(log))
}

// The header doesn't show shorter times.
const (
	behindFrom = 5 * time.Second
	quietFrom  = time.Minute
)

// quiet tells whether all was read, and the last arrival is a minute old.
func (m *model) quiet() bool {
	a := m.answer
	return a.share >= 1 && !a.last.IsZero() && m.frozen == nil && a.behind == 0 && m.now.Sub(a.last) >= quietFrom
}

// lag says how far the screen is behind, or how long the log has been quiet.
func (m *model) lag() string {
	a := m.answer
	switch {
	case a.share < 1 || a.last.IsZero() || m.frozen != nil:
		return ""
	case a.behind >= behindFrom:
		return roughly(a.behind) + " behind"
	case m.quiet():
		return "quiet for " + roughly(m.now.Sub(a.last))
	}
	return ""
}

// footer shows the keys, the filter being typed, or a problem.
func (m *model) footer() string {
	switch {
	case m.typing:
		return cut("filter: "+clean(m.typed, m.width), m.width-1) + "█"
	case m.problem != "":
		return m.styles.near.Render(cut("! "+clean(m.problem, m.width), m.width))
	case m.help:
		return m.styles.faint.Render("any key goes back")
	case m.query.open:
		return m.styles.faint.Render(cut("Esc back  ↑↓ scroll  w window  space freeze  q quit  ? help", m.width))
	}
	return m.styles.faint.Render(cut("q quit  Enter open  / filter  s sort  Tab key  w window  space freeze  ? help",
		m.width))
}

// progress says how much of the log has been read.
func (m *model) progress() string {
	const cells = 20
	return fmt.Sprintf(" reading the log so far  [%s] %3.0f%%", bar(int64(m.answer.share*1000), 1000, cells),
		100*m.answer.share)
}
