package pipeline_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline/pipelinetest"
	"exiwatch/window"
)

// A joinModel joins delivery lines with arrivals by definition: it keeps all lines of the log, and looks at all of them
// for each question.
type joinModel struct {
	t        fataler
	counters *window.Counters
	scopes   []config.Count
	longest  int64                  // window
	tells    bool                   // Listener.Fate is set
	all      bool                   // every arrival that counts is joined
	wants    map[window.Nature]bool // that rules count
	returns  bool                   // a filter may hand mail back

	n        int // lines so far
	rows     []modelRow
	messages map[string]*modelMessage // that are joined, by all their ids
	early    []*pipelinetest.DeliveryLogLine
	cameIn   []modelCameIn
	back     map[string]modelBack
	again    map[string]int // receptions
	alerts   []*modelAlert

	told     []string
	unjoined int64
}

type fataler interface{ Fatalf(string, ...any) }

type modelRow struct {
	*pipelinetest.DeliveryLogLine
	n     int
	clock int64
}

type modelMessage struct {
	at            int64
	arrival       window.Arrival
	waits         uint64
	outside       uint64
	counted, back bool
	id            string
	deferred      map[string]bool
}

type modelCameIn struct {
	header, id string
	at         int64
	returns    int
}

// A modelBack says as which message a handed back one came first, and in which line it is.
type modelBack struct {
	origin string
	n      int
}

type modelAlert struct {
	*window.Alert
	ids   map[string]bool
	fates string // when it ended
	stale bool   // lines of before the window matter: they aren't kept
}

func newJoinModel(t fataler, c *config.Config, tells bool) *joinModel {
	counters, err := window.New(c.Rules)
	if err != nil {
		t.Fatalf("%v", err)
	}
	m := &joinModel{
		t: t, counters: counters, tells: tells, all: tells, longest: int64(counters.Longest().Seconds()),
		messages: map[string]*modelMessage{}, back: map[string]modelBack{}, again: map[string]int{},
	}
	for _, scope := range counters.Scopes() {
		count := c.Scopes[scope]
		m.scopes = append(m.scopes, count)
		m.returns = m.returns || count.Counts("all") || count.Counts("local") || count.Counts("loopback") ||
			count.Counts("relayed") || count.Counts("forwarded")
	}
	m.wants = map[window.Nature]bool{window.Delivered: tells, window.Refused: tells, window.Deferred: tells}
	for _, r := range c.Rules {
		m.all = m.all || r.Count.Fates()
		switch r.Count {
		case window.Bounces:
			m.wants[window.Refused] = true
		case window.Deferrals:
			m.wants[window.Deferred] = true
		case window.BounceShare:
			m.wants[window.Refused], m.wants[window.Delivered] = true, true
		}
	}
	counters.Follow(m)
	return m
}

func (m *joinModel) line(l *pipelinetest.DeliveryLogLine) {
	m.n++
	if l.Arrival {
		m.arrive(l)
		return
	}
	now := m.counters.Clock().Now
	m.rows = append(m.rows, modelRow{l, m.n, now})
	switch q := m.held(l.ID, now); {
	case l.Flag == "Completed":
		delete(m.messages, l.ID)
	case q != nil:
		m.apply(q, l)
	case l.Flag == ">>":
		m.early = append(m.early, l)
	case m.all:
		if _, ok := natureOf(l); ok {
			m.unjoined++
		}
	}
}

// held returns the message of an id; nil if it isn't joined, or came a day ago.
func (m *joinModel) held(id string, now int64) *modelMessage {
	if q := m.messages[id]; q != nil && now < q.at+24*3600 {
		return q
	}
	return nil
}

func (m *joinModel) arrive(l *pipelinetest.DeliveryLogLine) {
	m.advance(l)
	w := window.Arrival{At: l.At, MessageID: []byte(l.ID), Recipients: int64(len(l.To)), Bytes: 100}
	w.Values[window.Sender] = []byte(cmp.Or(l.Sender, "<>"))
	if w.Values[window.Account] = []byte(cmp.Or(l.Account, "<"+l.Sender+">")); l.Way == pipelinetest.OwnBounce {
		w.Values[window.Account] = []byte("Debian-exim")
	}
	if l.Host != "" {
		w.Values[window.Host] = []byte(l.Host)
	}
	var waits uint64
	counts := false
	for i := range m.scopes {
		if m.countsAtOnce(&m.scopes[i], l) {
			counts = true
			continue
		}
		if w.Outside |= 1 << i; mayWait(&m.scopes[i], l) {
			waits |= 1 << i
		}
	}
	now := m.counters.Clock().Now
	m.again[l.ID]++
	if m.returns && m.comesBack(l, now) {
		return
	}
	if counts {
		m.count(&w)
	}
	early := m.early
	m.early = slices.DeleteFunc(slices.Clone(early), func(e *pipelinetest.DeliveryLogLine) bool { return e.ID == l.ID })
	if waits == 0 && !(m.all && (counts || m.tells)) {
		return
	}
	q := m.held(l.ID, now)
	if q == nil {
		q = &modelMessage{at: now, id: l.ID, deferred: map[string]bool{}}
		m.messages[l.ID] = q
	}
	q.arrival, q.waits, q.counted, q.outside = w, waits, counts, w.Outside
	for _, e := range early {
		if e.ID == q.id {
			line := *e
			line.At = l.At // it would set the clock back
			m.apply(q, &line)
		}
	}
}

