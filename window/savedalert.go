package window

import (
	"cmp"
	"slices"
	"time"
)

// A SavedAlert is an open alert in a form that encoding/json writes and reads without loss. Text from the log is in
// bytes, as it need not be UTF-8. It shares no memory with the alert.
type SavedAlert struct {
	Rule  string `json:"rule"` // Rule.String()
	Name  []byte `json:"name"` // the rule's name at that time; Restore takes the configured one
	Value []byte `json:"value"`

	ID         string    `json:"id"`
	Opened     SavedTime `json:"opened"`
	CrossedBy  []byte    `json:"crossed_by"`
	Count      int64     `json:"count"`
	Peak       int64     `json:"peak"`
	Times      int64     `json:"times"`
	Incident   string    `json:"incident"`  // its id; "" from versions that had none
	AboutKey   string    `json:"about_key"` // Identity.Key.String()
	About      []byte    `json:"about"`
	Thread     string    `json:"thread"` // the same id as Incident for versions that had none; "" if Untold
	Before     int64     `json:"before"`
	Since      SavedTime `json:"since"` // BeforeSince; only if that isn't zero
	Limit      int64     `json:"limit"` // that was crossed; 0 from versions that didn't save it
	Messages   int64     `json:"messages"`
	Recipients int64     `json:"recipients"`
	Bytes      int64     `json:"bytes"`
	Suspicious int64     `json:"suspicious"`
	AtLeast    bool      `json:"at_least"`
	First      SavedTime `json:"first"`
	Last       SavedTime `json:"last"`
	Samples    [][]byte  `json:"samples"`

	Fates SavedFates `json:"fates"`

	ValueCounts []SavedValues `json:"tallies"` // of the keys that have any
	Chart       SavedChart    `json:"course"`

	// What the alert needs to go on: seconds of the clock, and message ids as the arrival log has them.
	FirstAt  int64  `json:"first_at"`
	LastAt   int64  `json:"last_at"`
	OpenedAt int64  `json:"opened_at"`
	FirstID  []byte `json:"first_id"`
	LastID   []byte `json:"last_id"`
	Crossed  []byte `json:"crossed"`
	Middle   []byte `json:"middle"`
	// Fell is the second at which the count last fell to its limit. For a count over its limit it is the second of
	// Save.
	Fell int64 `json:"fell"`
}

// Trim keeps at most so many rows of each key, those with the most messages. The others are added up.
func (s *SavedAlert) Trim(rows int) {
	for i := range s.ValueCounts {
		t := &s.ValueCounts[i]
		if len(t.Rows) <= rows {
			continue
		}
		slices.SortStableFunc(t.Rows, func(a, b SavedValue) int { return cmp.Compare(b.Messages, a.Messages) })
		other := t.Other.row()
		for j := range t.Rows[rows:] {
			other.add(t.Rows[rows+j].row())
		}
		t.Rows, t.Other = slices.Clone(t.Rows[:rows]), saveRow(&other)
	}
}

// SavedFates are Fates. The refusals are among the ValueCounts.
type SavedFates struct {
	Known     bool  `json:"known"`
	Delivered int64 `json:"delivered"`
	Refused   int64 `json:"refused"`
	Deferred  int64 `json:"deferred"`
	Queued    int64 `json:"queued"`
}

// A SavedTime is a time with its offset from UTC, but without the name of its zone. encoding/json can't write years
// after 9999, which a stamp at the end of 9999 has in some zones.
type SavedTime struct {
	Seconds     int64 `json:"s"` // since 1970
	Nanoseconds int64 `json:"ns"`
	Offset      int   `json:"offset"` // seconds east of UTC
}

// SavedValues are what an alert counted of one key's values.
type SavedValues struct {
	Key   string       `json:"key"` // Key.String()
	Rows  []SavedValue `json:"rows"`
	Other SavedValue   `json:"other"` // of the values that have no row
}

// A SavedValue is a ValueCount. There may be many, so their names are short.
type SavedValue struct {
	Value      []byte `json:"v"`
	Messages   int64  `json:"m"`
	Recipients int64  `json:"r"`
	Bytes      int64  `json:"b"`
}

// A SavedChart is what a Chart is made of.
type SavedChart struct {
	From int64   `json:"from"` // second of the clock
	Step int64   `json:"step"` // seconds
	Bars []int64 `json:"bars"`
}

// save returns the alert as saved. fell is for Fell.
func (e *openAlert) save(fell int64) SavedAlert {
	s := e.alert.Save()
	s.Crossed, s.Middle, s.Fell = []byte(e.crossedBy), []byte(e.middle), fell
	return s
}

// Save returns the alert as saved, without what only an open one needs to go on.
func (a *Alert) Save() SavedAlert {
	s := SavedAlert{
		Rule: a.Rule.String(), Name: []byte(a.Rule.Name), Value: []byte(a.Value),
		ID: a.ID, Opened: saveTime(a.Opened), CrossedBy: []byte(a.CrossedBy), Count: a.Count, Peak: a.Peak,
		Limit: a.Limit, Times: a.Times,
		Incident: a.Incident.ID, AboutKey: a.Incident.About.Key.String(), About: []byte(a.Incident.About.Value),
		Before: a.Before, Since: saveTime(a.BeforeSince),
		Messages: a.Messages, Recipients: a.Recipients, Bytes: a.Bytes, Suspicious: a.Suspicious, AtLeast: a.AtLeast,
		Fates: SavedFates(a.Fates),
		First: saveTime(a.First), Last: saveTime(a.Last),
		Chart:   SavedChart{a.chart.from, chartSteps[a.chart.step], slices.Clone(a.chart.bars)},
		FirstAt: a.firstAt, LastAt: a.lastAt, OpenedAt: a.openedAt, FirstID: []byte(a.firstID),
		LastID: []byte(a.lastID),
	}
	if !a.Untold {
		s.Thread = s.Incident
	}
	for _, id := range a.Samples {
		s.Samples = append(s.Samples, []byte(id))
	}
	for k := range a.values {
		if t := &a.values[k]; len(t.rows) > 0 || t.other != (ValueCount{}) {
			s.ValueCounts = append(s.ValueCounts, t.save(Key(k)))
		}
	}
	return s
}

