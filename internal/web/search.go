package web

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/window"
)

// A Search asks for the values of some keys among the arrivals of a span of time.
type Search struct {
	Keys     []window.Key
	Patterns []config.Pattern // one for each key; nil: any value
	Within   *config.Pattern  // only arrivals that it matches; nil: all
	From, To time.Time        // log time: From ≤ stamp < To; zero: no bound
}

// NewSearch makes a Search. The text is part of the values, or a pattern with * and ?. If within isn't empty, its value
// must be that of the arrival's key.
func NewSearch(keys []window.Key, text string, within link) (s Search, err error) {
	s.Keys = keys
	if text != "" {
		if !strings.ContainsAny(text, "*?") {
			text = "*" + text + "*"
		}
		for _, k := range keys {
			p, err := config.NewPattern(k, text)
			if err != nil {
				return s, err
			}
			s.Patterns = append(s.Patterns, p)
		}
	}
	if within.Value != "" {
		p, err := config.NewPattern(within.Key, within.Value)
		if err != nil {
			return s, err
		}
		s.Within = &p
	}
	return s, nil
}

// During reports whether a stamp is in the span.
func (s *Search) During(at time.Time) bool {
	return !at.Before(s.From) && (s.To.IsZero() || at.Before(s.To))
}

// A Found has what a Search found: of each key a ranking. It is bounded: of more than maxListed values of a key those
// with the most messages are kept.
type Found struct {
	Messages    int64 // in the span, and within
	First, Last time.Time
	Forgot      bool     // there were more values than are kept
	Problems    []string // of single files
	search      *Search
	rankings    []report.Ranking // of each key
}

// maxListed is how many values of a key are kept when some have to be forgotten. Until then there may be twice as many.
const maxListed = 50_000

// NewFound begins without arrivals.
func NewFound(s *Search) *Found {
	return &Found{search: s, rankings: make([]report.Ranking, len(s.Keys))}
}

// Add adds an arrival of the span by its values, nil where it has none.
func (f *Found) Add(at time.Time, recipients, bytes int64, value func(window.Key) []byte) {
	f.Messages++
	if f.First.IsZero() || at.Before(f.First) {
		f.First = at
	}
	if at.After(f.Last) {
		f.Last = at
	}
	for i, k := range f.search.Keys {
		v := value(k)
		if v == nil || f.search.Patterns != nil && !f.search.Patterns[i].MatchValue(v) {
			continue
		}
		f.rankings[i].Add(v, recipients, bytes)
		if f.rankings[i].Len() == 2*maxListed {
			f.rankings[i].Keep(maxListed)
			f.Forgot = true
		}
	}
}

// A foundRow is a value with its sums.
type foundRow struct {
	Of link
	report.Row
}

// rows are all rows, in no order.
func (f *Found) rows() (all []foundRow) {
	for i, k := range f.search.Keys {
		for _, row := range f.rankings[i].Top(0, report.Messages) {
			all = append(all, foundRow{link{k, row.Value}, row})
		}
	}
	return all
}

// search looks among the arrivals that are still in memory. It is false if the span begins before them.
func (v *BufferSnapshot) search(s *Search) (*Found, bool) {
	oldest := v.oldest()
	if oldest.IsZero() || s.From.Before(oldest) {
		return nil, false
	}
	f := NewFound(s)
	var within, topic []byte
	for r := range v.rows(math.MinInt64+disorder, nil) {
		at := time.UnixMilli(r.stamp).In(v.zone)
		if !s.During(at) || s.Within != nil && !matches(s.Within, r.value(s.Within.Key, &within)) {
			continue
		}
		f.Add(at, r.recipients, r.bytes, func(k window.Key) []byte { return r.value(k, &topic) })
	}
	return f, true
}

func matches(p *config.Pattern, value []byte) bool { return value != nil && p.MatchValue(value) }

// A search that somebody waits for, or whose result is kept.
type searchJob struct {
	name     string // of its search
	search   Search
	progress atomic.Uint64 // bits of the share that was read
	touched  time.Time     // when somebody looked last
	cancel   context.CancelFunc
	found    *Found // nil: not yet
	err      error
	done     time.Time // zero: not yet

	// These belong to the pageBuilder, which makes one page at a time.
	rows     []foundRow
	sortedBy string
	down     bool
}

