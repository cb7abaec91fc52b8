package browser

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// The load of TestHundredWatchers. By default there is little, for the gate, where other tests take the machine: how
// long mails take is measured there, and not judged.
var (
	watchers  = flag.Int("watchers", 10, "who have a page open")
	judged    = flag.Bool("judged", false, "the time that mails take is judged; for a machine that does nothing else")
	lineRate  = flag.Int("lines", 1000, "lines a second")
	loadSpell = flag.Int("seconds", 3, "how long")
)

// TestHundredWatchers: with pages open, one fetched anew each second and a client that takes nothing, a log that grows
// is read to its end, and every alert is mailed; if judged, as soon as without them.
func TestHundredWatchers(t *testing.T) {
	alone := underLoad(t, 0)
	watched := underLoad(t, *watchers)
	t.Logf("%d lines a second for %d s; alerts are mailed after (median, most), and at the end the rest is read after:", *lineRate, *loadSpell)
	t.Logf("nobody looks:  %v, %v; %v", alone.median(), alone.most(), alone.rest)
	t.Logf("%3d look on:   %v, %v; %v; %d events, %d pages", *watchers, watched.median(), watched.most(),
		watched.rest, watched.events, watched.pages)
	t.Logf("ratio of the medians %.2f", float64(watched.median())/float64(alone.median()))
	if watched.events < int64(*watchers) {
		t.Errorf("%d who look on were sent %d events", *watchers, watched.events)
	}
	if !*judged {
		return
	}
	if slack := 2*alone.median() + time.Second; watched.median() > slack {
		t.Errorf("while %d look on an alert is mailed after %v, want %v at most", *watchers, watched.median(), slack)
	}
	if slack := 2*alone.rest + time.Second; watched.rest > slack {
		t.Errorf("while %d look on the rest is read after %v, want %v at most", *watchers, watched.rest, slack)
	}
}

// A spell is what became of alerts under load.
type spell struct {
	took          []time.Duration // from the line that crosses to the mail
	rest          time.Duration
	events, pages int64
}

func (s *spell) median() time.Duration { return s.took[len(s.took)/2] }
func (s *spell) most() time.Duration   { return s.took[len(s.took)-1] }

func underLoad(t *testing.T, clients int) *spell {
	t.Helper()
	h := startHost(t, "[mail]\nmax_per_hour = 0\n"+rules)
	s := &spell{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	var events, pages atomic.Int64
	for i := range clients {
		page := "/"
		if i%4 == 3 {
			page = fmt.Sprintf("/who&key=account&value=u%d@lab.test", i)
		}
		wait.Go(func() { h.watch(ctx, page, i == 0 && clients > 1, &events) })
	}
	if clients > 0 {
		wait.Go(func() {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					h.get("")
					pages.Add(1)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	const batches = 20 // a second
	tick := time.NewTicker(time.Second / batches)
	defer tick.Stop()
	crossed := make(map[string]time.Time)
	for n := range *loadSpell * batches {
		<-tick.C
		var text strings.Builder
		for i := range *lineRate / batches {
			// No account is over a limit, no host, and no password has several of these.
			who := (n*997 + i) % 50_000
			text.WriteString(h.line(letter{account: fmt.Sprintf("u%d@lab.test", who), subject: "Minutes of the board",
				address: fmt.Sprintf("10.%d.%d.1", who/200, who%200)}))
		}
		if n%10 == 5 {
			who := fmt.Sprintf("bulk%d@lab.test", n)
			for range 21 {
				text.WriteString(h.line(letter{account: who, subject: "Your parcel",
					address: fmt.Sprintf("192.0.2.%d", n%250)}))
			}
			crossed[who] = time.Now()
		}
		if _, err := io.WriteString(h.log, text.String()); err != nil {
			t.Fatal(err)
		}
	}
	h.send(21, letter{account: "last@lab.test", subject: "Your parcel", address: "198.51.100.1"})
	ended := time.Now()
	mailed := h.mailed("last@lab.test")
	s.rest = mailed.Sub(ended)
	for who, at := range crossed {
		s.took = append(s.took, h.mailed(who).Sub(at))
	}
	slices.Sort(s.took)
	s.events, s.pages = events.Load(), pages.Load()
	return s
}

// watch has a page open until ctx ends, and counts its events. One who is slow takes none.
func (h *host) watch(ctx context.Context, page string, slow bool, events *atomic.Int64) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"events?page="+page, nil)
	if err != nil {
		h.t.Error(err)
		return
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		if ctx.Err() == nil {
			h.t.Errorf("events of %s: %v", page, err)
		}
		return
	}
	defer answer.Body.Close()
	if slow {
		<-ctx.Done()
		return
	}
	lines := bufio.NewReaderSize(answer.Body, 1<<20)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
		if strings.HasPrefix(string(line[:min(len(line), 5)]), "data:") {
			events.Add(1)
		}
	}
}

// mailed waits for the mail that tells of an account, and says when it came.
func (h *host) mailed(account string) (at time.Time) {
	h.t.Helper()
	mails := 0
	testkit.Until(h.t, "a mail tells of "+account, func() bool {
		h.post.mu.Lock()
		defer h.post.mu.Unlock()
		mails = len(h.post.mails)
		i := slices.IndexFunc(h.post.mails, func(m mailer.Message) bool {
			return strings.Contains(string(m.Data), account)
		})
		if i >= 0 {
			at = h.post.at[i]
		}
		return i >= 0
	}, func() any { return mails })
	return at
}
