package daemon

import (
	"time"

	"exiwatch/window"
)

// lossPause is how long losses are gathered before they are logged.
const lossPause = time.Minute

// logOverload logs what bounds on memory have cost, and which questions got no answer.
func (d *Daemon) logOverload() {
	now := d.now()
	if now.Before(d.overloadFrom) {
		return
	}
	if d.socket != nil {
		if unintelligible, late, refused := d.socket.unanswered(); unintelligible+late+refused > 0 {
			d.overloadFrom = now.Add(lossPause)
			d.Log.Warn("questions were not answered", "unintelligible", unintelligible, "late", late,
				"connections_refused", refused)
		}
	}
	for _, l := range d.logs {
		lost := l.Losses()
		if lost == (window.Stats{}) {
			continue
		}
		d.overloadFrom = now.Add(lossPause)
		d.Log.Warn("more than can be held in memory", "log", l.Path, "keys_dropped", lost.DroppedKeys,
			"arrivals_merged", lost.MergedArrivals, "arrivals_forgotten", lost.ForgottenRows,
			"distinct_omitted", lost.OmittedDistinct, "alerts_refused", lost.RefusedAlerts,
			"incidents_forgotten", lost.ForgottenIncidents, "queue_forgotten", lost.ForgottenMessages)
	}
}
