package live

import (
	"slices"
	"strconv"
	"strings"

	"exiwatch/mailer"
	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// An exceptForm asks for what an exception needs, one field at a time.
type exceptForm struct {
	account string
	fields  []formField
	at      int
}

// A formField is a line that is typed, over a default.
type formField struct{ name, text string }

// accountKeys are the keys whose values an exception is for.
var accountKeys = []window.Key{window.Account, window.Auth, window.User}

// except asks for an exception for the chosen account.
func (m *model) except() tea.Cmd {
	q := &m.query
	switch {
	case m.answer == nil || q.value == "":
	case !slices.Contains(accountKeys, q.key):
		m.say("An exception is for an account: Tab leads to them.")
	case strings.ContainsAny(q.value, "*?"):
		m.say("An exception would take the * or ? in this name for any text: none is added.")
	default:
		m.form = &exceptForm{account: q.value, fields: []formField{
			{"limit", strconv.FormatInt(mailer.HigherLimit(m.needed()), 10)},
			{"until (2027-01-31, 30d, 12h)", "30d"},
			{"reason", "added in exiwatch live"},
		}}
	}
	return nil
}

// needed is what an exception for the chosen account must allow: what it sent, and more than any rule's limit.
func (m *model) needed() (n int64) {
	for i := range m.rules {
		if r := &m.rules[i]; slices.Contains(accountKeys, r.Key) && r.Count == window.Messages {
			n = max(n, r.Limit)
		}
	}
	if d := m.answer.detail; d != nil {
		return max(n, d.row.messages)
	}
	for i := range m.answer.rows {
		if l := &m.answer.rows[i]; l.value == m.query.value {
			n = max(n, l.messages)
		}
	}
	return n
}

// pressInForm handles a key while the form is filled in. Enter leads to the next field, and from the last one on.
func (m *model) pressInForm(key, text string) tea.Cmd {
	f := m.form
	switch key {
	case "esc":
		m.form = nil
		return nil
	case "up", "shift+tab":
		f.at = max(f.at-1, 0)
		return nil
	case "enter", "down", "tab":
	default:
		f.set(edited(f.fields[f.at].text, key, text))
		return nil
	}
	if f.at++; f.at < len(f.fields) {
		return nil
	}
	m.form = nil
	add := m.actions.Except
	return func() tea.Msg { return said(add(f.account, f.fields[0].text, f.fields[1].text, f.fields[2].text)) }
}

// set changes the field that is being typed.
func (f *exceptForm) set(text string) {
	if len(text) <= maxTyped {
		f.fields[f.at].text = text
	}
}

// line is the form on the screen.
func (f *exceptForm) line(width int, caret string) string {
	const keys = "  Enter: on, Esc: leave"
	field := f.fields[f.at]
	left := "except " + cut(clean(f.account, width), width/3) + ", " + field.name + ": "
	line := left + cutFront(clean(field.text, width), width-widthOf(left)-1) + caret
	if widthOf(line+keys) <= width {
		line += keys
	}
	return line
}

// paste adds a text from the clipboard to what is being typed.
func (m *model) paste(text string) tea.Cmd {
	switch {
	case m.form != nil:
		f := m.form
		f.set(edited(f.fields[f.at].text, "", text))
	case m.typing:
		return m.filter(m.typed + text)
	}
	return nil
}
