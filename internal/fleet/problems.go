package fleet

import (
	"fmt"
	"strings"
	"time"
)

// A Problem is something that is wrong with a fleet. Both texts may hold what hosts say: escape them.
type Problem struct {
	Text string `json:"problem"` // its further lines are details
	Hint string `json:"hint"`
	// Mild says that the fleet counts as it should nevertheless.
	Mild bool `json:"mild"`
}

const (
	mostLag    = 20 * time.Second // beyond patience: a leader that has taken over is behind for that long
	mostOffset = time.Second      // between the clocks of synchronized machines, by far
)

// problems are found in a status.
type problems struct {
	*Status
	zone     *time.Location
	patience time.Duration
	all      []Problem
}

// Problems are what is wrong, the worst first. Zone is for times, patience that of the configuration.
func (s *Status) Problems(zone *time.Location, patience time.Duration) []Problem {
	p := problems{Status: s, zone: zone, patience: patience}
	p.ofFleet()
	p.ofSilent()
	p.ofRules()
	for i := range s.Hosts {
		if !s.Hosts[i].Silent {
			p.ofHost(&s.Hosts[i])
		}
	}
	return p.all
}

func (p *problems) add(mild bool, hint, format string, args ...any) {
	p.all = append(p.all, Problem{fmt.Sprintf(format, args...), hint, mild})
}

func (p *problems) clock(at time.Time) string { return ShortTime(at, p.At, p.zone) }

// ofFleet looks at the fleet as a whole.
func (p *problems) ofFleet() {
	lag := time.Duration(p.Lag * float64(time.Second))
	switch {
	case len(p.Hosts) == 0:
		p.add(false, "Write the same [fleet] into each host's configuration, and restart exiwatch there.",
			"No host has joined the fleet.")
	case p.Leader == "":
		p.add(false, "The daemons' logs say why: journalctl -u exiwatch. A host leads that runs, reaches the engine, "+
			"may write there and has the rules of most hosts.", "No host leads: each host counts alone.")
	case !p.Counted.IsZero() && lag > p.patience+mostLag:
		p.add(false, "A leader that has just taken over reads the last windows first: look again in a minute.",
			"%s leads, and has counted no further than %s.", p.Leader, p.clock(p.Counted))
	}
	if p.Unread != "" {
		p.add(false, "Look at that node of the engine. Its hosts' arrivals count when it is back.",
			"Some hosts' arrivals can't be read: %s.", p.Unread)
	}
}

func (p *problems) ofSilent() {
	for _, h := range p.Hosts {
		switch {
		case !h.Silent:
		case isSecond(h.At.Unix()):
			p.add(false, "Does exiwatch run there, and does it reach the engine? Its arrivals count when they come.",
				"%s is silent since %s. The fleet goes on without it.", h.Host, p.clock(h.At))
		default:
			p.add(false, "Restart exiwatch there. All hosts of a fleet should run the same version.",
				"%s says nothing that exiwatch understands.", h.Host)
		}
	}
}

func (p *problems) ofRules() {
	for _, h := range p.Hosts {
		if h.Differs {
			p.add(false, "Give all hosts the same [[rule]]s, exceptions included, and reload exiwatch there.",
				"%s has other rules than the fleet. Its arrivals count, but it never leads.%s", h.Host, h.difference())
		}
	}
}

// ofHost looks at a host that isn't silent.
func (p *problems) ofHost(h *HostStatus) {
	if !h.Waited && h.Slowest != "" {
		p.add(true, "Its clock may be behind, or it has much to read. Its arrivals count when they come.",
			"%s has published no further than %s. The fleet doesn't wait for it.", h.Host, p.clock(h.Until[h.Slowest]))
	}
	offset := time.Duration(h.Offset) * time.Millisecond
	if offset.Abs() <= mostOffset {
		return
	}
	side := "ahead of"
	if offset < 0 {
		side = "behind"
	}
	p.add(true, "Synchronize all hosts' clocks: install chrony.", "The clock of %s is %.1f s %s the engine's.", h.Host,
		offset.Abs().Seconds(), side)
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
