package mailer

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A notice is the JSON that a Hook or a Webhook gets: one object on one line, as escape.NewJSON's encoder writes it.
// Texts are valid UTF-8, with U+FFFD for what was broken in the log, and end in an ellipsis where they are cut. They
// are the log's own text: escape them before you show them. Lists are never null.
type notice struct {
	noticeHead
	SubjectValues string      `json:"subject_values"` // how subjects and topics are shown: full, hashed, or none
	Alert         noticeAlert `json:"alert"`

	// Of alerts of a fleet.
	Alone      *noticeAlone      `json:"alone,omitempty"`      // one host counted it by itself
	Withdrawal *noticeWithdrawal `json:"withdrawal,omitempty"` // of the event withdrawn: why
}

// A noticeAlone says which host counted an alert by itself, as the fleet gave no verdicts.
type noticeAlone struct {
	Host  string `json:"host"`
	Since string `json:"since"` // when the engine last answered; "": it never did
}

// A noticeWithdrawal says why an alert is withdrawn.
type noticeWithdrawal struct {
	LateHosts []string `json:"late_hosts"` // whose lines came late; the first noticeRows
	Instead   string   `json:"instead"`    // FleetMark.Instead
}

// A noticeHead is what all notices begin with.
type noticeHead struct {
	Version int    `json:"version"` // noticeVersion
	Event   string `json:"event"`   // opened, grew, ended, withdrawn or test
	Host    string `json:"host"`    // of the mail server
	Log     string `json:"log"`     // path of its main log
}

// noticeVersion changes when a field is removed or changes its meaning. New fields may come without a change.
const noticeVersion = 1

// A noticeAlert is an alert at the time of the event. Up to Bytes the fields are those of `exiwatch replay --json`. The
// lists have the noticeRows with the most messages.
type noticeAlert struct {
	ID         string  `json:"id"`
	Rule       string  `json:"rule"` // its name
	Key        string  `json:"key"`
	Value      string  `json:"value"` // "" for a subject or topic where subject_values is none
	Count      string  `json:"count"` // what is counted
	Limit      int64   `json:"limit"`
	Window     string  `json:"window"`     // Go duration
	Opened     string  `json:"opened"`     // RFC 3339, as all times
	CrossedBy  string  `json:"crossed_by"` // message id
	Peak       int64   `json:"peak"`
	Ended      *string `json:"ended"` // null while it is open
	Messages   int64   `json:"messages"`
	Recipients int64   `json:"recipients"`
	Bytes      int64   `json:"bytes"`
	Suspicious int64   `json:"suspicious"` // messages that may be somebody else's

	// What became of the recipients, and how many messages are still in the queue; all 0 where that isn't known.
	Delivered  int64           `json:"delivered"`
	Refused    int64           `json:"refused"`
	Deferred   int64           `json:"deferred"`
	Queued     int64           `json:"queued"`
	Refusals   []noticeRefusal `json:"refusals"`    // the commonest reasons
	BlockLists []string        `json:"block_lists"` // by which more than one host refuses this one

	CrossedCount int64 `json:"crossed_count"` // the count when it crossed the limit
	// the peak has come to so many times the limit: 2, 5, 10, 20 …; 0: not twice yet
	Times    int64    `json:"times"`
	Incident string   `json:"incident"` // id of the incident's first alert
	Closes   bool     `json:"closes"`   // the alert has ended, and none of the incident is open any more
	Thread   string   `json:"thread"`   // the same as incident
	First    string   `json:"first"`
	Last     string   `json:"last"`
	Samples  []string `json:"samples"` // message ids

	// Distinct is how many values each list had to choose from, by its name. An alert counts up to 1000.
	Distinct map[string]int `json:"distinct"`

	Subjects         []noticeSubject `json:"subjects"` // none where subject_values is none
	Topics           []noticeTopic   `json:"topics"`   // likewise
	Senders          []noticeRow     `json:"senders"`
	Auths            []noticeRow     `json:"auths"`
	Users            []noticeRow     `json:"users"`
	Hosts            []noticeRow     `json:"hosts"`
	Networks         []noticeRow     `json:"networks"`
	Helos            []noticeRow     `json:"helos"`
	Protocols        []noticeRow     `json:"protocols"`
	RecipientDomains []noticeRow     `json:"recipient_domains"`
	Anomalies        []noticeRow     `json:"anomalies"` // what is wrong with how many log entries
	Entries          []string        `json:"entries"`   // some of these

	LogHosts []noticeRow `json:"log_hosts,omitempty"` // in whose logs the messages are; of a fleet
}

