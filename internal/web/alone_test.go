package web

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A stillSource is a Source whose state never changes.
type stillSource struct {
	now     *Snapshot
	usages  []window.Usage
	alerts  []Alert
	checked []Finding
}

func (s *stillSource) Now(context.Context) (*Snapshot, error) {
	n := *s.now
	return &n, nil
}

func (s *stillSource) Who(context.Context, []window.Key, string) ([]window.Usage, []Alert, error) {
	return s.usages, s.alerts, nil
}

func (s *stillSource) Search(_ context.Context, search *Search, _ func(float64)) (*Found, error) {
	return NewFound(search), nil
}

func (s *stillSource) Check(context.Context) []Finding { return s.checked }

// newStillSource has a host on which alice is over her limit, and bob was.
func newStillSource() *stillSource {
	rules := []window.Rule{
		{Name: "bulk sender", Key: window.Account, Limit: 20, Window: 5 * time.Minute},
		{Name: "busy host", Key: window.Host, Limit: 500, Window: time.Hour},
	}
	b := NewArrivalBuffer()
	for i := range 60 {
		at := noon.Add(time.Duration(i-60) * time.Second)
		b.Add(sent(at, "alice", fmt.Sprintf("Your parcel %d", i)), at.Unix(), 0, true)
	}
	alert := func(id, value string, opened time.Time) Alert {
		a := &window.Alert{ID: id, Rule: rules[0], Value: value, Limit: 20, Opened: opened, Last: opened, Peak: 60,
			Messages: 60}
		a.Incident = &window.Incident{ID: id, About: window.Identity{Key: window.Account, Value: value},
			Opened: opened, Rule: rules[0], Value: value, Limit: 20}
		return Alert{Alert: a, Current: 60, Topics: []window.TopicCount{{Example: "Your parcel",
			ValueCount: window.ValueCount{Messages: 60}, Subjects: 60}}}
	}
	open, ended := alert("a1", "alice", noon.Add(-time.Minute)), alert("b1", "bob", noon.Add(-time.Hour))
	ended.Ended = noon.Add(-30 * time.Minute)
	usages := []window.Usage{{Value: "alice", Count: 60, Limit: 20}, {Rule: 1, Value: "192.0.2.1", Count: 60, Limit: 500}}
	return &stillSource{
		now: &Snapshot{At: noon, Second: noon.Unix(), Arrivals: b.Snapshot(), Rules: rules, Scopes: []int{0, 0},
			Ranking: usages, ByRule: [][]window.Usage{usages[:1], usages[1:]}, Open: []Alert{open}, Opens: 1,
			Ended: []Alert{ended}, Since: noon.Add(-24 * time.Hour), Keys: 2,
			Logs: []LogStatus{{Path: "/var/log/exim4/mainlog", Read: true, Stamp: noon, Change: noon}},
			Told: map[string]string{"a1": "sent at 11:59:01", "b1": "sent at 11:00:01"}},
		usages: usages[:1], alerts: []Alert{open},
	}
}

// somePages are those of one host, and what of them is the same for all hosts.
var somePages = []string{"/", "/alerts", "/health", "/find", "/who?key=account&value=alice",
	"/who?key=host&value=192.0.2.1"}

// pagesOf are pages, each with its status.
func pagesOf(source Source, paths ...string) (pages []string) {
	s := &Server{Source: source, Name: "mx1", Log: slog.New(slog.DiscardHandler)}
	s.builder.server, s.builder.checkRequests = s, make(chan struct{}, 1)
	s.builder.searches = searches{source: source, wake: make(chan struct{}, 1)}
	for _, path := range paths {
		w := httptest.NewRecorder()
		s.builder.servePage(w, httptest.NewRequest(http.MethodGet, path, nil))
		pages = append(pages, fmt.Sprintf("%d\n%s", w.Code, w.Body))
	}
	return pages
}

// TestPageWithoutFleet: a host in no fleet has the pages that it had before there were fleets, byte for byte. The
// golden file, with a SHA-256 of each page, was written then.
func TestPageWithoutFleet(t *testing.T) {
	source := newStillSource()
	pages := pagesOf(source, somePages...)
	source.now.Open, source.now.Opens, source.alerts = nil, 0, nil
	pages = append(pages, pagesOf(source, somePages...)...)
	var got strings.Builder
	for i, page := range pages {
		fmt.Fprintf(&got, "%x %s\n", sha256.Sum256([]byte(page)), somePages[i%len(somePages)])
	}
	const name = "testdata/alone.golden"
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
