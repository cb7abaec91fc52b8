package live

import (
	"exiwatch/window"

	"charm.land/lipgloss/v2"
)

// Styles are how things stand out. Whatever a colour says is said by a symbol or a word, too.
type styles struct {
	title, heading, cursor, faint lipgloss.Style
	over, near, bar               lipgloss.Style
}

// newStyles makes styles in the terminal's own sixteen colours, or without any.
func newStyles(colour bool) styles {
	plain := lipgloss.NewStyle()
	s := styles{
		title: plain.Reverse(true), heading: plain.Bold(true), cursor: plain.Reverse(true), faint: plain,
		over: plain.Bold(true), near: plain, bar: plain,
	}
	if colour {
		s.faint = plain.Faint(true)
		s.over = plain.Bold(true).Foreground(lipgloss.Red)
		s.near = plain.Foreground(lipgloss.Yellow)
		s.bar = plain.Foreground(lipgloss.Cyan)
	}
	return s
}

// of is the style of an amount against its limit.
func (s *styles) of(l *rankingRow) lipgloss.Style {
	switch l.distance() {
	case window.Over:
		return s.over
	case window.Near:
		return s.near
	}
	return s.bar
}
