package watch

import (
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// maxOwn is how many alerts' mails are known again when Exim logs them. The mail of an older one has long gone.
const maxOwn = 10_000

// own is the ledger of the mails that the alerts opened so far make. The Message-ID of such a mail follows from the alert, so
// that the ledger is a function of the log. Each Message-ID excuses one arrival: whoever copies it gains nothing.
type own struct {
	due   map[string]bool // by alert id and event: not seen in the log yet
	order []string        // oldest first
}

// opened notes the mails that an alert makes.
func (o *own) opened(a *window.Alert) {
	if o.due == nil {
		o.due = make(map[string]bool)
	}
	if len(o.order) == maxOwn {
		delete(o.due, o.order[0])
		o.order = o.order[1:]
	}
	name := a.ID + ".opened"
	o.due[name] = true
	o.order = append(o.order, name)
}

// excuses tells whether the arrival is a mail of ours that wasn't seen before.
func (o *own) excuses(a *parser.Arrival) bool {
	if len(o.due) == 0 || len(a.HeaderMessageID) == 0 {
		return false
	}
	id, event, ok := mailer.ParseMessageID(a.HeaderMessageID)
	if !ok || !o.due[id+"."+event] {
		return false
	}
	o.due[id+"."+event] = false
	return true
}
