package fleetchaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A verdict is what the fleet told compared with the reference. Its lists name what is wrong.
type verdict struct {
	Missing   []string // alerts, and events of alerts
	Extra     []string // alerts that were told, are not withdrawn, and aren't the fleet's
	Twice     []string // events
	Differ    []string // totals, peaks
	Unmailed  []string
	MailedTwo []string

	alerts, withdrawn, alone, renamed int
	repeated                          int // events that a daemon told again after it was killed
}

// faults are all of them.
func (v *verdict) faults() (all []string) {
	for what, list := range map[string][]string{"missing": v.Missing, "extra": v.Extra, "told twice": v.Twice,
		"different": v.Differ, "not mailed": v.Unmailed, "mailed twice": v.MailedTwo} {
		for _, one := range list {
			all = append(all, what+": "+one)
		}
	}
	slices.Sort(all)
	return all
}

func (v *verdict) String() string {
	return fmt.Sprintf("%d alerts, %d missing, %d extra, %d told twice, %d different, %d not mailed, %d mailed twice; "+
		"%d told under another id, %d withdrawn, %d told alone, %d events told again after a kill", v.alerts, len(v.Missing),
		len(v.Extra), len(v.Twice), len(v.Differ), len(v.Unmailed), len(v.MailedTwo), v.renamed, v.withdrawn, v.alone,
		v.repeated)
}

// A story is all that was told of one alert.
type story struct {
	id     string
	events map[string][]notice // by name
}

// fleets are its events of a name that the fleet told; the others one host told alone.
func (s *story) fleets(name string) (all []notice) {
	for _, n := range s.events[name] {
		if n.Alone == nil {
			all = append(all, n)
		}
	}
	return all
}

// isAlone tells whether the fleet has said nothing of it.
func (s *story) isAlone() bool {
	for _, list := range s.events {
		for _, n := range list {
			if n.Alone == nil {
				return false
			}
		}
	}
	return true
}

// A crash tells whether a daemon was killed between two moments.
type crash func(host string, from, to time.Time) bool

// judge compares. Nothing more may come.
func judge(want []listed, notices []notice, letters []letter, killed crash) *verdict {
	v := &verdict{alerts: len(want)}
	stories := tell(notices)
	of := make(map[string]*story) // by episode, as it was when it ended
	for _, id := range slices.Sorted(maps.Keys(stories)) {
		s := stories[id]
		v.countTwice(s, killed)
		switch ends := s.fleets("ended"); {
		case len(s.fleets("withdrawn")) > 0:
			v.withdrawn++
		case s.isAlone():
			v.alone++
		case len(ends) == 0:
			v.Extra = append(v.Extra, "never ended: "+id+" "+s.first().Alert.episode())
		case of[ends[0].Alert.episode()] != nil:
			v.Extra = append(v.Extra, "a second alert: "+id+" "+ends[0].Alert.episode())
		default:
			of[ends[0].Alert.episode()] = s
		}
	}
	for i := range want {
		s := of[want[i].episode()]
		if s == nil {
			v.Missing = append(v.Missing, want[i].ID+" "+want[i].episode())
			continue
		}
		delete(of, want[i].episode())
		v.compare(&want[i], s)
	}
	for _, s := range of {
		v.Extra = append(v.Extra, s.id+" "+s.fleets("ended")[0].Alert.episode())
	}
	v.judgeMails(notices, letters, killed)
	return v
}

// tell sorts notices by alerts.
func tell(notices []notice) map[string]*story {
	stories := make(map[string]*story)
	for _, n := range notices {
		s := stories[n.Alert.ID]
		if s == nil {
			s = &story{n.Alert.ID, make(map[string][]notice)}
			stories[n.Alert.ID] = s
		}
		s.events[n.name()] = append(s.events[n.name()], n)
	}
	return stories
}

func (s *story) first() (first *notice) {
	for _, list := range s.events {
		if first == nil || list[0].at.Before(first.at) {
			first = &list[0]
		}
	}
	return first
}

// countTwice looks for events that were told twice. One that a daemon tells, is killed and tells again is none: a
// webhook gets an event at least once.
func (v *verdict) countTwice(s *story, killed crash) {
	for _, name := range slices.Sorted(maps.Keys(s.events)) {
		list := s.fleets(name)
		if name == "opened" { // of which a host may have told alone
			list = s.events[name]
		}
		for i := 1; i < len(list); i++ {
			if a, b := list[i-1], list[i]; a.by == b.by && killed(a.by, a.at, b.at) {
				v.repeated++
			} else {
				v.Twice = append(v.Twice, fmt.Sprintf("%s.%s by %s at %s and by %s at %s", s.id, name, a.by, clock(a.at),
					b.by, clock(b.at)))
			}
		}
	}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// compare compares an alert with what was told of it.
func (v *verdict) compare(want *listed, s *story) {
	if s.id != want.ID {
		v.renamed++
	}
	end := s.fleets("ended")[0].Alert
	if end.totals() != want.totals() {
		v.Differ = append(v.Differ, fmt.Sprintf("%s %s: %s, want %s", s.id, want.episode(), end.totals(), want.totals()))
	}
	if want.Ended == nil || end.Ended == nil || !want.Ended.Equal(*end.Ended) {
		v.Differ = append(v.Differ, fmt.Sprintf("%s %s: ended %v, want %v", s.id, want.episode(), end.Ended, want.Ended))
	}
	names := []string{"opened"}
	for _, g := range want.Grew {
		names = append(names, fmt.Sprintf("grew%d", g.Times))
	}
	for _, name := range names {
		if len(s.events[name]) == 0 {
			v.Missing = append(v.Missing, fmt.Sprintf("%s.%s %s", s.id, name, want.episode()))
		}
	}
}

// judgeMails wants a mail about each event that was told: its own, or one that tells more.
func (v *verdict) judgeMails(notices []notice, letters []letter, killed crash) {
	about, own := make(map[string][]*letter), make(map[string]bool)
	sent := make(map[string]*letter) // by Message-ID
	for i := range letters {
		l := &letters[i]
		if first := sent[l.messageID]; first == nil {
			sent[l.messageID] = l
		} else if first.by == l.by && killed(l.by, first.at, l.at) {
			v.repeated++
		} else {
			v.MailedTwo = append(v.MailedTwo, fmt.Sprintf("%s by %s at %s and by %s at %s", l.messageID, first.by,
				clock(first.at), l.by, clock(l.at)))
		}
		for _, id := range l.alerts {
			about[id] = append(about[id], l)
			own[id+"."+l.event] = true
		}
	}
	for _, n := range notices {
		name := n.name()
		if name == "ended" && !n.Alert.Closes || own[n.Alert.ID+"."+n.mailed()] { // its incident goes on
			continue
		}
		if !slices.ContainsFunc(about[n.Alert.ID], func(l *letter) bool {
			return l.isDigest() || strings.HasPrefix(name, "grew") && l.grownTo() >= n.Alert.Times
		}) {
			v.Unmailed = append(v.Unmailed, n.Alert.ID+"."+name+" "+n.Alert.episode())
		}
	}
}
