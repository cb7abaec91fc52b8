package daemon

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
	"exiwatch/window"
)

// An IncidentStatus is what a state folder knows of an incident that is open, or that ended so short a time ago that it
// may go on.
type IncidentStatus struct {
	ID      string        `json:"id"`
	Log     string        `json:"log"`
	Key     string        `json:"key"`     // what Account is: auth, user, host, sender, or the key of a rule
	Account string        `json:"account"` // whose alerts these are
	Opened  time.Time     `json:"opened"`
	Ended   *time.Time    `json:"ended"`  // null while it is open
	Alerts  []AlertStatus `json:"alerts"` // the open ones, in the order in which they opened
	Mail    MailStatus    `json:"mail"`

	// Of the first alert when it opened.
	Rule  window.Rule `json:"-"`
	Count int64       `json:"-"`
	Limit int64       `json:"-"`

	beginning mailer.Beginning
}

// IsHeld tells whether a silence holds the incident's updates.
func (i *IncidentStatus) IsHeld(s *Silence) bool { return s.Holds(i.beginning) }

// An AlertStatus is how an open alert stands.
type AlertStatus struct {
	ID       string `json:"id"`
	Rule     string `json:"rule"` // its name
	Key      string `json:"key"`
	Value    string `json:"value"`
	Count    string `json:"count"` // what is counted
	Limit    int64  `json:"limit"`
	Window   string `json:"window"`
	Opened   string `json:"opened"`
	Peak     int64  `json:"peak"`
	Messages int64  `json:"messages"`

	Of window.Rule `json:"-"`
}

// A MailStatus is what became of the last mail about an incident, and whether later news of it are held.
type MailStatus struct {
	State     string     `json:"state"`      // none, queued, sent, refused or trial
	At        *time.Time `json:"at"`         // since when; null for none
	Held      string     `json:"held"`       // why news are held; "": none are
	HeldUntil *time.Time `json:"held_until"` // when the digest with them is made, or the trial ends; null: nobody knows
	Words     string     `json:"-"`
}

// statusOfMail is a telling for programs and people.
func statusOfMail(t telling) MailStatus {
	optional := func(at time.Time) *time.Time {
		if at.IsZero() {
			return nil
		}
		return &at
	}
	return MailStatus{State: t.state, At: optional(t.at), Held: t.held, HeldUntil: optional(t.until), Words: t.String()}
}

// Incidents reads them from a state folder, those that are open first. What it says is as old as the checkpoint. The
// error is fs.ErrNotExist if there is none.
func Incidents(dir string, trial time.Time) (all []IncidentStatus, err error) {
	path := filepath.Join(dir, checkpointFile)
	data, err := readCheckpoint(path)
	if err == nil && data == nil {
		err = &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	c, err := decode(data)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	limiter := c.Mailbag.restore(now)
	limiter.trial, limiter.silences = trial, &silences{}
	if limiter.silences.all, err = Silences(dir, now); err != nil {
		return nil, err
	}
	for path, log := range c.Logs {
		for _, one := range incidentsOf(log) {
			one.Log = path
			one.Mail = statusOfMail(limiter.tellingOf(one.beginning).settle(filepath.Join(dir, spoolDir)))
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b IncidentStatus) int {
		open := func(i IncidentStatus) int { return min(len(i.Alerts), 1) }
		return cmp.Or(cmp.Compare(open(b), open(a)), b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// incidentsOf are those of a log.
func incidentsOf(log *follow.Checkpoint) (all []IncidentStatus) {
	at := make(map[string]int)
	for _, s := range log.Incidents {
		rule, _ := window.ReadRule(s.Rule) // Validate has read it
		at[s.ID] = len(all)
		one := IncidentStatus{ID: s.ID, Key: s.Key, Account: string(s.About), Opened: s.Opened.Time(), Rule: rule,
			Count: s.Count, Limit: s.Limit}
		one.setBeginning(string(s.Value))
		if s.Ended > 0 {
			one.Ended = new(time.Unix(s.Ended, 0).In(one.Opened.Location()))
		}
		all = append(all, one)
	}
	for i := range log.Alerts {
		a := statusOf(&log.Alerts[i])
		id := cmp.Or(log.Alerts[i].Incident, log.Alerts[i].Thread, a.ID)
		n, ok := at[id]
		if !ok { // a version that knew no incidents saved it
			n, at[id] = len(all), len(all)
			all = append(all, IncidentStatus{ID: id, Key: a.Key, Account: a.Value, Opened: log.Alerts[i].Opened.Time(),
				Rule: a.Of, Count: log.Alerts[i].Count, Limit: a.Limit})
			all[n].setBeginning(a.Value)
		}
		all[n].Alerts, all[n].Ended = append(all[n].Alerts, a), nil
	}
	return all
}

// setBeginning notes how the incident began, with a value of its rule's key.
func (i *IncidentStatus) setBeginning(value string) {
	key, _ := window.ParseKey(i.Key) // Validate has read it
	i.beginning = mailer.BeginningOfIncident(&window.Incident{ID: i.ID, Opened: i.Opened, Rule: i.Rule, Value: value,
		About: window.Identity{Key: key, Value: i.Account}, Count: i.Count, Limit: i.Limit})
}

func statusOf(s *pipeline.SavedAlert) AlertStatus {
	rule, _ := window.ReadRule(s.Rule)
	return AlertStatus{
		ID: s.ID, Rule: cmp.Or(string(s.Name), s.Rule), Key: rule.Key.String(), Value: string(s.Value),
		Count: rule.Count.String(), Limit: cmp.Or(s.Limit, rule.Limit), Window: rule.Window.String(),
		Opened: s.Opened.Time().Format(time.RFC3339), Peak: s.Peak, Messages: s.Messages, Of: rule,
	}
}
