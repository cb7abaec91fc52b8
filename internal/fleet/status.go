package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/engine"
)

const (
	// HostInfoPause is how often a host says what it is.
	HostInfoPause = 5 * time.Second
	// SilentAfter is how old what a host says of itself is when it counts as silent.
	SilentAfter = 15 * time.Second
)

// A Status is what a fleet looks like from outside, at one moment. Its times are those of the engine's clock.
type Status struct {
	Engine string    `json:"engine"` // without user and password
	At     time.Time `json:"at"`
	Leader string    `json:"leader"` // host; "": none leads
	// Counted is the time before which everything has been counted, and Lag how long ago that is; zero: nobody has
	// counted yet, or the engine has lost it.
	Counted   time.Time    `json:"counted_to,omitzero"`
	Lag       float64      `json:"lag_seconds"`
	Committed time.Time    `json:"committed,omitzero"` // when the leader committed last; zero: unknown
	Hosts     []HostStatus `json:"hosts"`              // by name
	Alerts    []OpenAlert  `json:"alerts"`             // open ones, the oldest first
	Unread    string       `json:"unread,omitempty"`   // why some streams couldn't be read
}

// A HostStatus is one host that publishes.
type HostStatus struct {
	HostInfo
	Silent bool `json:"silent"` // it hasn't said what it is for SilentAfter
	// Waited says that the leader doesn't count further than this host has published.
	Waited bool `json:"waited_for"`
	// Until is by log host the time before which everything has been published, by the clock of that host. It is empty
	// if the host has published nothing, or its streams couldn't be read.
	Until map[string]time.Time `json:"published_to"`
	// Slowest is the log host whose Until is the least, and Lag how long ago that is.
	Slowest string  `json:"slowest,omitempty"`
	Lag     float64 `json:"lag_seconds"`
	// Differs says that the host has other rules than the fleet: Lacks are rules of the fleet alone, Extra its own.
	// Both are empty if the rules are in another order.
	Differs bool     `json:"rules_differ"`
	Lacks   []string `json:"rules_lacking,omitempty"`
	Extra   []string `json:"rules_extra,omitempty"`
}