func (m *joinModel) countsAtOnce(c *config.Count, l *pipelinetest.DeliveryLogLine) bool {
	is := map[string]bool{
		"all": true, "authenticated": l.Way == pipelinetest.Login, "local": l.Way == pipelinetest.Submitted,
		"loopback": l.Way == pipelinetest.Back, "bounces": l.Sender == "",
	}
	class := false
	for _, name := range c.OnlyNames() {
		class = class || is[name]
	}
	return class && !allLocal(c, l)
}

// mayWait tells whether a scope counts an arrival once it is relayed.
func mayWait(c *config.Count, l *pipelinetest.DeliveryLogLine) bool {
	if l.Way != pipelinetest.Inside && l.Way != pipelinetest.Outside || l.Sender == "" {
		return false
	}
	return c.Counts("forwarded") || c.Counts("relayed") && isFromInside(c, l.Host) && !allLocal(c, l)
}

// isFromInside tells whether a host that sends is inside.
func isFromInside(c *config.Count, host string) bool {
	return !strings.HasPrefix(host, "198.51.100.") || len(c.Inside) > 0
}

func allLocal(c *config.Count, l *pipelinetest.DeliveryLogLine) bool {
	return len(c.LocalDomains) > 0 && len(l.To) == 1 && l.To[0] == "z@lab.test"
}

// comesBack tells whether an arrival is a message that a filter hands back.
func (m *joinModel) comesBack(l *pipelinetest.DeliveryLogLine, now int64) bool {
	if l.Way != pipelinetest.Back {
		m.cameIn = append(m.cameIn, modelCameIn{l.HeaderID, l.ID, now, 2})
		return false
	}
	for i := len(m.cameIn) - 1; i >= 0 && m.cameIn[i].at+3600 > now; i-- {
		if in := &m.cameIn[i]; in.header == l.HeaderID && in.returns > 0 {
			in.returns--
			m.back[l.ID] = modelBack{in.id, m.n}
			if q := m.held(in.id, now); q != nil {
				q.back = true
				m.messages[l.ID] = q
			}
			return true
		}
	}
	return false
}

// apply does what a delivery line of a message that is joined does.
func (m *joinModel) apply(q *modelMessage, l *pipelinetest.DeliveryLogLine) {
	nature, ok := natureOf(l)
	if !ok {
		return
	}
	if due := m.due(q, l); due != 0 {
		w := q.arrival
		if w.At, w.Outside, w.Nature = l.At, ^due, window.Plain; q.counted {
			w.Nature = window.Relayed
		}
		was := q.counted
		q.waits, q.outside, q.counted = q.waits&^due, q.outside&^due, true
		if m.countLater(&w, l); !was {
			m.tell("relayed %s", w.MessageID)
		}
	}
	recipient := cmp.Or(l.Original, l.Address)
	switch {
	case nature == window.Deferred && (l.NoTry || q.deferred[recipient]),
		nature == window.Delivered && q.back && m.isHere(l) && l.ID == q.id:
		return
	case nature == window.Deferred:
		q.deferred[recipient] = true
	}
	if !m.all || !m.tells && !q.counted {
		return
	}
	w := q.arrival
	w.Nature, w.Outside = nature, q.outside
	if m.tells {
		m.tell("fate %d of %s", nature, w.MessageID)
	}
	if w.At = l.At; q.counted && m.wants[nature] {
		m.countLater(&w, l)
	}
}

func natureOf(l *pipelinetest.DeliveryLogLine) (n window.Nature, ok bool) {
	n, ok = map[string]window.Nature{
		"=>": window.Delivered, "->": window.Delivered, ">>": window.Delivered, "**": window.Refused, "==": window.Deferred,
	}[l.Flag]
	return n, ok && !l.Discarded
}

func (m *joinModel) isHere(l *pipelinetest.DeliveryLogLine) bool {
	return m.returns && (l.Host == "" || l.Host == "127.0.0.1")
}

// due are those of the scopes that count a message now.
func (m *joinModel) due(q *modelMessage, l *pipelinetest.DeliveryLogLine) (due uint64) {
	for i, c := range m.scopes {
		outside := l.Host == "203.0.113.25" || l.Host == "198.51.100.25" && len(c.Inside) == 0
		if q.waits>>i&1 == 0 || !outside {
			continue
		}
		local := func(address string) bool { return len(c.LocalDomains) > 0 && strings.HasSuffix(address, "@lab.test") }
		forwarded := l.Original != "" && !strings.EqualFold(l.Original, l.Address) &&
			(len(c.LocalDomains) == 0 || local(l.Original))
		if forwarded && c.Counts("forwarded") || !forwarded && c.Counts("relayed") && !local(l.Address) &&
			isFromInside(&c, string(q.arrival.Values[window.Host])) {
			due |= 1 << i
		}
	}
	return due
}

func (m *joinModel) countLater(w *window.Arrival, l *pipelinetest.DeliveryLogLine) {
	m.advance(l)
	m.count(w)
}

func (m *joinModel) advance(l *pipelinetest.DeliveryLogLine) {
	for _, a := range m.counters.Advance(l.At) {
		for _, alert := range m.alerts {
			if alert.Alert == a {
				alert.fates = m.fatesOf(alert, m.n)
			}
		}
	}
}

func (m *joinModel) count(w *window.Arrival) {
	m.counters.Count(w)
	m.tell("counted %s as %d at %d", w.MessageID, w.Nature, w.At.Unix())
}

func (m *joinModel) tell(format string, args ...any) {
	m.told = append(m.told, fmt.Sprintf(format, args...))
}
