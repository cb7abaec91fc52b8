package report

import (
	"slices"
	"time"

	"exiwatch/window"
)

// The classes of arrivals that hours and the live page tell apart, in the order of htmlkit.ArrivalSeries.
const (
	Authenticated = iota // with an authenticated id
	Local                // by programs of this host
	Other
	NumClasses
)

// An Hour has the arrivals of one hour of the log's clock.
type Hour struct {
	At     time.Time // when it began, as the clock showed it, as if in UTC: every day has 24 hours
	Counts [NumClasses]int64
}

// Total is the number of arrivals.
func (h *Hour) Total() (n int64) {
	for _, count := range h.Counts {
		n += count
	}
	return n
}

const hour = 3600 // seconds

// hours count arrivals by the hour. Their zero value is empty.
type hours struct {
	counts map[int64]*[NumClasses]int64 // by the hour since 1970
	hour   int64                        // of last
	last   *[NumClasses]int64
}

func (h *hours) add(w *window.Arrival) {
	_, offset := w.At.Zone()
	shown := w.At.Unix() + int64(offset)
	at := (shown - (shown%hour+hour)%hour) / hour // downwards, also before 1970
	if h.last == nil || h.hour != at {
		h.hour, h.last = at, h.of(at)
	}
	h.last[ClassOf(w)]++
}

func (h *hours) of(at int64) *[NumClasses]int64 {
	if h.counts == nil {
		h.counts = make(map[int64]*[NumClasses]int64)
	}
	if h.counts[at] == nil {
		h.counts[at] = new([NumClasses]int64)
	}
	return h.counts[at]
}

// join moves the arrivals of other into h.
func (h *hours) join(other *hours) {
	for at, counts := range other.counts {
		sum := h.of(at)
		for class, n := range counts {
			sum[class] += n
		}
	}
	*other = hours{}
}

// ClassOf tells which of these classes an arrival has.
func ClassOf(w *window.Arrival) int {
	switch {
	case len(w.Values[window.Auth]) > 0:
		return Authenticated
	case w.Values[window.User] != nil:
		return Local
	}
	return Other
}

// Hours gives the hours that have arrivals, in their order. It needs Hourly.
func (s *Summary) Hours() []Hour {
	found := []Hour{}
	for at, counts := range s.joined().hours.counts {
		found = append(found, Hour{time.Unix(at*hour, 0).UTC(), *counts})
	}
	slices.SortFunc(found, func(a, b Hour) int { return a.At.Compare(b.At) })
	return found
}
