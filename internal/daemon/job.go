package daemon

import (
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// A job is one thing that the writer does; one of its fields says what.
type job struct {
	at time.Time // of the wall clock: when it came up

	told   notification
	mailed bool // told goes by mail, and in short by each [[notify]]
	hooked bool // told goes to hook and webhook

	digest     []mailer.Item // is mailed
	past       bool          // its incidents were over when they were read
	summary    *mailer.SummaryMail
	missing    []string  // places in the logs that the mail says are missing
	delivered  string    // name of a mail of ours that a log shows
	settled    time.Time // up to when the logs were read
	forget     time.Time // before which mails were sent that are forgotten
	checkpoint *checkpoint
	sure       []func() // called when checkpoint is on disk
}

// A notification is an event in the life of an alert, or the opening of several of one incident.
type notification struct {
	alerts []*window.Alert
	event  string
	times  int64            // the alert's Times when it had grown; the alert grows on; else 0
	fleet  mailer.FleetMark // of an alert of a fleet
}

// incident is one that the job's mail is about: they all have the same audience. ok is false if there is no mail.
func (j *job) incident() (i mailer.Beginning, ok bool) {
	switch {
	case len(j.digest) > 0:
		return j.digest[0].Incident, true
	case j.mailed:
		return mailer.BeginningOf(j.told.alerts[0]), true
	}
	return i, false
}

// rows is how much memory a snapshot of the job takes, in rows of alerts.
func (j *job) rows() (n int) {
	for _, a := range j.told.alerts {
		n += a.TalliedValues()
	}
	return n
}

// snapshot makes the job independent of the counters.
func (j *job) snapshot() {
	alerts := make([]*window.Alert, len(j.told.alerts))
	for i, a := range j.told.alerts {
		alerts[i] = a.Snapshot()
		if j.told.times > 0 {
			alerts[i].Times = j.told.times
		}
	}
	j.told.alerts = alerts
}

// briefRows is how many values of each key are kept of an ended alert that waits for room.
const briefRows = 3

// shorten keeps only a little of alerts that have ended, so that very many can wait. Open ones are in memory anyway.
func (j *job) shorten() {
	for _, a := range j.told.alerts {
		if !a.Ended.IsZero() {
			a.Trim(briefRows)
		}
	}
}
