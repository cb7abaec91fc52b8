package live

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The least that the view needs, and from which width on it has all columns.
const (
	minWidth  = 60
	minHeight = 20
	fullWidth = 80
)

// narrow tells whether the screen has no room for all columns.
func (m *model) narrow() bool { return m.width < fullWidth }

// frame draws the whole screen, as many lines as there are and none wider than it is.
func (m *model) frame() string {
	if m.width < minWidth || m.height < minHeight {
		return cut(fmt.Sprintf("exiwatch live needs %d×%d, this is %d×%d", minWidth, minHeight, m.width, m.height),
			m.width) + "\n" + cut("q: quit", m.width)
	}
	lines := []string{m.styles.title.Render(m.header())}
	room := m.height - 2
	switch {
	case m.page != nil:
		lines = append(lines, m.page.shown(m.width, room)...)
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
	left, rate := " exiwatch live  ", " arrivals/min"
	if m.narrow() {
		left, rate = " ", "/min"
	}
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
		facts = append(facts, number(perMinute)+rate, plural(int64(a.incidents), "open incident"))
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

// footer shows what is being typed, what became of a key, a problem, or the keys.
func (m *model) footer() string {
	switch {
	case m.form != nil:
		return m.form.line(m.width, m.caret())
	case m.typing:
		return cut("filter: "+clean(m.typed, m.width), m.width-1) + m.caret()
	case m.notice != "":
		return m.styles.heading.Render(cut(m.notice, m.width))
	case m.problem != "":
		return m.styles.near.Render(cut("! "+clean(m.problem, m.width), m.width))
	}
	return m.styles.faint.Render(m.hints())
}

// caret stands where the next character will be.
func (m *model) caret() string {
	if m.ascii {
		return "_"
	}
	return "█"
}

// hints are as many keys as there is room for, and ? in any case.
func (m *model) hints() string {
	keys := []string{"q quit", "Enter open", "/ filter", "s sort", "Tab key", "w window", "space freeze",
		"a except", "e export", "o page", "? help"}
	switch {
	case m.page != nil:
		keys = []string{"any key goes back", "↑↓ scroll"}
	case m.query.open:
		keys = []string{"Esc back", "↑↓ scroll", "w window", "space freeze", "q quit", "a except", "e export",
			"o page", "? help"}
	}
	text := strings.Join(keys, "  ")
	for last := len(keys) - 1; last > 0 && widthOf(text) > m.width; last-- {
		keys = slices.Delete(keys, last-1, last)
		text = strings.Join(keys, "  ")
	}
	return text
}

// progress says how much of the log has been read.
func (m *model) progress() string {
	const cells = 20
	return fmt.Sprintf(" reading the log so far  [%s] %3.0f%%", bar(int64(m.answer.share*1000), 1000, cells),
		100*m.answer.share)
}
