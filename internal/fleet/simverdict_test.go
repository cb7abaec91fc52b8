package fleet

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// An episode is an alert without its id.
type episode struct {
	rule, value    string
	opened         int64
	ended          int64
	messages, peak int64
}

func (e episode) String() string {
	return fmt.Sprintf("%s %s from %d to %d, %d messages, peak %d", e.rule, e.value, e.opened, e.ended, e.messages, e.peak)
}

func episodeOf(a *window.Alert, begin int64) episode {
	return episode{a.Rule.String(), a.Value, a.Opened.Unix() - begin, a.Ended.Unix() - begin, a.Messages, a.Peak}
}

// check compares what was told with the fleet order.
func (s *simulation) check() {
	ended, opened, withdrawn := make(map[string]episode), make(map[string]episode), make(map[string]bool)
	times := make(map[string]int)
	for _, e := range s.events {
		for _, a := range e.Alerts {
			name := fullName(a.ID, e.Name)
			if times[name]++; times[name] == 2 {
				s.T.Errorf("told twice: %s", name)
			}
			switch e.Name {
			case pipeline.Opened:
				opened[a.ID] = episodeOf(a, s.begin)
			case pipeline.Ended:
				ended[a.ID] = episodeOf(a, s.begin)
			case pipeline.Withdrawn:
				withdrawn[a.ID] = true
			}
		}
	}
	told := make(map[episode]string)
	for _, id := range slices.Sorted(maps.Keys(opened)) {
		if e, ok := ended[id]; withdrawn[id] {
			continue
		} else if !ok {
			s.T.Errorf("never ended: %s %v", id, opened[id])
		} else if told[e] != "" {
			s.T.Errorf("two alerts are one: %s and %s %v", told[e], id, e)
		} else {
			told[e] = id
		}
	}
	want, grown := s.wanted()
	for _, e := range want {
		if told[e] == "" {
			s.T.Errorf("missing: %v", e)
		}
		for _, name := range grown[e] {
			if told[e] != "" && times[fullName(told[e], name)] == 0 {
				s.T.Errorf("not told: %s of %v", fullName(told[e], name), e)
			}
		}
		delete(told, e)
	}
	for _, e := range slices.SortedFunc(maps.Keys(told), func(a, b episode) int { return int(a.opened - b.opened) }) {
		s.T.Errorf("extra: %s %v", told[e], e)
	}
	for id := range ended {
		if _, ok := opened[id]; !ok {
			s.T.Errorf("ended, and never opened: %s %v", id, ended[id])
		}
	}
	s.T.Logf("%d hosts, %d alerts, %d withdrawn", len(s.hosts), len(want), len(withdrawn))
}

// wanted are the episodes of the fleet order, and the names of the events by which they grew.
func (s *simulation) wanted() (all []episode, grown map[episode][]string) {
	m, names := merge.NewMerger(0), make(map[string][]string)
	grown = make(map[episode][]string)
	counter, err := merge.NewCounter(s.rules, merge.Events{
		Grew: func(a *window.Alert) { names[a.ID] = append(names[a.ID], pipeline.Grew(a)) },
		Ended: func(a *window.Alert) {
			e := episodeOf(a, s.begin)
			all, grown[e] = append(all, e), names[a.ID]
		}})
	if err != nil {
		s.T.Fatal(err)
	}
	for _, h := range s.hosts {
		var e merge.Encoder
		for _, r := range h.all {
			e.Add(r)
		}
		if _, err := m.Push(m.Host(h.name), slices.Clone(e.Records())); err != nil {
			s.T.Fatal(err)
		}
	}
	if err := m.Release(1<<60, counter.Add); err != nil {
		s.T.Fatal(err)
	}
	counter.Reach(s.begin+10*simSeconds, time.UTC)
	return all, grown
}
