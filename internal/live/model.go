package live

import (
	"slices"
	"time"

	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// A model is the screen's state. Only Update changes it.
type model struct {
	log     string
	windows []time.Duration // to choose from
	keys    []window.Key    // likewise
	styles  styles
	ascii   bool
	rules   []window.Rule
	actions Actions
	ask     func(query) *answer // answers; nil when the view ends
	wait    func() bool         // returns when something was read; false when the view ends

	width, height int
	query         query
	answer        *answer // the last answer; nil: none yet
	now           time.Time
	problem       string // with following the log
	problemAt     time.Time

	asking, again bool // waiting for an answer; and for another one after it
	waiting       bool // for the log to be read on
	frozen        *asOf
	page          *textPage   // shown in place of everything; nil: none
	form          *exceptForm // being filled in; nil: none
	notice        string      // what became of the last key
	typing        bool
	typed         string
	scroll        int // of an account's page
}

// Messages to the model besides keys.
type (
	answered struct{ answer *answer }
	updated  struct{} // the log was read on
	ticked   time.Time
	problem  string
	said     string // what an action says
)

// Bounds on how often things happen.
const (
	pace     = 500 * time.Millisecond // between answers without a key
	paceCost = 10                     // times the duration of the last answer, if that is longer
	tick     = 10 * time.Second       // of the wall clock on the screen

	problemShown = 30 * time.Second // at least
)

func newModel(v *View, now time.Time) *model {
	m := &model{log: v.Log, styles: newStyles(v.Colour), ascii: v.ASCII, rules: v.Config.Rules, actions: v.Actions,
		now: now, windows: []time.Duration{
			time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour,
		}}
	if !slices.Contains(m.windows, v.Window) {
		m.windows = append(m.windows, v.Window)
	}
	if m.keys = keys; v.Fleet != nil {
		m.keys = append(slices.Clone(keys), window.LogHost)
	}
	m.query = query{key: v.Key, window: v.Window, rows: 1}
	return m
}

// Init starts the clock. The first query waits for the screen's size.
func (m *model) Init() tea.Cmd { return later() }

func later() tea.Cmd { return tea.Tick(tick, func(t time.Time) tea.Msg { return ticked(t) }) }

// Update takes one message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.query.rows, m.query.topics = rankingRows(msg.Height), msg.Width >= topicsFrom()
		return m, m.askNow()
	case answered:
		return m, m.show(msg.answer)
	case updated:
		m.waiting = false
		if m.frozen != nil {
			return m, nil // asked when the freeze ends
		}
		return m, m.askNow()
	case ticked:
		m.now = time.Time(msg)
		return m, later()
	case problem:
		m.problem, m.problemAt = string(msg), time.Now()
	case said:
		m.say(string(msg))
	case tea.PasteMsg:
		return m, m.paste(msg.Content)
	case tea.MouseWheelMsg:
		return m, m.wheel(msg.Button)
	case tea.MouseClickMsg:
		return m, m.click(msg.Y)
	case tea.KeyPressMsg:
		return m, m.press(msg)
	}
	return m, nil
}

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen, v.MouseMode = true, tea.MouseModeCellMotion
	if m.width > 0 {
		v.SetContent(m.text(m.frame()))
	}
	return v
}

// text is what the terminal can show of a clean text.
func (m *model) text(s string) string {
	if m.ascii {
		return ascii(s)
	}
	return s
}

// askNow asks the current query. Only one is asked at a time.
func (m *model) askNow() tea.Cmd {
	if m.asking {
		m.again = true
		return nil
	}
	m.asking, m.again = true, false
	q, ask := m.query, m.ask
	q.frozen = m.frozen
	return func() tea.Msg {
		if s := ask(q); s != nil {
			return answered{s}
		}
		return nil
	}
}

// show shows an answer, unless the query has changed meanwhile, and waits until the log is read on.
func (m *model) show(a *answer) tea.Cmd {
	m.asking = false
	if m.now = a.at; m.now.Sub(m.problemAt) > problemShown {
		m.problem = "" // something was read since
	}
	var cmds []tea.Cmd
	if m.again {
		cmds = append(cmds, m.askNow())
	}
	if a.query.open == m.query.open && a.query.key == m.query.key {
		m.answer = a
		if !m.again && !m.asking {
			m.query.index, m.query.top, m.query.value = a.query.index, a.query.top, a.query.value
		}
	}
	if !m.waiting {
		m.waiting = true
		wait, rest := m.wait, max(pace, paceCost*a.took)
		cmds = append(cmds, func() tea.Msg {
			time.Sleep(rest) // rests between answers
			if wait() {
				return updated{}
			}
			return nil
		})
	}
	return tea.Batch(cmds...)
}
