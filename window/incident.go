package window

import (
	"bytes"
	"slices"
	"time"
)

// An Identity says whose alerts an incident gathers. Its Key is one of
//
//   - Auth, User, Host or Sender: the login, local user, host or envelope sender that is behind an alert. An alert by
//     Auth, User or Account has that of the arrival that crossed the limit. One by Host or Sender has that of all
//     arrivals of its window if they have one account, and else its own value.
//   - another key: an alert by Subject, Topic, Network, SenderDomain, AccountDomain, Log, Script or CPUser has its own
//     key and value.
type Identity struct {
	Key   Key
	Value string
}

// String is the identity as key=value, such as auth=alice.
func (i Identity) String() string { return i.Key.String() + "=" + i.Value }

// An Incident is what one Identity's alerts tell together. An alert belongs to the incident of the one before it if
// that is still open, or ended no longer ago than the longest window of the incident's alerts, its own among them. An
// incident is over when none of its alerts is open, until such a one follows. It never changes: everything but About
// is that of its first alert, as it was when it opened.
type Incident struct {
	ID     string // of the first alert
	About  Identity
	Opened time.Time
	Rule   Rule
	Value  string
	Count  int64
	Limit  int64
	// AtLeast is as in Alert.
	AtLeast bool
}

// newIncident makes the incident that an alert begins.
func newIncident(a *Alert, about Identity) *Incident {
	return &Incident{
		ID: a.ID, About: about, Opened: a.Opened, Rule: a.Rule, Value: a.Value, Count: a.Count, Limit: a.Limit,
		AtLeast: a.AtLeast,
	}
}

// ByIncident groups what belongs to incidents, in the order in which the first of each comes.
func ByIncident[A any](all []A, incident func(A) *Incident) (groups [][]A) {
	at := make(map[string]int)
	for _, a := range all {
		id := incident(a).ID
		i, ok := at[id]
		if !ok {
			i = len(groups)
			at[id], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], a)
	}
	return groups
}

// An incidentState is an incident with what the counters need for it.
type incidentState struct {
	*Incident
	open   int   // alerts
	window int64 // the longest of its alerts, seconds
	end    int64 // second of the clock at which the last of them ended
}

// continues reports whether an alert that opens at a second, with a window of so many, belongs to the incident.
func (s *incidentState) continues(at, window int64) bool {
	return s.open > 0 || at-s.end <= max(s.window, window)
}

// incidents are those that are open, and those that may go on.
type incidents struct {
	byIdentity map[Identity]*incidentState
	over       []incidentEnd // in the order in which they ended; some have gone on since
}

// An incidentEnd is the second at which an incident was over.
type incidentEnd struct {
	*incidentState
	at int64
}

// stands reports whether the incident hasn't gone on since.
func (e incidentEnd) stands() bool { return e.open == 0 && e.end == e.at }

// OpenIncidents returns how many incidents are open.
func (c *Counters) OpenIncidents() (n int) {
	for _, s := range c.incidents.byIdentity {
		if s.open > 0 {
			n++
		}
	}
	return n
}

// joinIncident makes an alert that opens part of an incident.
func (c *Counters) joinIncident(a *Alert, about Identity) {
	window := int64(a.Rule.Window / time.Second)
	s := c.incidents.byIdentity[about]
	if s == nil || !s.continues(a.openedAt, window) {
		s = &incidentState{Incident: newIncident(a, about)}
		c.incidents.byIdentity[about] = s
	}
	s.addAlert(a, window)
}

func (s *incidentState) addAlert(a *Alert, window int64) {
	a.Incident = s.Incident
	s.open++
	s.window = max(s.window, window)
}

// leaveIncident notes that an alert has ended at a second.
func (c *Counters) leaveIncident(a *Alert, at int64) {
	s := c.incidents.byIdentity[a.Incident.About]
	if s == nil || s.Incident != a.Incident { // only if a checkpoint contradicts itself
		a.Closes = true
		return
	}
	if s.open--; s.open == 0 {
		a.Closes = true
		c.closeIncident(s, at)
	}
}

func (c *Counters) closeIncident(s *incidentState, at int64) {
	s.end = at
	c.incidents.over = append(c.incidents.over, incidentEnd{s, at})
	c.forgetIncidents()
}

// forgetIncidents drops those that can't go on any more, and the oldest ones if there are too many.
func (c *Counters) forgetIncidents() {
	t := &c.incidents
	for len(t.over) > 0 {
		first := t.over[0]
		late := first.at+c.longest < c.clock.Now
		if !late && len(t.over) <= c.limits.incidents {
			return
		}
		if first.stands() {
			if t.byIdentity[first.About] == first.incidentState {
				delete(t.byIdentity, first.About)
			}
			if !late {
				c.cost.ForgottenIncidents++
			}
		}
		t.over[0], t.over = incidentEnd{}, t.over[1:]
	}
	t.over = nil
}

// identify says who is behind an alert of the rule. c.found are the arrivals of its window, the newest of which crossed
// the limit.
func (c *Counters) identify(rule *compiledRule, value string) Identity {
	own := Identity{rule.Key, value}
	switch rule.Key {
	case Account:
		newest := c.arrivals.read(c.found[len(c.found)-1])
		return accountIdentity(&newest.values)
	case Sender, Host:
		return c.commonAccount(own)
	}
	return own
}

// commonAccount is the account of all arrivals in c.found, or else own.
func (c *Counters) commonAccount(own Identity) Identity {
	var account []byte // of the first one, which the next read may change
	var common Identity
	for i, p := range c.found {
		r := c.arrivals.read(p)
		switch {
		case r.values[Account] == nil:
			return own
		case i == 0:
			account, common = slices.Clone(r.values[Account]), accountIdentity(&r.values)
		case !bytes.Equal(r.values[Account], account) || accountIdentity(&r.values).Key != common.Key:
			return own
		}
	}
	return common
}

// accountIdentity says what an arrival's account is: a login, a local user or, in brackets, a host or an envelope
// sender.
func accountIdentity(values *[NumValues][]byte) Identity {
	account := values[Account]
	switch {
	case len(values[Auth]) > 0:
		return Identity{Auth, string(account)}
	case len(values[User]) > 0 && bytes.Equal(values[User], account):
		return Identity{User, string(account)}
	}
	return unverifiedIdentity(string(account))
}

// unverifiedIdentity says what an account is that is neither a login nor a local user.
func unverifiedIdentity(account string) Identity {
	if last := len(account) - 1; last > 0 {
		switch inner := account[1:last]; {
		case account[0] == '[' && account[last] == ']':
			return Identity{Host, inner}
		case account[0] == '<' && account[last] == '>' && inner != "":
			return Identity{Sender, inner}
		case account == "<>":
			return Identity{Sender, account}
		}
	}
	return Identity{Account, account}
}

// needsAccounts reports whether identify looks at the accounts of arrivals.
func needsAccounts(k Key) bool { return k == Account || k == Sender || k == Host }

// accountKeys are the values by which identify knows an account.
const accountKeys keySet = 1<<Account | 1<<Auth | 1<<User