func (t *valueCounts) save(k Key) SavedValues {
	s := SavedValues{Key: k.String(), Rows: make([]SavedValue, len(t.rows)), Other: saveRow(&t.other)}
	for i := range t.rows {
		s.Rows[i] = saveRow(&t.rows[i])
	}
	return s
}

func saveRow(r *ValueCount) SavedValue {
	return SavedValue{[]byte(r.Value), r.Messages, r.Recipients, r.Bytes}
}

func saveTime(t time.Time) SavedTime {
	_, offset := t.Zone()
	return SavedTime{t.Unix(), int64(t.Nanosecond()), offset}
}

// restore makes the alert what was saved.
func (e *openAlert) restore(s *SavedAlert, b *memoryBudget) {
	e.alert.release(b)
	*e.alert = s.alert(e.rule.Rule, e.alert.Last.Location(), b)
	e.crossedBy, e.middle = string(s.Crossed), string(s.Middle)
}

// Alert returns the alert as it was, apart from all counters, with the rule's limit of that time. Its incident is what
// is known of that from the alert.
func (s *SavedAlert) Alert() *Alert {
	rule, _ := ReadRule(s.Rule)
	rule.Name = string(s.Name)
	a := s.alert(rule, time.UTC, &memoryBudget{limits: &defaultLimits})
	a.Incident = newIncident(&a, s.identity(&a))
	a.Incident.ID = cmp.Or(s.Incident, a.ID)
	return &a
}

// alert returns the alert as it was, without its incident.
func (s *SavedAlert) alert(rule Rule, zone *time.Location, b *memoryBudget) Alert {
	s.complete()
	a := Alert{
		ID: s.ID, Rule: rule, Value: string(s.Value), Opened: s.Opened.time(zone),
		CrossedBy: string(s.CrossedBy),
		Count:     s.Count, Peak: s.Peak, Limit: cmp.Or(s.Limit, rule.Limit), Times: s.Times, Untold: s.Thread == "",
		Before: s.Before, BeforeSince: s.Since.time(zone),
		Messages: s.Messages, Recipients: s.Recipients, Bytes: s.Bytes, Suspicious: s.Suspicious, AtLeast: s.AtLeast,
		Fates: Fates(s.Fates),
		First: s.First.time(zone), Last: s.Last.time(zone),
		values:  make([]valueCounts, numCounts),
		chart:   s.Chart.series(),
		firstAt: s.FirstAt, lastAt: s.LastAt, openedAt: s.OpenedAt, firstID: string(s.FirstID),
		lastID: string(s.LastID),
	}
	for _, id := range s.Samples {
		a.Samples = append(a.Samples, string(id))
	}
	for _, t := range s.ValueCounts {
		if k := slices.Index(keyNames[:], t.Key); k >= 0 {
			a.values[k].restore(t, b)
		}
	}
	return a
}

// complete fills in what the first version didn't save.
func (s *SavedAlert) complete() {
	if !s.Chart.none() {
		return
	}
	s.FirstAt, s.LastAt = cmp.Or(s.FirstAt, s.First.Seconds), cmp.Or(s.LastAt, s.Last.Seconds)
	s.OpenedAt = cmp.Or(s.OpenedAt, s.Opened.Seconds)
	course := newSeries(s.FirstAt, s.OpenedAt, int64(s.Opened.Offset))
	s.Chart = SavedChart{From: course.from, Step: chartSteps[course.step]}
}

// none reports whether no chart was saved.
func (s *SavedChart) none() bool { return s.From == 0 && s.Step == 0 && len(s.Bars) == 0 }

// series restores the chart. A step that this version doesn't know becomes the shortest.
func (s *SavedChart) series() series {
	step := max(slices.Index(chartSteps[:], s.Step), 0)
	return series{from: s.From, step: step, bars: slices.Clone(s.Bars[:min(len(s.Bars), maxBars)])}
}

func (t *valueCounts) restore(s SavedValues, b *memoryBudget) {
	t.other = s.Other.row()
	for i := range s.Rows {
		t.add(s.Rows[i].Value, s.Rows[i].row(), b)
	}
}

func (r *SavedValue) row() ValueCount {
	return ValueCount{string(r.Value), r.Messages, r.Recipients, r.Bytes}
}

// Time returns the time in its offset.
func (t SavedTime) Time() time.Time {
	return time.Unix(t.Seconds, t.Nanoseconds).In(time.FixedZone("", t.Offset))
}

// time returns the time in the zone, if the zone had the same offset then, and otherwise in that offset. A zone knows
// its summer time.
func (t SavedTime) time(zone *time.Location) time.Time {
	in := time.Unix(t.Seconds, t.Nanoseconds).In(zone)
	if _, offset := in.Zone(); offset == t.Offset {
		return in
	}
	return in.In(time.FixedZone("", t.Offset))
}
