package watch

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/metrics"
	"exiwatch/mailer"
	"exiwatch/parser"
)

// underRace tells whether the race detector slows everything down.
var underRace bool

var scrapes = flag.Int("watch.scrapes", 3, "scrapes of TestScrapesUnderLoad, one a second, while -watch.lines are logged")

// TestScrapeOfAMillionKeys takes as long as one of ten.
func TestScrapeOfAMillionKeys(t *testing.T) {
	if underRace || testing.Short() {
		t.Skip("a million keys take long")
	}
	const keys, open = 1_000_000, 2_000
	d := &Daemon{Config: configured(t, "[[rule]]\nlimit = 1\nwindow = '1h'\n[[rule]]\nkey = 'sender'\nlimit = 1000\nwindow = '1h'\n"), turn: newTurn(), now: time.Now, Log: slog.New(slog.DiscardHandler)}
	d.meter.begin(time.Now())
	p, err := NewPipeline(d.Config.Scopes, d.Config.Rules, Listener{})
	must(t, err)
	d.spool, err = mailer.OpenSpool(t.TempDir())
	must(t, err)
	d.logs = []*followed{{path: write(t, "mainlog", ""), pipeline: p}}
	at := time.Now()
	a := parser.Arrival{Time: at, Authenticator: []byte("plain")}
	for i := range keys + open {
		who := max(i/2, i-open) // the first ones are over their limit
		a.AuthenticatedID = fmt.Appendf(a.AuthenticatedID[:0], "u%d@lab.test", who)
		a.EnvelopeSender = a.AuthenticatedID
		a.MessageID = fmt.Appendf(a.MessageID[:0], "1xV%03d-%06d-01", i/1_000_000, i%1_000_000)
		p.entry(&parser.Entry{Kind: parser.Reception, Arrival: &a})
	}
	h := metrics.Handler("", func() metrics.Snapshot { return d.snapshot(t.Context()) }, d.Log)
	var took []time.Duration
	for range 100 {
		began := time.Now()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, metrics.Path, nil))
		took = append(took, time.Since(began))
		for _, want := range []string{`keys_held{rule="account 1/1h"} 1e+06`, `keys_held{rule="sender 1000/1h"} 1e+06`, `alerts_open{rule="account 1/1h"} 2000`} {
			if !strings.Contains(w.Body.String(), want) {
				t.Fatalf("%s is missing in\n%s", want, w.Body)
			}
		}
	}
	slices.Sort(took)
	t.Logf("a scrape of %d keys and %d open alerts: median %v, most %v", 2*keys, open, took[50], took[99])
	if took[95] > 50*time.Millisecond {
		t.Errorf("of 100 scrapes five took more than %v", took[95])
	}
	began := time.Now()
	d.count()
	t.Logf("of it the counters are kept for %v", time.Since(began))
}

// TestScrapesUnderLoad: the daemon keeps up with a log that grows while it is scraped.
func TestScrapesUnderLoad(t *testing.T) {
	log := write(t, "mainlog", "")
	c := configured(t, "[[rule]]\nkey = 'auth'\nlimit = 20\nwindow = '5m'\n[mail]\nmax_per_hour = 20\n")
	c.Log, c.Metrics = []string{log}, anyPort
	w := start(t, c, true, new(post))
	url := w.metricsURL()
	stop, written := make(chan struct{}), make(chan int)
	go func() { written <- grow(t, log, *loadLines, stop) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var took []time.Duration
	var behind []float64
	var text string
	for range *scrapes {
		<-tick.C
		began := time.Now()
		text = scrape(t, url)
		took = append(took, time.Since(began))
		behind = append(behind, metric(text, `exiwatch_log_behind_bytes{log="`+log+`"}`))
	}
	second := metric(text, "exiwatch_read_bytes_total") / float64(*scrapes) // bytes
	close(stop)
	lines := <-written
	began := time.Now()
	w.untilMetric(url, "exiwatch_lines_total", float64(lines))
	rest := time.Since(began)
	slices.Sort(took)
	slices.Sort(behind)
	stale := metric(scrape(t, url), "exiwatch_scrapes_stale_total")
	t.Logf("%d lines in %d s; behind at a scrape: median %.0f bytes, most %.0f, of %.0f a second; the rest was read in %v; a scrape took %v, at most %v; %v stale; %d alerts",
		lines, *scrapes, behind[len(behind)/2], behind[len(behind)-1], second, rest, took[len(took)/2], took[len(took)-1], stale, len(w.opened()))
	if behind[len(behind)/2] > second || stale > 0 {
		t.Errorf("it doesn't keep up: %.0f bytes behind with %.0f a second, %v scrapes stale", behind[len(behind)/2], second, stale)
	}
}
