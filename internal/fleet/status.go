package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
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
	Alerts    []OpenAlert  `json:"alerts"`             // the oldest first
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

// An OpenAlert is an open alert of a fleet, with its value as text: bytes that aren't UTF-8 are U+FFFD.
type OpenAlert struct {
	Ruling
	Value string `json:"value"`
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
	s.Alerts, err = OpenAlerts(ctx, client)
	return s, err
}

// OpenAlerts are the open alerts of a fleet, the oldest first. An error says that the engine can't be asked.
func OpenAlerts(ctx context.Context, client *engine.Client) ([]OpenAlert, error) {
	verdicts, err := client.Verdicts(ctx, "")
	if err != nil {
		return []OpenAlert{}, err
	}
	open := make(map[string]*Ruling)
	for id, text := range verdicts.All {
		r := new(Ruling)
		if json.Unmarshal(text, r) != nil {
			r.ID = id // of a version to come
		}
		open[id] = r
	}
	return asText(inOrder(open)), nil
}

// OpenAlerts are as Open returns them, with their values as text.
func (m *Memory) OpenAlerts() []OpenAlert { return asText(m.Open()) }

func asText(rulings []Ruling) []OpenAlert {
	all := []OpenAlert{}
	for _, r := range rulings {
		all = append(all, OpenAlert{r, strings.ToValidUTF8(string(r.Value), "\ufffd")})
	}
	return all
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

// A saying is what a host says by one of its streams.
type saying struct {
	stream string
	info   HostInfo
}

// addHosts makes one of a host's streams. It returns the streams of each. Streams are left out by which the host says
// nothing more, although it does by others: it follows their logs no longer.
func (s *Status) addHosts(said map[string][]byte) (streams [][]string) {
	of := make(map[string][]saying)
	for stream, text := range said {
		var info HostInfo
		if json.Unmarshal(text, &info) != nil || info.Host == "" {
			info.Host, _, _ = strings.Cut(stream, "#")
		}
		of[info.Host] = append(of[info.Host], saying{stream, info})
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all := of[name]
		slices.SortFunc(all, func(a, b saying) int {
			return cmp.Or(b.info.At.Compare(a.info.At), cmp.Compare(a.stream, b.stream))
		})
		h, own := HostStatus{HostInfo: all[0].info}, []string(nil)
		h.Logs = nil
		for _, one := range all {
			if all[0].info.At.Sub(one.info.At) <= SilentAfter {
				own, h.Logs = append(own, one.stream), append(h.Logs, one.info.Logs...)
			}
		}
		slices.Sort(h.Logs)
		h.Logs = slices.Compact(h.Logs)
		h.At = h.At.Add(-time.Duration(h.Offset) * time.Millisecond).UTC()
		h.Silent = s.At.Sub(h.At) > SilentAfter
		s.Hosts, streams = append(s.Hosts, h), append(streams, own)
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
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if h.Rules != "" {
			var same bool
			h.Lacks, h.Extra, same = s.Compare(h.Rules, h.Texts)
			h.Differs = !same
		}
	}
}

// Compare compares rules, by their name and their texts, with those of the fleet: what they lack, and what they have
// more. Both are empty if only their order differs. They are the same if no host says what its rules are.
func (s *Status) Compare(rules string, texts []string) (lacks, extra []string, same bool) {
	fleet := s.fleetRules()
	if fleet == nil || fleet.Rules == rules {
		return nil, nil, true
	}
	return less(fleet.Texts, texts), less(texts, fleet.Texts), false
}

// fleetRules is a host that has the fleet's rules; nil if no host tells its own.
func (s *Status) fleetRules() *HostStatus {
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