type noticeRow struct {
	Value    string `json:"value"`
	Messages int64  `json:"messages"`
}

type noticeRefusal struct {
	Text       string   `json:"text"`  // folded
	Hosts      []string `json:"hosts"` // at most three that said so; none where this host did
	Recipients int64    `json:"recipients"`
}

type noticeSubject struct {
	Subject  string `json:"subject"`
	Messages int64  `json:"messages"`
}

type noticeTopic struct {
	Topic    string `json:"topic"`
	Example  string `json:"example"`  // the most frequent of its subjects
	Subjects int    `json:"subjects"` // how many it stands for
	Messages int64  `json:"messages"`
}

// Bounds of a notice, which make it shorter than 64 KiB: its lists have 145 texts at most, it has 14 others, and
// numbers, names and late hosts take less than 6 KiB.
const (
	noticeRows = 10  // of a list
	noticeText = 400 // bytes that a text takes in JSON, less quotes and ellipsis
	noticeHost = 100 // bytes that the name of a late host takes, the same way
)

// Notice makes the JSON about an event (opened, grew, ended or withdrawn) of a, in its present state: call it on the
// goroutine that counts. Of c it takes Host, Log, Subjects, Key and Fleet. The same state makes the same bytes.
func (c Composer) Notice(a *window.Alert, event string) ([]byte, error) {
	if !slices.Contains(kinds, event) || !ValidName(a.ID+"."+event) {
		return nil, fmt.Errorf("making a notice: %q is not the id and event of an alert", a.ID+"."+event)
	}
	return c.notice(a, event)
}

// notice is Notice for any event.
func (c Composer) notice(a *window.Alert, event string) ([]byte, error) {
	if err := checkSubjects(c.Subjects); err != nil {
		return nil, fmt.Errorf("making a notice: %w", err)
	}
	n := notice{noticeHead: noticeHead{noticeVersion, event, clip(c.Host), clip(c.Log)},
		SubjectValues: cmp.Or(c.Subjects, SubjectsFull), Alert: aboutAlert(a)}
	n.Alone = c.Fleet.noticeAlone()
	if event == withdrawn {
		n.Withdrawal = c.Fleet.withdrawal()
	}
	switch n.SubjectValues {
	case SubjectsFull:
		n.Alert.tellSubjects(a, clip)
	case SubjectsHashed:
		n.Alert.tellSubjects(a, func(s string) string { return redactSubject(s, c.Key) })
	default:
		if isSubject(n.Alert.Key) {
			n.Alert.Value = ""
		}
	}
	var b bytes.Buffer
	if err := escape.NewJSON(&b).Encode(n); err != nil {
		return nil, fmt.Errorf("making a notice: %w", err)
	}
	return b.Bytes(), nil
}

// noticeAlone says which host counted by itself; nil if none did.
func (m FleetMark) noticeAlone() *noticeAlone {
	if m.Alone == "" {
		return nil
	}
	n := &noticeAlone{Host: clip(m.Alone)}
	if !m.Since.IsZero() {
		n.Since = stamp(m.Since)
	}
	return n
}

// withdrawal says why an alert is withdrawn.
func (m FleetMark) withdrawal() *noticeWithdrawal {
	w := &noticeWithdrawal{LateHosts: []string{}, Instead: clip(m.Instead)}
	for _, host := range m.Late[:min(len(m.Late), noticeRows)] {
		w.LateHosts = append(w.LateHosts, clipTo(host, noticeHost))
	}
	return w
}

