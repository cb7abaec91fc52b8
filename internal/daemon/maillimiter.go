package daemon

import (
	"maps"
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/mailer"
)

const (
	// openingPause is how long an incident that began waits for its digest at most.
	openingPause = 90 * time.Second
	// updateRest is how far apart two mails about one incident are at least, and how long an update waits for its
	// digest at most.
	updateRest = 10 * time.Minute
	// maxDigest is how many incidents are in one digest at most.
	maxDigest = 1000
)

// A mailLimiter decides which events get a mail of their own. In an hour so many incidents may begin with one, and so
// many other events have one; of one incident these are some minutes apart. What exceeds that is gathered for a digest,
// in which each incident has one item, its latest. Hours are those of the wall clock, because they spare people. A
// checkpoint has a copy.
type mailLimiter struct {
	Mailed   []time.Time         `json:"mailed,omitempty"`   // mails of the last hour that began an incident
	Updated  []time.Time         `json:"updated,omitempty"`  // the others, digests apart
	Told     map[string]lastMail `json:"last,omitempty"`     // by incident: the last mail about it
	Gathered []mailer.Item       `json:"gathered,omitempty"` // for the next digest
	Due      time.Time           `json:"due,omitzero"`       // when that is made
	Held     int                 `json:"held,omitempty"`     // in a copy: how many at the end of Gathered are of past

	past    []mailer.Item  // while the logs are read on from where they had been left
	at      map[string]int // where in past an incident is
	pastDue time.Time      // when past is told, however far the logs have been read

	trial    time.Time // nobody is told of what happened before
	silences *silences // these hold updates in Gathered; nil: none does
}

// A lastMail is the last mail about an incident.
type lastMail struct {
	Name string    `json:"name"` // as mailer.Message.Name
	At   time.Time `json:"at"`   // when it was made
}

// clone is an independent copy for a checkpoint.
func (l *mailLimiter) clone() mailLimiter {
	return mailLimiter{
		Mailed: slices.Clone(l.Mailed), Updated: slices.Clone(l.Updated), Told: maps.Clone(l.Told),
		Gathered: slices.Concat(l.Gathered, l.past), Due: l.Due, Held: len(l.past),
	}
}

// restore is the limiter of which a checkpoint has a copy. An older version gathered events, and no incidents.
func (l mailLimiter) restore(now time.Time) mailLimiter {
	held := len(l.Gathered) - l.Held
	l.Gathered, l.past, l.Held, l.pastDue = l.Gathered[:held:held], l.Gathered[held:], 0, now.Add(updateRest)
	if old := l.Gathered; l.Due.IsZero() && held > 0 {
		l.Gathered = nil
		for _, item := range old {
			l.gather(item.WithIncident(), now)
		}
	}
	if latest := now.Add(updateRest); l.Due.After(latest) { // the clock was set back
		l.Due = latest
	}
	return l
}

// itemOf is what a digest says about an event.
func itemOf(n notification) mailer.Item {
	var item mailer.Item
	for i, a := range slices.Backward(n.alerts) {
		one := mailer.NewItem(a, n.event)
		one.Fleet = n.fleet
		if i < len(n.alerts)-1 {
			one = item.Then(one)
		}
		item = one
	}
	return item
}

// put tells whether an event gets a mail of its own; else it gathers the event. Most is how many incidents may begin
// with one in an hour; 0: all events have one. Known tells whether that mail was spooled before.
func (l *mailLimiter) put(n notification, now time.Time, most int, known func() bool) (mailed bool) {
	incident := n.alerts[0].Incident.ID
	name := n.alerts[0].ID + "." + n.fleet.EventName(n.event)
	opens := n.event == pipeline.Opened && n.alerts[0].ID == incident
	if !opens && l.keeps(n, now) {
		return false
	}
	if most == 0 {
		l.mark(incident, name, now)
		return true
	}
	budget := &l.Updated
	if opens {
		budget = &l.Mailed
	}
	switch {
	case l.find(incident) >= 0, !hasRoom(budget, now, most), !opens && l.rests(incident, now):
		l.gather(itemOf(n), now)
		return false
	case !known():
		*budget = append(*budget, now)
	}
	l.mark(incident, name, now)
	return true
}

// keeps holds an update of an incident that is silenced. What was held is over when the incident's end is told.
func (l *mailLimiter) keeps(n notification, now time.Time) bool {
	if l.silences.len() == 0 {
		return false
	}
	item := itemOf(n)
	i := l.find(item.Incident.ID)
	if item.Over && i >= 0 && !l.isReady(&l.Gathered[i]) {
		l.Gathered = slices.Delete(l.Gathered, i, i+1)
	}
	if l.isReady(&item) {
		return false
	}
	l.gather(item, now)
	return true
}