// Look looks at a fleet. Patience is that of the configuration. It changes nothing, and works without a leader. An
// error says that the engine can't be asked.
func Look(ctx context.Context, client *engine.Client, patience time.Duration) (Status, error) {
	s := Status{Engine: client.Where(), Hosts: []HostStatus{}, Alerts: []OpenAlert{}}
	offset, err := client.ClockOffset(ctx)
	if err != nil && !engine.IsDenied(err) { // without the right this machine's clock must do
		return s, err
	}
	s.At = time.Now().Add(-offset).UTC()
	said, err := client.Hosts(ctx)
	if err != nil {
		return s, err
	}
	standing, err := client.Standing(ctx)
	if err != nil {
		return s, err
	}
	s.stand(&standing)
	streams := s.addHosts(said)
	ends, err := client.Ends(ctx, slices.Concat(streams...))
	if err != nil {
		s.Unread = err.Error()
	}
	for i := range s.Hosts {
		s.Hosts[i].read(s.At, streams[i], ends)
	}
	s.markWaited(patience)
	s.compareRules()
	verdicts, err := client.Verdicts(ctx, "")
	if err != nil {
		return s, err
	}
	for id, text := range verdicts.All {
		var v OpenAlert
		if json.Unmarshal(text, &v) != nil {
			v.ID = id
		}
		s.Alerts = append(s.Alerts, v)
	}
	slices.SortFunc(s.Alerts, func(a, b OpenAlert) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	return s, nil
}

// stand notes who leads, and how far the fleet is.
func (s *Status) stand(standing *engine.Standing) {
	s.Leader, _, _ = strings.Cut(standing.Leader, " ")
	if !standing.Committed.IsZero() {
		s.Committed = standing.Committed.UTC()
	}
	var d done
	if json.Unmarshal(standing.Done, &d) == nil && standing.Seq > 0 && isSecond(d.Second) {
		s.Counted = time.Unix(d.Second, 0).UTC()
		s.Lag = s.At.Sub(s.Counted).Seconds()
	}
}

// isSecond tells seconds from what stands for none, or is nonsense.
func isSecond(n int64) bool { return 0 < n && n < math.MaxInt32<<8 }

// addHosts makes one of a host's streams: each says the same, but one may be newer. It returns the streams of each.
func (s *Status) addHosts(said map[string][]byte) (streams [][]string) {
	of := make(map[string]*HostStatus)
	names := make(map[string][]string)
	for stream, text := range said {
		var info HostInfo
		if json.Unmarshal(text, &info) != nil || info.Host == "" {
			info.Host, _, _ = strings.Cut(stream, "#")
		}
		names[info.Host] = append(names[info.Host], stream)
		h := of[info.Host]
		if h == nil {
			h = &HostStatus{HostInfo: info}
			of[info.Host] = h
		}
		logs := append(h.Logs, info.Logs...)
		if info.At.After(h.At) {
			h.HostInfo = info
		}
		slices.Sort(logs)
		h.Logs = slices.Compact(logs)
	}
	for _, h := range of {
		h.At = h.At.Add(-time.Duration(h.Offset) * time.Millisecond).UTC()
		h.Silent = s.At.Sub(h.At) > SilentAfter
		s.Hosts = append(s.Hosts, *h)
	}
	slices.SortFunc(s.Hosts, func(a, b HostStatus) int { return cmp.Compare(a.Host, b.Host) })
	for _, h := range s.Hosts {
		streams = append(streams, names[h.Host])
	}
	return streams
}

// read notes how far the host has published.
func (h *HostStatus) read(now time.Time, streams []string, ends map[string]engine.End) {
	h.Until = make(map[string]time.Time)
	for _, stream := range streams {
		var untils Untils
		if json.Unmarshal(ends[stream].Untils, &untils) != nil {
			continue
		}
		for name, second := range untils {
			until := time.Unix(second, 0).UTC()
			if before, known := h.Until[name]; isSecond(second) && (!known || until.After(before)) {
				h.Until[name] = until
			}
		}
	}
	for name, until := range h.Until {
		least, known := h.Until[h.Slowest]
		if !known || until.Before(least) || until.Equal(least) && name < h.Slowest {
			h.Slowest, h.Lag = name, now.Sub(until).Seconds()
		}
	}
}

// markWaited marks the hosts that the leader waits for, as far as that shows: it goes by when they last published.
func (s *Status) markWaited(patience time.Duration) {
	var lags []float64
	for _, h := range s.Hosts {
		if !h.Silent && h.Slowest != "" {
			lags = append(lags, h.Lag)
		}
	}
	if len(lags) == 0 {
		return
	}
	slices.Sort(lags)
	most := lags[(len(lags)-1)/2] + patience.Seconds() // behind the upper median of times
	for i := range s.Hosts {
		h := &s.Hosts[i]
		h.Waited = !h.Silent && h.Slowest != "" && h.Lag <= most
	}
}

// compareRules marks the hosts with other rules than the fleet's. These are the leader's, else those of most hosts; a
// tie is for the host whose name comes first.
func (s *Status) compareRules() {
	fleet := s.FleetRules()
	if fleet == nil {
		return
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if h.Rules == fleet.Rules || h.Rules == "" {
			continue
		}
		h.Differs = true
		h.Lacks, h.Extra = less(fleet.Texts, h.Texts), less(h.Texts, fleet.Texts)
	}
}

// FleetRules is a host that has the fleet's rules; nil if no host tells its own.
func (s *Status) FleetRules() *HostStatus {
	votes := make(map[string]int)
	for _, h := range s.Hosts {
		votes[h.Rules]++
	}
	var best *HostStatus
	for i := range s.Hosts {
		h := &s.Hosts[i]
		switch {
		case h.Rules == "":
		case h.Host == s.Leader:
			return h
		case best == nil || votes[h.Rules] > votes[best.Rules]:
			best = h
		}
	}
	return best
}

// less are the texts that others lack, each as often as it is there more often.
func less(texts, others []string) (rest []string) {
	left := slices.Clone(others)
	for _, text := range texts {
		if i := slices.Index(left, text); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else {
			rest = append(rest, text)
		}
	}
	return rest
}

// A Problem is something that is wrong with a fleet. Both texts may hold what hosts say: escape them.
type Problem struct {
	Text string `json:"problem"`
	Hint string `json:"hint"`
	// Mild says that the fleet counts exactly nevertheless.
	Mild bool `json:"mild,omitempty"`
}

const (
	mostLag    = 20 * time.Second // beyond patience: a leader that has taken over is behind for that long
	mostOffset = time.Second      // between the clocks of synchronized machines, by far
)

// Problems are what is wrong, the worst first. Zone is for times, patience that of the configuration.
func (s *Status) Problems(zone *time.Location, patience time.Duration) (all []Problem) {
	add := func(mild bool, hint, format string, args ...any) {
		all = append(all, Problem{fmt.Sprintf(format, args...), hint, mild})
	}
	clock := func(at time.Time) string { return ShortTime(at, s.At, zone) }
	switch lag := time.Duration(s.Lag * float64(time.Second)); {
	case len(s.Hosts) == 0:
		add(false, "Write the same [fleet] into each host's configuration, and restart exiwatch there.",
			"No host has joined the fleet.")
	case s.Leader == "":
		add(false, "The daemons' logs say why none leads: journalctl -u exiwatch. A host leads that runs, reaches the "+
			"engine, may write there and has the rules of most hosts.", "No host leads: each host counts alone.")
	case !s.Counted.IsZero() && lag > patience+mostLag:
		add(false, "A leader that has just taken over reads the last windows first: look again in a minute.",
			"%s leads and has counted up to %s alone.", s.Leader, clock(s.Counted))
	}
	if s.Unread != "" {
		add(false, "Look at that node of the engine. Its hosts' lines count when it is back.",
			"Some hosts' arrivals can't be read: %s.", s.Unread)
	}
	for _, h := range s.Hosts {
		if h.Silent {
			since := "has never said that it runs"
			if isSecond(h.At.Unix()) {
				since = "is silent since " + clock(h.At)
			}
			add(false, "Does exiwatch run there, and does it reach the engine? Its arrivals count when they come.",
				"%s %s. The fleet goes on without it.", h.Host, since)
		}
	}
	for _, h := range s.Hosts {
		if h.Differs {
			add(false, "Give all hosts the same [[rule]]s, exceptions included, and reload exiwatch there.",
				"%s has other rules than the fleet. Its arrivals count, but it never leads.%s", h.Host, h.difference())
		}
	}
	for _, h := range s.Hosts {
		offset := time.Duration(h.Offset) * time.Millisecond
		switch {
		case h.Silent:
			continue
		case !h.Waited && h.Slowest != "":
			add(true, "Its clock may be behind, or it has much to read. Its arrivals count when they come.",
				"%s has published up to %s alone. The fleet doesn't wait for it.", h.Host, clock(h.Until[h.Slowest]))
		}
		if offset.Abs() > mostOffset {
			side := "ahead of"
			if offset < 0 {
				side = "behind"
			}
			add(true, "Synchronize all hosts' clocks: install chrony.", "The clock of %s is %.1f s %s the engine's.",
				h.Host, offset.Abs().Seconds(), side)
		}
	}
	return all
}

// difference lists the rules that differ, each in a line.
func (h *HostStatus) difference() string {
	var b strings.Builder
	for _, text := range h.Lacks {
		b.WriteString("\nthe fleet alone: " + text)
	}
	for _, text := range h.Extra {
		b.WriteString("\n" + h.Host + " alone: " + text)
	}
	if b.Len() == 0 {
		b.WriteString("\nThe rules are the same, in another order.")
	}
	return b.String()
}

// ShortTime writes a time for people: without its date, if it is that of now.
func ShortTime(at, now time.Time, zone *time.Location) string {
	at, now = at.In(zone), now.In(zone)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}
