package live

import (
	"fmt"
	"testing"

	"exiwatch/mailer"
	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
)

// refusals tells each alert that opens that many servers refuse its messages.
type refusals struct{ counters *window.Counters }

func (r refusals) Opened(a *window.Alert, _ [][]byte) {
	a.Fates = window.Fates{Known: true, Delivered: 1234, Queued: 12}
	for i, text := range []string{
		"550-5.7.1 [#] Our system has detected that this message is likely unsolicited mail, and rejects it",
		"554 5.7.1 Service unavailable; client host [#] blocked using zen.spamhaus.org", "550 5.1.1 <#>: User unknown",
		"451 4.7.1 Greylisted",
	} {
		for host := range 5 - i {
			r.counters.AddFate(a, window.Refused, fmt.Appendf(nil, "mx%d.mail.protection.lab%d.test", host, i), []byte(text))
		}
	}
	r.counters.AddFate(a, window.Deferred, nil, []byte("Unrouteable address"))
}

func (refusals) Joined(*window.Alert, []byte) {}

// TestScreensOfRefusals are those of an account whose messages are refused.
func TestScreensOfRefusals(t *testing.T) {
	for _, size := range [][2]int{{60, 20}, {80, 24}, {120, 40}} {
		name := fmt.Sprintf("refused-%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			b := newBench(t, false)
			b.counters.Follow(refusals{b.counters})
			b.outbreak()
			b.size(size[0], size[1])
			b.press("enter")
			for b.model.answer.query.value != "mallory@lab.test" {
				b.press("esc", "down", "enter")
			}
			b.golden(name)
			checkScreen(t, b, name)
		})
	}
}

// TestHostileOutcome: whatever servers say, no line is broken, and nothing that isn't text reaches the terminal.
func TestHostileOutcome(t *testing.T) {
	for _, width := range []int{60, 80, 121} {
		b := newBench(t, true)
		b.outbreak()
		b.size(width, 30)
		b.press("enter")
		for _, v := range hostile {
			const many = 1 << 60
			outcome := mailer.Outcome{Refuser: v, Others: many,
				Fates: window.Fates{Known: true, Delivered: many, Refused: many, Deferred: many, Queued: many},
				Reasons: []mailer.Reason{
					{Refusal: window.Refusal{Text: v, Hosts: []string{v}, Recipients: many}, OtherHosts: many},
					{Refusal: window.Refusal{Text: v}},
				}}
			b.model.answer.detail.incidents = []incidentRow{{alerts: []*window.Alert{{}}, worst: &window.Alert{},
				outcome: outcome}}
			b.model.Update(tea.WindowSizeMsg{Width: width, Height: 30})
			b.sees("Refused or deferred, by reason:", "more reasons")
			checkScreen(t, b, fmt.Sprintf("%d columns, %.20q", width, v))
		}
	}
}
