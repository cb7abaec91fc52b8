package pipeline

import (
	"strconv"

	"exiwatch/window"
)

// EmitOpened emits the alerts that one arrival has opened, those of one incident together.
func (p *Pipeline) EmitOpened(alerts []*window.Alert) {
	for len(alerts) > 0 {
		first := alerts[0].Incident
		var same, others []*window.Alert
		for _, a := range alerts {
			if a.Incident == first {
				same = append(same, a)
			} else {
				others = append(others, a)
			}
		}
		p.sent.note(same[0].ID, Opened)
		if p.listener.Opened != nil {
			p.listener.Opened(same)
		}
		alerts = others
	}
}

// emit emits an event in the life of an alert.
func (p *Pipeline) emit(alert *window.Alert, event string, tell func(*window.Alert)) {
	if p.hosts.silent {
		return
	}
	p.sent.note(alert.ID, event)
	if tell != nil {
		tell(alert)
	}
}

// The events in an alert's life, as mails name them. Only an alert of a fleet is Withdrawn: it was told, and late lines
// of another host, counted in their place, show that it isn't one.
const Opened, Ended, Withdrawn = "opened", "ended", "withdrawn"

func Grew(a *window.Alert) string { return "grew" + strconv.FormatInt(a.Times, 10) }
