package watch

import (
	"slices"

	"exiwatch/window"
)

// hosts are the pipelines of one log, in which syslog gathers the lines of several hosts: each is counted by itself,
// as several logs are, and has a clock of its own.
type hosts struct {
	all    []*Pipeline // the first is the one that was made for the log
	byName map[string]*Pipeline
	silent bool // nobody is told of anything: what is read was told before
}

// maxHosts is how many hosts of one log are counted by themselves. Whoever may send to a syslog daemon can make up
// names: arrivals of further ones are counted with the first.
const maxHosts = 64

// of gives the pipeline of a host that a wrapper names; none is a host, too.
func (p *Pipeline) of(host []byte) *Pipeline {
	h := p.hosts
	if one, ok := h.byName[string(host)]; ok {
		return one
	}
	switch len(h.byName) {
	case 0: // whoever comes first is the log's own
		h.byName = map[string]*Pipeline{string(host): h.all[0]}
		h.all[0].host = string(host)
		return h.all[0]
	case maxHosts:
		return h.all[0]
	}
	first := h.all[0]
	one, err := newPipeline(Pipeline{
		scopes: first.scopes, rules: first.rules, own: first.own, log: first.log, listener: first.listener,
	})
	if err != nil {
		return first // can't be: the first was made of the same
	}
	one.hosts, one.host = h, string(host)
	h.all, h.byName[one.host] = append(h.all, one), one
	return one
}

// clock is the clock that the log has come to: that of the host that is farthest.
func (p *Pipeline) clock() window.Clock {
	clock := p.hosts.all[0].counters.Clock()
	for _, one := range p.hosts.all[1:] {
		if c := one.counters.Clock(); c.Now > clock.Now {
			clock = c
		}
	}
	return clock
}

// A hostClock is the clock of a host at a mark.
type hostClock struct {
	Host  string       `json:"host"`
	Clock window.Clock `json:"clock"`
}

// clocks are those of all hosts, where a wrapper names one.
func (p *Pipeline) clocks() (all []hostClock) {
	if h := p.hosts; len(h.all) > 1 || h.all[0].host != "" {
		for _, one := range h.all {
			all = append(all, hostClock{one.host, one.counters.Clock()})
		}
	}
	return all
}

// setClocks has the log go on from a mark.
func (p *Pipeline) setClocks(at *mark) {
	if len(at.Hosts) == 0 {
		p.counters.SetClock(at.Clock)
	}
	for _, h := range at.Hosts {
		p.of([]byte(h.Host)).counters.SetClock(h.Clock)
	}
}

// earliest is the second of the clock that is farthest behind.
func (m *mark) earliest() int64 {
	first := m.Clock.Now
	for _, h := range m.Hosts {
		first = min(first, h.Clock.Now)
	}
	return first
}

// A savedAlert is an open alert in a checkpoint.
type savedAlert struct {
	window.SavedAlert
	Host string `json:"host,omitempty"`
}

// save gives the open alerts of all hosts.
func (p *Pipeline) save() (all []savedAlert) {
	for _, one := range p.hosts.all {
		for _, s := range one.counters.Save() {
			all = append(all, savedAlert{s, one.host})
		}
	}
	return all
}

// restore takes what save gave, and gives the alerts that are open besides, each with its pipeline.
func (p *Pipeline) restore(all []savedAlert) (others []*window.Alert) {
	byHost := make(map[*Pipeline][]window.SavedAlert)
	for _, s := range all {
		one := p.hosts.all[0]
		if s.Host != "" {
			one = p.of([]byte(s.Host))
		}
		byHost[one] = append(byHost[one], s.SavedAlert)
	}
	for _, one := range slices.Clone(p.hosts.all) {
		others = append(others, one.counters.Restore(byHost[one])...)
	}
	return others
}

// stats sums what the counters of all hosts hold, and what bounds have cost.
func (p *Pipeline) stats() (sum window.Stats) {
	for _, one := range p.hosts.all {
		sum.Add(one.counters.Stats())
	}
	return sum
}