// sorted gives the rows of a finished search in an order.
func (j *searchJob) sorted(by string, down bool) []foundRow {
	if j.sortedBy == by && j.down == down {
		return j.rows
	}
	if j.sortedBy == "" {
		j.rows = j.found.rows()
	}
	j.sortedBy, j.down = by, down
	slices.SortFunc(j.rows, func(a, b foundRow) int { return compareFound(a, b, by, down) })
	return j.rows
}

// Progress is the share of the logs that was read, in percent.
func (j *searchJob) Progress() int { return int(100 * math.Float64frombits(j.progress.Load())) }

// searches does one search at a time, and forgets those at which nobody looks any more.
type searches struct {
	source Source
	mu     sync.Mutex
	jobs   []*searchJob // in the order in which they were asked for
	wake   chan struct{}
}

const (
	// searchPatience is how long a search goes on at which nobody looks. A page without a script looks every five
	// seconds.
	searchPatience = 10 * time.Second
	// foundAge is how long a result is kept. Who comes back after searchAge gets a new one.
	foundAge, searchAge = 10 * time.Minute, time.Minute
	// maxSearches is how many searches wait, are done or are kept.
	maxSearches = 8
)

// look gives the state of a search: it may be waiting, running or done. It is nil if too many are waited for.
func (s *searches) look(name string, search Search, now *Snapshot) *searchJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now()
	for _, j := range s.jobs {
		if j.name == name {
			j.touched = at
			return j
		}
	}
	s.jobs = slices.DeleteFunc(s.jobs, func(j *searchJob) bool { // results make room
		return len(s.jobs) >= maxSearches && !j.done.IsZero()
	})
	if len(s.jobs) >= maxSearches {
		return nil
	}
	j := &searchJob{name: name, search: search, touched: at}
	if found, ok := now.Arrivals.search(&j.search); ok {
		j.found, j.done = found, at
	}
	s.jobs = append(s.jobs, j)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return j
}

// forget forgets an old result of a search at which nobody has looked since, so that it is made anew.
func (s *searches) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = slices.DeleteFunc(s.jobs, func(j *searchJob) bool {
		return j.name == name && !j.done.IsZero() && time.Since(j.touched) > searchAge
	})
}

// state is a copy of what a job says, for a page.
func (s *searches) state(j *searchJob) (found *Found, done time.Time, ahead int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.jobs {
		if other == j {
			break
		}
		if other.done.IsZero() {
			ahead++
		}
	}
	return j.found, j.done, ahead, j.err
}

// run does the searches, one after another, until ctx ends.
func (s *searches) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	finished := make(chan *searchJob)
	var running *searchJob
	for {
		select {
		case <-ctx.Done():
			if running != nil {
				<-finished
			}
			return
		case <-tick.C:
		case <-s.wake:
		case <-finished:
			running = nil
		}
		s.sweep()
		if running == nil {
			if running = s.next(); running != nil {
				go s.do(ctx, running, finished)
			}
		}
	}
}

// sweep cancels and forgets what nobody looks at.
func (s *searches) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = slices.DeleteFunc(s.jobs, func(j *searchJob) bool {
		patience := searchPatience
		if !j.done.IsZero() {
			patience = foundAge
		}
		if time.Since(j.touched) < patience {
			return false
		}
		if j.cancel != nil {
			j.cancel()
		}
		return true
	})
}

// next is the first search that waits.
func (s *searches) next() *searchJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.done.IsZero() {
			return j
		}
	}
	return nil
}

// do does a search and tells when it is finished.
func (s *searches) do(ctx context.Context, j *searchJob, finished chan<- *searchJob) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	j.cancel = cancel
	s.mu.Unlock()
	found, err := s.source.Search(ctx, &j.search, func(share float64) { j.progress.Store(math.Float64bits(share)) })
	s.mu.Lock()
	j.found, j.err, j.done = found, err, time.Now()
	s.mu.Unlock()
	finished <- j
}
