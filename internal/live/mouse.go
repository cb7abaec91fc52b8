package live

import tea "charm.land/bubbletea/v2"

// wheelRows is how many rows the wheel moves at a time.
const wheelRows = 3

// wheel scrolls, as so many presses of an arrow key.
func (m *model) wheel(button tea.MouseButton) tea.Cmd {
	key := tea.KeyPressMsg{Code: tea.KeyDown}
	switch button {
	case tea.MouseWheelDown:
	case tea.MouseWheelUp:
		key.Code = tea.KeyUp
	default:
		return nil
	}
	switch {
	case m.form != nil || m.typing:
		return nil
	case m.page != nil:
		for range wheelRows {
			m.page.press(key.String())
		}
		return nil
	}
	var cmds []tea.Cmd
	for range wheelRows {
		cmds = append(cmds, m.press(key))
	}
	return tea.Batch(cmds...)
}

// click chooses the row of the ranking at a line of the screen.
func (m *model) click(line int) tea.Cmd {
	a := m.answer
	row := line - rankingTop
	if m.page != nil || m.form != nil || m.typing || a == nil || a.detail != nil || row < 0 || row >= len(a.rows) {
		return nil
	}
	m.query.index = a.query.top + row
	return m.cursor()
}
