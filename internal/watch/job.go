package watch

import (
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// A job is one thing that the writer does; one of its fields says what.
type job struct {
	at time.Time // of the wall clock: when it came up

	told   news // is told by every teller, and by mail if mailed
	mailed bool

	digest     []mailer.Item // is mailed
	missing    []string      // places in the logs that the mail says are missing
	arrived    string        // name of a mail of ours that a log shows
	settled    time.Time     // up to when the logs were read
	forget     time.Time     // before which mails were sent that are forgotten
	checkpoint *checkpoint
}

// News is an event in the life of alerts, which are several only where one arrival has opened them.
type news struct {
	alerts []*window.Alert
	event  string
	times  int64 // the alert's Times when it had grown, which grows on until this is told; else 0
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

// briefRows is how many values of each key are kept of an alert that has ended and can't be told of yet.
const briefRows = 3

// shorten leaves of alerts that have ended what little can be kept of very many. Open ones are in memory anyway.
func (j *job) shorten() {
	for _, a := range j.told.alerts {
		if !a.Ended.IsZero() {
			a.Trim(briefRows)
		}
	}
}