// aboutAlert returns everything but subjects and topics.
func aboutAlert(a *window.Alert) noticeAlert {
	n := noticeAlert{
		ID: a.ID, Rule: clip(a.Rule.Name), Key: a.Rule.Key.String(), Value: clip(a.Value), Count: a.Rule.Count.String(),
		Limit: a.Limit, Window: a.Rule.Window.String(), Opened: stamp(a.Opened), CrossedBy: clip(a.CrossedBy),
		Peak:     a.Peak,
		Messages: a.Messages, Recipients: a.Recipients, Bytes: a.Bytes, Suspicious: a.Suspicious,
		Delivered: a.Fates.Delivered, Refused: a.Fates.Refused, Deferred: a.Fates.Deferred, Queued: QueuedOf(a.Fates),
		Refusals: refusalRows(a), BlockLists: append([]string{}, BlockLists(a)...),
		CrossedCount: a.Count, Times: a.Times, Incident: clip(BeginningOf(a).ID), Closes: a.Closes,
		Thread: clip(BeginningOf(a).ID), First: stamp(a.First), Last: stamp(a.Last),
		Samples:  []string{},
		Distinct: make(map[string]int),
		Subjects: []noticeSubject{}, Topics: []noticeTopic{},
		Senders: rowsOf(a, window.Sender), Auths: rowsOf(a, window.Auth), Users: rowsOf(a, window.User),
		Hosts: rowsOf(a, window.Host), Networks: rowsOf(a, window.Network), Helos: rowsOf(a, window.Helo),
		Protocols: rowsOf(a, window.Protocol), RecipientDomains: rowsOf(a, window.RecipientDomain),
		Anomalies: rowsOf(a, window.Anomaly), Entries: []string{}, LogHosts: rowsOf(a, window.LogHost),
	}
	for _, row := range a.Top(window.Entry, topSamples) {
		n.Entries = append(n.Entries, clip(row.Value))
	}
	if !a.Ended.IsZero() {
		n.Ended = new(stamp(a.Ended))
	}
	for _, id := range a.Samples {
		n.Samples = append(n.Samples, clip(id))
	}
	for _, k := range noticeLists {
		n.Distinct[words.Noun(0, k.String())], _ = a.Distinct(k)
	}
	n.Distinct["refusals"] = len(a.Refusals(0))
	if hosts, _ := a.Distinct(window.LogHost); hosts > 0 {
		n.Distinct["log_hosts"] = hosts
	}
	return n
}

// noticeLists are the keys of the lists, whose names are the plurals.
var noticeLists = []window.Key{
	window.Subject, window.Topic, window.Sender, window.Auth, window.User, window.Host, window.Network, window.Helo,
	window.Protocol, window.RecipientDomain, window.Anomaly, window.Entry,
}

func refusalRows(a *window.Alert) []noticeRefusal {
	rows := []noticeRefusal{}
	for _, r := range a.Refusals(ShownRefusals) {
		row := noticeRefusal{Text: clip(r.Text), Hosts: []string{}, Recipients: r.Recipients}
		for _, host := range r.Hosts[:min(len(r.Hosts), ShownRefusers)] {
			row.Hosts = append(row.Hosts, clip(host))
		}
		rows = append(rows, row)
	}
	return rows
}

func rowsOf(a *window.Alert, k window.Key) []noticeRow {
	rows := []noticeRow{}
	for _, row := range a.Top(k, noticeRows) {
		rows = append(rows, noticeRow{clip(row.Value), row.Messages})
	}
	return rows
}

// tellSubjects fills in subjects and topics. show converts each.
func (n *noticeAlert) tellSubjects(a *window.Alert, show func(string) string) {
	if isSubject(n.Key) {
		n.Value = show(a.Value)
	}
	for _, row := range a.Top(window.Subject, noticeRows) {
		n.Subjects = append(n.Subjects, noticeSubject{show(row.Value), row.Messages})
	}
	for _, t := range a.Topics(noticeRows) {
		n.Topics = append(n.Topics, noticeTopic{show(t.Value), show(t.Example), t.Subjects, t.Messages})
	}
}

// stamp formats a log time as RFC 3339, with milliseconds if it has any.
func stamp(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format(time.RFC3339)
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}

// clip cuts s to noticeText bytes of JSON, and adds an ellipsis.
func clip(s string) string { return clipTo(s, noticeText) }

func clipTo(s string, room int) string {
	for i, r := range s {
		if room -= escape.SizeInJSON(r); room < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
