package window

import "time"

// A Chart is how many messages arrived in equal spans of time, from before an alert opened until its last arrival.
type Chart struct {
	From     time.Time // start of the first span, in the log's time when the alert opened
	Step     time.Duration
	Messages []int64 // in each span, at most 60
	Opened   int     // the span in which the alert opened
}

// chartSteps are the lengths that a Chart's spans may have, in seconds. Each divides the next.
var chartSteps = [...]int64{10, 60, 300, 900, 3600, 4 * 3600, 86400, 7 * 86400, 28 * 86400}

const maxBars = 60

// A series counts messages in spans of equal length. When there would be too many spans, they get longer.
type series struct {
	from int64 // second of the clock; a multiple of the step, shifted by the zone's offset
	step int   // in chartSteps
	bars []int64
}

// newSeries starts with spans that fit the time between the seconds first and now. offset is that of the log's zone, so
// that days begin at midnight.
func newSeries(first, now, offset int64) series {
	s := series{}
	for (now-first)/chartSteps[s.step] >= maxBars/2 && s.step < len(chartSteps)-1 {
		s.step++
	}
	s.from = s.begin(first, offset)
	return s
}

// begin is the start of the span with the second at.
func (s *series) begin(at, offset int64) int64 {
	step := chartSteps[s.step]
	return at - ((at+offset)%step+step)%step
}

// add counts a message. One from before the first span counts in it.
func (s *series) add(at, offset int64) {
	i := max(at-s.from, 0) / chartSteps[s.step]
	for i >= maxBars && s.step < len(chartSteps)-1 {
		s.widen(offset)
		i = max(at-s.from, 0) / chartSteps[s.step]
	}
	s.addTo(min(i, maxBars-1), 1)
}

// addTo adds n messages to a span.
func (s *series) addTo(i, n int64) {
	for int64(len(s.bars)) <= i {
		s.bars = append(s.bars, 0)
	}
	s.bars[i] = saturate(s.bars[i], n)
}

// widen changes to the next longer span.
func (s *series) widen(offset int64) {
	wider := series{step: s.step + 1}
	wider.from = wider.begin(s.from, offset)
	for i, n := range s.bars {
		wider.addTo((s.from+int64(i)*chartSteps[s.step]-wider.from)/chartSteps[wider.step], n)
	}
	*s = wider
}

// Chart returns the alert's course: the arrivals known from the window before the one that crossed the limit, and all
// since.
func (a *Alert) Chart() Chart {
	step := chartSteps[a.chart.step]
	return Chart{
		From:     a.Opened.Truncate(time.Second).Add(time.Duration(a.chart.from-a.openedAt) * time.Second),
		Step:     time.Duration(step) * time.Second,
		Messages: append([]int64(nil), a.chart.bars...),
		Opened:   int(max(a.openedAt-a.chart.from, 0) / step),
	}
}
