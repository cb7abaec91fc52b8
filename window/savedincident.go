package window

import (
	"fmt"
	"strings"
	"time"
)

// Saved is what Restore needs of counters, in a form that encoding/json writes and reads without loss.
type Saved struct {
	Alerts    []SavedAlert    `json:"alerts"`    // the open ones, in the order they were opened
	Incidents []SavedIncident `json:"incidents"` // those that are open, and those that may go on
}

// A SavedIncident is an incident that is open or may go on.
type SavedIncident struct {
	ID      string    `json:"id"`
	Key     string    `json:"key"` // Identity.Key.String()
	About   []byte    `json:"about"`
	Opened  SavedTime `json:"opened"`
	Rule    string    `json:"rule"` // Rule.String()
	Name    []byte    `json:"name"`
	Value   []byte    `json:"value"` // of the first alert
	Count   int64     `json:"count"`
	Limit   int64     `json:"limit"`
	AtLeast bool      `json:"at_least"`
	Longest int64     `json:"longest"` // window of its alerts, seconds
	Ended   int64     `json:"ended"`   // second of the clock; 0 while it is open
}

// saveIncidents returns the incidents in the order in which they ended, then those that are open in the order of their
// open alerts.
func (c *Counters) saveIncidents(open []*openAlert) []SavedIncident {
	c.forgetIncidents()
	saved := make([]SavedIncident, 0, len(c.incidents.over))
	for _, e := range c.incidents.over {
		if e.stands() {
			saved = append(saved, e.save())
		}
	}
	seen := make(map[*Incident]bool)
	for _, e := range open {
		i := e.alert.Incident
		if s := c.incidents.byIdentity[i.About]; !seen[i] && s != nil && s.Incident == i {
			saved = append(saved, s.save())
		}
		seen[i] = true
	}
	return saved
}

func (s *incidentState) save() SavedIncident {
	saved := s.Save()
	if saved.Longest = s.window; s.open == 0 {
		saved.Ended = s.end
	}
	return saved
}

// Save returns the incident as saved, as one that is open.
func (i *Incident) Save() SavedIncident {
	return SavedIncident{
		ID: i.ID, Key: i.About.Key.String(), About: []byte(i.About.Value), Opened: saveTime(i.Opened),
		Rule: i.Rule.String(), Name: []byte(i.Rule.Name), Value: []byte(i.Value), Count: i.Count, Limit: i.Limit,
		AtLeast: i.AtLeast,
	}
}

// Incident returns the incident apart from all counters.
func (s *SavedIncident) Incident() *Incident { return s.restore(0, time.UTC).Incident }

// restoreIncidents puts saved incidents into counters, as over. The alerts that are restored next open some again.
func (c *Counters) restoreIncidents(saved []SavedIncident) {
	c.incidents = incidents{byIdentity: make(map[Identity]*incidentState, len(saved))}
	for i := range saved {
		s := saved[i].restore(c.clock.Now, c.since.Location())
		c.incidents.byIdentity[s.About] = s
		c.incidents.over = append(c.incidents.over, incidentEnd{s, s.end})
	}
}

func (s *SavedIncident) restore(now int64, zone *time.Location) *incidentState {
	key, _ := parseName[Key]("key", keyNames[:], s.Key)
	rule, _ := ReadRule(s.Rule)
	rule.Name = string(s.Name)
	end := now
	if s.Ended != 0 {
		end = min(s.Ended, now)
	}
	return &incidentState{
		Incident: &Incident{
			ID: s.ID, About: Identity{key, string(s.About)}, Opened: s.Opened.time(zone), Rule: rule,
			Value: string(s.Value), Count: s.Count, Limit: s.Limit, AtLeast: s.AtLeast,
		},
		window: s.Longest, end: end,
	}
}

// ReadRule is the inverse of Rule.String, with its scope.
func ReadRule(text string) (Rule, error) {
	text, scope, _ := strings.Cut(text, " {")
	rule, err := ParseRule(text)
	rule.Scope = strings.TrimSuffix(scope, "}")
	return rule, err
}

// resumeIncident makes a restored alert part of the incident that it was saved with. An older version saved none: the
// mails of its alert are the thread that it names.
func (c *Counters) resumeIncident(a *Alert, s *SavedAlert) {
	about, id := s.identity(a), s.Incident
	if id == "" {
		if id = s.Thread; id == "" {
			id = a.ID
		}
	}
	window := int64(a.Rule.Window / time.Second)
	state := c.incidents.byIdentity[about]
	if state == nil || s.Incident != "" && state.ID != id {
		state = &incidentState{Incident: newIncident(a, about)}
		state.ID = id
		c.incidents.byIdentity[about] = state
	}
	state.addAlert(a, window)
}

// identity is who was behind the alert.
func (s *SavedAlert) identity(a *Alert) Identity {
	if key, err := parseName[Key]("key", keyNames[:], s.AboutKey); err == nil {
		return Identity{key, string(s.About)}
	}
	switch {
	case a.Rule.Key != Account:
		return Identity{a.Rule.Key, a.Value}
	case a.values[Auth].find(s.Value) >= 0:
		return Identity{Auth, a.Value}
	case a.values[User].find(s.Value) >= 0:
		return Identity{User, a.Value}
	}
	return unverifiedIdentity(a.Value)
}

// Validate returns an error if Save can't have written this.
func (s *SavedIncident) Validate() error {
	if !isAlertID(s.ID) {
		return fmt.Errorf("incident %q: want 20 hexadecimal digits", s.ID)
	}
	if _, err := parseName[Key]("key", keyNames[:], s.Key); err != nil {
		return err
	}
	if _, err := ReadRule(s.Rule); err != nil {
		return err
	}
	if n := min(s.Count, s.Limit); n < 0 {
		return fmt.Errorf("incident %s with the number %d: want 0 or more", s.ID, n)
	}
	if s.Longest < 0 || s.Longest > int64(MaxWindow/time.Second) {
		return fmt.Errorf("incident %s with a window of %d s: out of range", s.ID, s.Longest)
	}
	if s.Ended != 0 {
		if err := (Clock{Now: s.Ended}).Validate(); err != nil {
			return err
		}
	}
	return s.Opened.validate()
}
