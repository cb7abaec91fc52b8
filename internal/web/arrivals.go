package web

import (
	"time"

	"exiwatch/internal/htmlkit"
	"exiwatch/window"
)

// arrivalChart draws all arrivals of the last hours.
func (now *Snapshot) arrivalChart() *htmlkit.Columns {
	last := now.Second / 60
	c := &htmlkit.Columns{
		Title: "Messages received in each minute", Unit: "messages", Step: time.Minute,
		From:   now.Arrivals.stamp((last - MinutesKept + 1) * 60),
		Series: htmlkit.ArrivalSeries(MinutesKept),
	}
	for _, m := range now.Arrivals.minutes {
		if i := m.at - (last - MinutesKept + 1); i >= 0 && i < MinutesKept {
			for class, count := range m.counts {
				c.Series[class].Values[i] = count
			}
		}
	}
	return c
}

// lastHour counts, for each standing, how many messages its value sent in each span of the last hour.
func (now *Snapshot) lastHour(of []window.Usage) [][]int64 {
	const spans, length = 30, 120 // seconds
	from := now.Second - spans*length + 1
	counts := make([][]int64, len(of))
	places := make(map[window.Key]map[string][]int) // indexes of of, by value
	wanted := make(map[uint32]bool)                 // hashes
	all := false                                    // a key has no hash: read every row
	for i, s := range of {
		counts[i] = make([]int64, spans)
		k := now.Rules[s.Rule].Key
		if places[k] == nil {
			places[k] = make(map[string][]int)
		}
		places[k][s.Value] = append(places[k][s.Value], i)
		wanted[now.Arrivals.buffer.hashOf([]byte(s.Value))] = true
		all = all || hashIndex(k) < 0
	}
	var buffer []byte
	for r := range now.Arrivals.rows(from, func(h *head) bool {
		return all || wanted[h.hashes[0]] || wanted[h.hashes[1]] || wanted[h.hashes[2]]
	}) {
		span := (r.at - from) / length
		if span < 0 || span >= spans {
			continue
		}
		for k, values := range places {
			for _, i := range values[string(r.value(k, &buffer))] {
				counts[i][span]++
			}
		}
	}
	return counts
}
