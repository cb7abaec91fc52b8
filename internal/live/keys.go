package live

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// keys are the keys of rankings, in the order of the Tab key. Those of a fleet end with window.LogHost.
var keys = []window.Key{
	window.Account, window.Sender, window.Auth, window.User, window.Host, window.Network, window.Topic,
	window.Subject, window.SenderDomain, window.AccountDomain,
}

// maxTyped is how long a filter may be.
const maxTyped = 100 // bytes

// orderKeys sort by a column.
var orderKeys = map[string]order{"m": byMessages, "r": byRecipients, "b": byBytes, "h": byHosts, "l": byLast,
	"n": byName}

// press handles a key.
func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	m.notice = ""
	switch {
	case key == "ctrl+c":
		return tea.Quit
	case key == "ctrl+z":
		return tea.Suspend
	case m.form != nil:
		return m.pressInForm(key, msg.Text)
	case m.typing:
		return m.typeKey(key, msg.Text)
	case key == "q":
		return tea.Quit
	case m.page != nil:
		if !m.page.press(key) {
			m.page = nil
		}
		return nil
	}
	switch key {
	case "?", "f1":
		m.page = &textPage{text: helpText}
	case "space":
		return m.freeze()
	case "w":
		return m.window(+1)
	case "W", "shift+w":
		return m.window(-1)
	case "1", "2", "3", "4", "5":
		m.query.window = m.windows[key[0]-'1']
		return m.askNow()
	case "e", "E", "shift+e", "a", "o":
		return m.act(key)
	default:
		if m.query.open {
			return m.pressInDetail(key)
		}
		return m.pressInRanking(key)
	}
	return nil
}

// act handles the keys whose effect is elsewhere.
func (m *model) act(key string) tea.Cmd {
	switch key {
	case "e":
		return m.export(exportCSV)
	case "a":
		return m.except()
	case "o":
		open := m.actions.Open
		return func() tea.Msg { return said(open()) }
	}
	return m.export(exportJSON)
}

func (m *model) pressInRanking(key string) tea.Cmd {
	q := &m.query
	switch key {
	case "/":
		m.typing, m.typed = true, q.filter
		return nil
	case "enter":
		if m.answer == nil || q.value == "" && m.answer.values == 0 {
			return nil
		}
		q.open, q.follow, m.scroll = true, true, 0
		return m.askNow()
	case "esc":
		return m.filter("")
	case "tab":
		return m.rank(+1)
	case "shift+tab":
		return m.rank(-1)
	case "s":
		return m.sort((q.order + 1) % numOrders)
	case "S", "shift+s":
		return m.sort((q.order + numOrders - 1) % numOrders)
	}
	if order, ok := orderKeys[key]; ok {
		return m.sort(order)
	}
	if to, ok := moved(key, q.index, q.rows, m.last()); ok {
		q.index = to
		q.follow = false
		return m.cursor()
	}
	return nil
}

// last is the index of the last row.
func (m *model) last() int {
	if m.answer == nil {
		return 0
	}
	return max(m.answer.values-1, 0)
}

// cursor moves to query.index. It then follows the value there, except at the top.
func (m *model) cursor() tea.Cmd {
	q := &m.query
	if a := m.answer; a != nil && a.detail == nil {
		if i := q.index - a.query.top; i >= 0 && i < len(a.rows) {
			q.value, q.follow = a.rows[i].value, q.index > 0
			shown := *a // at once, without an answer
			shown.query.index = q.index
			m.answer = &shown
		}
	}
	return m.askNow()
}

func (m *model) pressInDetail(key string) tea.Cmd {
	switch key {
	case "esc", "enter", "backspace", "left":
		m.query.open = false
		m.query.follow = m.query.index > 0
		return m.askNow()
	}
	if to, ok := moved(key, m.scroll, m.query.rows-2, 1<<20); ok {
		m.scroll = to // detailPage bounds it
	}
	return nil
}

// moved says where a key moves from a row. page is how many rows fit on the screen.
func moved(key string, from, page, last int) (to int, ok bool) {
	switch key {
	case "up", "k":
		from--
	case "down", "j":
		from++
	case "pgup", "ctrl+b":
		from -= page
	case "pgdown", "ctrl+f":
		from += page
	case "home", "g":
		from = 0
	case "end", "G", "shift+g":
		from = last
	default:
		return from, false
	}
	return max(min(from, last), 0), true
}

// freeze freezes the screen, or resumes.
func (m *model) freeze() tea.Cmd {
	if m.frozen != nil {
		m.frozen = nil
		return m.askNow()
	}
	if m.answer != nil {
		m.frozen = new(m.answer.asOf)
	}
	return nil
}

// next is the choice after one, or before it: step is -1.
func next[T comparable](all []T, at T, step int) T {
	return all[(slices.Index(all, at)+step+len(all))%len(all)]
}

func (m *model) window(step int) tea.Cmd {
	m.query.window = next(slices.Sorted(slices.Values(m.windows)), m.query.window, step)
	return m.askNow()
}

// rank ranks another key, from its top.
func (m *model) rank(step int) tea.Cmd {
	m.query.key, m.query.filter = next(m.keys, m.query.key, step), ""
	m.toTop()
	return m.askNow()
}

func (m *model) sort(o order) tea.Cmd {
	m.query.order = o
	return m.askNow()
}

func (m *model) filter(text string) tea.Cmd {
	if len(text) > maxTyped {
		return nil
	}
	m.query.filter, m.typed = text, text
	m.toTop()
	return m.askNow()
}

func (m *model) toTop() { m.query.index, m.query.top, m.query.value, m.query.follow = 0, 0, "", false }

// typeKey handles a key while a filter is typed. The filter takes effect at once.
func (m *model) typeKey(key, text string) tea.Cmd {
	switch key {
	case "enter":
		m.typing = false
		return nil
	case "esc":
		m.typing = false
		return m.filter("")
	}
	return m.filter(edited(m.typed, key, text))
}

// edited is a line after a key that types text or edits the line's end.
func edited(line, key, text string) string {
	switch key {
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(line)
		return line[:len(line)-n]
	case "ctrl+u":
		return ""
	}
	return line + strings.ToValidUTF8(text, "")
}

// longest is the longest window to choose from.
func (m *model) longest() time.Duration { return slices.Max(m.windows) }

const helpText = `
  ↑ ↓ j k   PgUp PgDn   Home End g G   move; the wheel, too
  Enter           an account's details; a click chooses it
  Esc             go back; clear the filter
  Tab Shift+Tab   another key: sender, host, topic, …
  w W 1 2 3 4 5   another window: 1m 5m 15m 1h 1d
  s S             sort by the next column, or by
  m r b h l n     messages recipients bytes hosts last name
  /               filter: a part of the value, or a glob
  space           freeze the screen; counting goes on
  a               add an exception for the chosen account
  e E             export what is shown to a file: CSV, JSON
  o               the live page: how to open it
  q Ctrl+C        quit

  ▲  over its limit: the rule's on this key and window.
     Without one, bars are against the highest count.
  △  not over its limit any more, but with an open alert.

  Windows are of log time. The ranking has what the rules
  count. "data from": memory holds no more of the window.
  Shift with the mouse selects text.`
