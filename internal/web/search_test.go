package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/window"
)

// A slowSource searches until it is told to end, and counts how many search at a time.
type slowSource struct {
	Source
	running, most, begun atomic.Int32
	end                  chan error
}

func (s *slowSource) Search(ctx context.Context, search *Search, progress func(float64)) (*Found, error) {
	s.begun.Add(1)
	s.most.Store(max(s.most.Load(), s.running.Add(1)))
	defer s.running.Add(-1)
	progress(0.5)
	select {
	case err := <-s.end:
		f := NewFound(search)
		f.Add(time.Unix(0, 0), 2, 300, func(window.Key) []byte { return []byte("found") })
		return f, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSearchesAreDoneOneAfterAnother, tell how far they are, are kept, and are bounded.
func TestSearchesAreDoneOneAfterAnother(t *testing.T) {
	source := &slowSource{end: make(chan error)}
	s := searches{source: source, wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { s.run(ctx); close(ended) }()
	now := &Snapshot{Arrivals: NewArrivalBuffer().Snapshot()}
	search, err := NewSearch([]window.Key{window.Account}, "", link{})
	testkit.Must(t, err)
	var jobs []*searchJob
	for i := range maxSearches {
		jobs = append(jobs, s.look(fmt.Sprint(i), search, now))
	}
	if s.look("one more", search, now) != nil {
		t.Errorf("more than %d searches are waited for", maxSearches)
	}
	if s.look("0", search, now) != jobs[0] {
		t.Error("the same search is done twice")
	}
	testkit.Until(t, "the first is halfway", func() bool { return jobs[0].Progress() == 50 })
	if _, _, ahead, _ := s.state(jobs[2]); ahead != 2 {
		t.Errorf("%d searches are before the third", ahead)
	}
	source.end <- nil
	source.end <- errors.New("broken")
	testkit.Until(t, "the second has failed", func() bool { _, _, _, err := s.state(jobs[1]); return err != nil })
	if found, done, _, err := s.state(jobs[0]); found == nil || err != nil || done.IsZero() || len(jobs[0].sorted("messages", true)) != 1 {
		t.Errorf("the first: %v, %v, %v", found, err, done)
	}
	if s.look("one more", search, now) == nil {
		t.Error("results make no room")
	}
	cancel()
	<-ended
	if n := source.most.Load(); n != 1 {
		t.Errorf("%d searches at a time", n)
	}
}

// TestSearchEndsWithItsReader: nobody looks any more, so it is cancelled, and one that waits never begins.
func TestSearchEndsWithItsReader(t *testing.T) {
	source := &slowSource{end: make(chan error)}
	s := searches{source: source, wake: make(chan struct{}, 1)}
	go s.run(t.Context())
	now := &Snapshot{Arrivals: NewArrivalBuffer().Snapshot()}
	search, _ := NewSearch([]window.Key{window.Account}, "", link{})
	s.look("a", search, now)
	testkit.Until(t, "it runs", func() bool { return source.running.Load() == 1 })
	s.look("b", search, now)
	s.mu.Lock()
	for _, j := range s.jobs {
		j.touched = time.Now().Add(-searchPatience)
	}
	s.mu.Unlock()
	testkit.Until(t, "it ends", func() bool { return source.running.Load() == 0 })
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) > 0 || source.begun.Load() != 1 {
		t.Errorf("%d searches are kept, %d were begun", len(s.jobs), source.begun.Load())
	}
}

// TestFoundIsBounded: of too many values those with the most messages are kept, and that is said.
func TestFoundIsBounded(t *testing.T) {
	search, err := NewSearch([]window.Key{window.Sender}, "", link{})
	testkit.Must(t, err)
	f := NewFound(&search)
	for i := range 3 * maxListed {
		value := []byte(fmt.Sprint(i))
		for range 1 + 9*((i+1)/(3*maxListed)) + 9/(i+1)/9*9 {
			f.Add(time.Unix(int64(i), 0), 1, 1, func(window.Key) []byte { return value })
		}
	}
	rows := f.rows()
	if len(rows) > 2*maxListed || !f.Forgot || f.Messages != 3*maxListed+18 {
		t.Errorf("%d rows, forgot %t, %d messages", len(rows), f.Forgot, f.Messages)
	}
	j := &searchJob{found: f}
	if top := j.sorted("messages", true); top[0].Messages != 10 || top[1].Messages < 9 {
		t.Errorf("the first: %v, %v", top[0], top[1])
	}
}

// TestSearchByName: a part of a name in any case, a pattern, and within what another key has.
func TestSearchByName(t *testing.T) {
	values := map[window.Key]string{window.Account: "alice@lab.test", window.Host: "192.0.2.7", window.Subject: "Win a prize"}
	for _, test := range []struct {
		text string
		keys []window.Key
		want string
	}{
		{"", []window.Key{window.Account}, "alice@lab.test"}, {"ALICE", []window.Key{window.Account}, "alice@lab.test"},
		{"a*e@*", []window.Key{window.Account}, "alice@lab.test"}, {"bob", []window.Key{window.Account}, ""},
		{"2.7", []window.Key{window.Host}, "192.0.2.7"}, {"PRIZE", []window.Key{window.Subject}, "Win a prize"},
		{"prize", []window.Key{window.Account, window.Host, window.Subject}, "Win a prize"}, {"x", []window.Key{window.Sender}, ""},
	} {
		search, err := NewSearch(test.keys, test.text, link{})
		testkit.Must(t, err)
		f := NewFound(&search)
		f.Add(time.Unix(0, 0), 1, 1, func(k window.Key) []byte {
			if v, ok := values[k]; ok {
				return []byte(v)
			}
			return nil
		})
		var got []string
		for _, row := range f.rows() {
			got = append(got, row.Value)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}
