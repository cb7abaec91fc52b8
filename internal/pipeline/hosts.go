package pipeline

import (
	"fmt"
	"slices"

	"exiwatch/window"
)

// hosts are the pipelines of one log in which syslog gathers the lines of several hosts. Each host is counted by
// itself, as several logs are, and has a clock of its own.
type hosts struct {
	all    []*Pipeline // the first is the one that was made for the log
	byName map[string]*Pipeline
	silent bool // the listener hears of nothing: it heard of these lines before

	name   string // of the host of lines that name none; "": unknown
	one    bool   // name is the host of all lines
	record Record // that is published
}

// MaxHosts is how many hosts of one log are counted by themselves. Whoever may send to a syslog daemon can make up
// names: arrivals of further hosts are counted with the first.
const MaxHosts = 64

// of returns the pipeline of a host that a wrapper names. The empty name is a host, too.
func (p *Pipeline) of(host []byte) *Pipeline {
	h := p.hosts
	if h.one || len(h.byName) == 1 && h.all[0].host == string(host) {
		return h.all[0] // as mostly
	}
	if one, ok := h.byName[string(host)]; ok {
		return one
	}
	switch len(h.byName) {
	case 0: // whoever comes first is the log's own
		h.byName = map[string]*Pipeline{string(host): h.all[0]}
		h.all[0].host = string(host)
		return h.all[0]
	case MaxHosts:
		return h.all[0]
	}
	first := h.all[0]
	one, err := first.Another(first.log)
	if err != nil {
		return first // can't be: the first was made of the same
	}
	one.hosts, one.host, one.zone = h, string(host), first.zone
	h.all, h.byName[one.host] = append(h.all, one), one
	return one
}

// Clock returns the clock that the log has reached: that of the host that is farthest ahead.
func (p *Pipeline) Clock() window.Clock {
	clock := p.hosts.all[0].counters.Clock()
	for _, one := range p.hosts.all[1:] {
		if c := one.counters.Clock(); c.Now > clock.Now {
			clock = c
		}
	}
	return clock
}

// A HostClock is the clock of a host at a place in the log.
type HostClock struct {
	Host  string       `json:"host"`
	Clock window.Clock `json:"clock"`
}

// Clocks returns the clocks of all hosts if a wrapper names them.
func (p *Pipeline) Clocks() (all []HostClock) {
	if h := p.hosts; len(h.all) > 1 || h.all[0].host != "" {
		for _, one := range h.all {
			all = append(all, HostClock{one.host, one.counters.Clock()})
		}
	}
	return all
}

// SetClocks lets counting go on at clock, or where hosts are named at the clock of each.
func (p *Pipeline) SetClocks(clock window.Clock, hosts []HostClock) {
	if len(hosts) == 0 {
		p.counters.SetClock(clock)
	}
	for _, h := range hosts {
		p.of([]byte(h.Host)).counters.SetClock(h.Clock)
	}
}

// Hosts returns a pipeline for each host whose lines the log holds, p itself among them.
func (p *Pipeline) Hosts() []*Pipeline { return p.hosts.all }

// SetSilent keeps everything from the listener for now, because it heard of these lines before.
func (p *Pipeline) SetSilent(silent bool) { p.hosts.silent = silent }

// A SavedAlert is an open alert in a checkpoint.
type SavedAlert struct {
	window.SavedAlert
	Host string `json:"host,omitempty"`
}

// A SavedIncident is an incident in a checkpoint.
type SavedIncident struct {
	window.SavedIncident
	Host string `json:"host,omitempty"`
}

// Saved are the open alerts and the incidents of all hosts.
type Saved struct {
	Alerts    []SavedAlert    `json:"alerts"`
	Incidents []SavedIncident `json:"incidents,omitempty"`
}

// Validate fails for what Save can't have returned.
func (s *Saved) Validate() error {
	for i := range s.Alerts {
		if err := s.Alerts[i].Validate(); err != nil {
			return fmt.Errorf("alert %d: %w", i+1, err)
		}
	}
	for i := range s.Incidents {
		if err := s.Incidents[i].Validate(); err != nil {
			return fmt.Errorf("incident %d: %w", i+1, err)
		}
	}
	return nil
}

// Save returns the open alerts and the incidents of all hosts.
func (p *Pipeline) Save() (all Saved) {
	for _, one := range p.hosts.all {
		saved := one.counters.Save()
		for _, s := range saved.Alerts {
			all.Alerts = append(all.Alerts, SavedAlert{s, one.host})
		}
		for _, s := range saved.Incidents {
			all.Incidents = append(all.Incidents, SavedIncident{s, one.host})
		}
	}
	return all
}

// Restore takes what Save returned. It returns the alerts that are open besides.
func (p *Pipeline) Restore(all Saved) (others []*window.Alert) {
	byHost := make(map[*Pipeline]window.Saved)
	of := func(host string) *Pipeline {
		if host == "" {
			return p.hosts.all[0]
		}
		return p.of([]byte(host))
	}
	for _, s := range all.Alerts {
		one := byHost[of(s.Host)]
		one.Alerts = append(one.Alerts, s.SavedAlert)
		byHost[of(s.Host)] = one
	}
	for _, s := range all.Incidents {
		one := byHost[of(s.Host)]
		one.Incidents = append(one.Incidents, s.SavedIncident)
		byHost[of(s.Host)] = one
	}
	for _, one := range slices.Clone(p.hosts.all) {
		others = append(others, one.counters.Restore(byHost[one])...)
	}
	return others
}

// Stats sums what the counters of all hosts hold, and what bounds on memory have cost.
func (p *Pipeline) Stats() (sum window.Stats) {
	for _, one := range p.hosts.all {
		sum.Add(one.counters.Stats())
		if one.queue != nil {
			sum.ForgottenMessages += one.queue.forgotten
		}
	}
	return sum
}
