package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// A FleetState is what a host knows of its fleet. Its texts are what other hosts say.
type FleetState struct {
	Alone  bool         // the fleet gives no verdicts: this host counts alone
	Heard  time.Time    // when the last verdict came; zero: none did
	Leader string       // host; "" if none leads, or the fleet is the logs of this machine
	Local  bool         // the fleet is the logs of this machine: it has no hosts, and no leader
	Open   []FleetAlert // all of them, in the order in which they opened
	Hosts  []FleetHost  // by name, as of Looked
	Looked time.Time    // when the engine was asked for Hosts; zero: not yet
	// Problem is why the engine couldn't be asked for Hosts the last time; "": it could.
	Problem string
}

// A FleetAlert is an open alert of a fleet. Rule, Key, Measure and Value may be any text.
type FleetAlert struct {
	ID, Incident   string
	Rule           string // its name
	Key, Value     string
	Measure        string // what is counted
	Current, Limit int64
	Window         time.Duration // 0: unknown
	Opened         time.Time
	Messages       int64            // since it opened
	LogHosts       map[string]int64 // messages in each host's log
}

// A FleetHost is how a host of a fleet is.
type FleetHost struct {
	Name   string
	Heard  time.Duration // how long ago it said what it is; negative: it never did
	Behind time.Duration // how long ago the last line was that it has published with all before it; negative: unknown
	Silent bool
	Leads  bool
	Waited bool // the fleet doesn't count further than this host has published
	Differ bool // it has other rules than the fleet
}

// Over tells whether the count is over the limit now.
func (a *FleetAlert) Over() bool { return a.Current > a.Limit }

// share is Current divided by Limit.
func (a *FleetAlert) share() float64 { return float64(a.Current) / float64(max(a.Limit, 1)) }

// Of is whose alert it is. HasPage tells whether that has a page.
func (a *FleetAlert) Of() link {
	k, _ := keyOf(a.Key)
	return link{canonicalKey(k), a.Value}
}

// HasPage tells whether the value has a page.
func (a *FleetAlert) HasPage() bool {
	_, ok := keyOf(a.Key)
	return ok && len(a.Value) <= maxValue
}

// Noun names what the value is; empty for an account.
func (a *FleetAlert) Noun() string {
	if a.HasPage() {
		return a.Of().Noun()
	}
	return words.Key(a.Key)
}

// tampers tells whether the alert is about the log's integrity.
func (a *FleetAlert) tampers() bool { return a.Measure == window.Anomalies.String() }

// A logHostShare is how many of an alert's messages are in a host's log.
type logHostShare struct {
	Host     string
	Messages int64
	Of       int64 // the most of any host
}

// Bar compares it with the host that has the most.
func (s logHostShare) Bar() htmlkit.Bar {
	share := max(float64(s.Messages)/float64(max(s.Of, 1)), 0)
	return htmlkit.Bar{Fill: htmlkit.Round(100 * share), Mark: 100, Level: "share"}
}

// How many hosts of an alert are shown, in a table and on its own page.
const (
	fewHosts  = 3
	manyHosts = 50
)

// Few are the hosts with the most messages.
func (a *FleetAlert) Few() []logHostShare { return a.shares(fewHosts) }

// Many are more of them.
func (a *FleetAlert) Many() []logHostShare { return a.shares(manyHosts) }

// MoreThan is how many hosts there are besides.
func (a *FleetAlert) MoreThan(shown []logHostShare) int { return len(a.LogHosts) - len(shown) }

func (a *FleetAlert) shares(most int) (all []logHostShare) {
	names := slices.SortedFunc(maps.Keys(a.LogHosts), func(x, y string) int {
		return cmp.Or(cmp.Compare(a.LogHosts[y], a.LogHosts[x]), cmp.Compare(x, y))
	})
	for _, name := range names[:min(most, len(names))] {
		all = append(all, logHostShare{name, a.LogHosts[name], a.LogHosts[names[0]]})
	}
	return all
}

// Counts tells whether the fleet counts for this host: then what is open is what the fleet says.
func (f *FleetState) Counts() bool { return f != nil && !f.Alone }

// hostAlone is what the title says of a host that counts alone.
func (f *FleetState) hostAlone() string {
	if f != nil && f.Alone {
		return here(f)
	}
	return ""
}

// Known tells whether the fleet has said what is open.
func (f *FleetState) Known() bool { return f.Local || !f.Heard.IsZero() }

// worst are the open alerts that are the farthest over their limits, the worst first.
func (f *FleetState) worst() []FleetAlert {
	all := slices.Clone(f.Open)
	slices.SortStableFunc(all, func(a, b FleetAlert) int { return cmp.Compare(b.share(), a.share()) })
	return all[:min(len(all), MaxOpen)]
}

// of are the open alerts on a value under any of the keys.
func (f *FleetState) of(keys []window.Key, value string) (all []FleetAlert) {
	for _, a := range f.Open {
		if k, ok := keyOf(a.Key); ok && a.Value == value && slices.Contains(keys, k) {
			all = append(all, a)
		}
	}
	return all
}

// Unwell is how many hosts something is wrong with.
func (f *FleetState) Unwell() (n int) {
	for _, h := range f.Hosts {
		if !h.IsWell() {
			n++
		}
	}
	return n
}

// AllHosts names the hosts of whose logs the verdict is.
func (f *FleetState) AllHosts() string {
	switch {
	case f.Local:
		return "in all logs of this machine"
	case len(f.Hosts) == 0:
		return "on all hosts of the fleet"
	}
	return "on " + words.Plural(int64(len(f.Hosts)), "host")
}

// Ago writes a time that has passed, as the table of hosts shows it.
func (FleetHost) Ago(d time.Duration) string {
	if d < 0 {
		return "unknown"
	}
	return words.Span(d.Round(time.Second))
}

// State says how the fleet sees the host.
func (h FleetHost) State() string {
	state := "waited for"
	switch {
	case h.Silent:
		state = "silent"
	case h.Behind < 0:
		state = "has published nothing yet"
	case !h.Waited:
		state = "not waited for"
	}
	if h.Leads {
		state = "leads, " + state
	}
	if h.Differ {
		state += ", has other rules"
	}
	return state
}

// IsWell tells whether nothing is wrong with the host.
func (h FleetHost) IsWell() bool { return h.Waited && !h.Silent && !h.Differ }

// judgeFleet finds out who sends in bulk on any host.
func (o *overview) judgeFleet() {
	o.Together, o.Count = o.Fleet.worst(), len(o.Fleet.Open)
	seen := make(map[link]bool)
	for i := range o.Fleet.Open {
		switch a := &o.Fleet.Open[i]; {
		case !a.Over():
		case a.tampers():
			o.Tampered = true
		case !seen[a.Of()]:
			seen[a.Of()] = true
			o.Senders = append(o.Senders, a)
		}
	}
}