// isReady tells whether an item may go into a digest: it doesn't if it is an update of an incident that is silenced.
func (l *mailLimiter) isReady(item *mailer.Item) bool {
	return item.New || item.Over || l.silences.of(item.Incident) == nil
}

// find is the index in Gathered of an incident, or -1.
func (l *mailLimiter) find(incident string) int {
	return slices.IndexFunc(l.Gathered, func(i mailer.Item) bool { return i.Incident.ID == incident })
}

// gather adds an item to those for the next digest.
func (l *mailLimiter) gather(item mailer.Item, now time.Time) {
	due := now.Add(updateRest)
	if item.New {
		due = now.Add(openingPause)
	}
	if l.isReady(&item) && (l.Due.IsZero() || due.Before(l.Due)) {
		l.Due = due
	}
	if i := l.find(item.Incident.ID); i >= 0 {
		l.Gathered[i] = l.Gathered[i].Then(item)
		return
	}
	l.Gathered = append(l.Gathered, item)
}

// hold keeps an event of logs that are read on from where they had been left.
func (l *mailLimiter) hold(n notification, now time.Time) {
	if len(l.past) == 0 {
		l.pastDue = now.Add(updateRest)
	}
	if l.at == nil {
		l.at = make(map[string]int)
		for i := range l.past {
			l.at[l.past[i].Incident.ID] = i
		}
	}
	item := itemOf(n)
	if i, ok := l.at[item.Incident.ID]; ok {
		l.past[i] = l.past[i].Then(item)
		return
	}
	l.at[item.Incident.ID] = len(l.past)
	l.past = append(l.past, item)
}

// takePast returns what hold has kept: incidents that are over, and those that aren't.
func (l *mailLimiter) takePast() (over, open []mailer.Item) {
	for _, i := range l.past {
		if i.Over {
			over = append(over, i)
		} else {
			open = append(open, i)
		}
	}
	l.past, l.at = nil, nil
	return over, open
}

// rests tells whether the last mail about an incident is too recent for another one.
func (l *mailLimiter) rests(incident string, now time.Time) bool {
	last, ok := l.Told[incident]
	return ok && !last.At.After(now) && now.Sub(last.At) < updateRest
}

// mark notes that a mail about an incident goes now.
func (l *mailLimiter) mark(incident, mail string, now time.Time) {
	if l.Told == nil {
		l.Told = make(map[string]lastMail)
	}
	l.Told[incident] = lastMail{mail, now}
	if len(l.Told) > maxTold {
		l.forget(now.Add(-updateRest))
	}
}

// markAll notes that a digest goes now.
func (l *mailLimiter) markAll(items []mailer.Item, now time.Time) {
	for i := range items {
		l.mark(items[i].Incident.ID, mailer.DigestName(items), now)
	}
}

// maxTold is how many incidents may have a last mail before the older ones are forgotten.
const maxTold = 50_000

// forget forgets mails that were made before a time.
func (l *mailLimiter) forget(before time.Time) {
	maps.DeleteFunc(l.Told, func(_ string, last lastMail) bool { return last.At.Before(before) })
}

// hasRoom tells whether another mail may go in this hour.
func hasRoom(mails *[]time.Time, now time.Time, most int) bool {
	for len(*mails) > 0 && (now.Sub((*mails)[0]) >= time.Hour || (*mails)[0].After(now)) {
		*mails = (*mails)[1:]
	}
	return len(*mails) < most
}

// isPastDue tells whether what hold keeps has waited long enough.
func (l *mailLimiter) isPastDue(now time.Time) bool { return len(l.past) > 0 && !now.Before(l.pastDue) }

// digest returns the items that are to go into digests, if these are due. The caller marks them. What was held by a
// silence that has ended is due at once.
func (l *mailLimiter) digest(now time.Time) (items []mailer.Item) {
	ready := 0
	for i := range l.Gathered {
		if l.isReady(&l.Gathered[i]) {
			ready++
		}
	}
	if ready == 0 {
		l.Due = time.Time{}
		return nil
	}
	if ready < maxDigest && now.Before(l.Due) {
		return nil
	}
	var rest []mailer.Item
	for _, item := range l.Gathered {
		if len(items) < maxDigest && l.isReady(&item) {
			items = append(items, item)
		} else {
			rest = append(rest, item)
		}
	}
	if l.Gathered = rest; len(items) == ready {
		l.Due = time.Time{}
	}
	return items
}
