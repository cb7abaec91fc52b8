package watch

import (
	"time"

	"exiwatch/window"
)

// lossPause is how long losses are gathered before they are told.
const lossPause = time.Minute

// tellLosses says what the bounds on memory have cost.
func (d *Daemon) tellLosses() {
	now := d.now()
	if now.Before(d.lossesFrom) {
		return
	}
	if d.door != nil && d.door.tell(d) {
		d.lossesFrom = now.Add(lossPause)
	}
	for _, l := range d.logs {
		lost, any := l.losses()
		if !any {
			continue
		}
		d.lossesFrom = now.Add(lossPause)
		d.Log.Warn("more than can be held in memory", "log", l.path, "keys_dropped", lost.DroppedKeys,
			"arrivals_merged", lost.MergedArrivals,
			"arrivals_forgotten", lost.ForgottenRows, "distinct_omitted", lost.OmittedDistinct, "alerts_refused",
			lost.RefusedAlerts)
	}
}

// losses tells what the bounds on memory have cost since it was last asked, if anything.
func (l *followed) losses() (lost window.Stats, any bool) {
	now := l.pipeline.stats()
	lost = window.Stats{
		DroppedKeys:    now.DroppedKeys - l.lost.DroppedKeys,
		MergedArrivals: now.MergedArrivals - l.lost.MergedArrivals,
		ForgottenRows:  now.ForgottenRows - l.lost.ForgottenRows,
		RefusedAlerts:  now.RefusedAlerts - l.lost.RefusedAlerts,
		OmittedDistinct:   now.OmittedDistinct - l.lost.OmittedDistinct,
	}
	l.lost = now
	return lost, lost != window.Stats{}
}
