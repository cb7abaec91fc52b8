package daemon

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/follow"
	"exiwatch/internal/metrics"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer/spool"
	"exiwatch/parser"
)

// underRace tells whether the race detector slows everything down.
var underRace bool

var scrapes = flag.Int("daemon.scrapes", 3,
	"scrapes of TestScrapesUnderLoad, one a second, while -daemon.lines are logged")

// TestScrapeOfAMillionKeys takes as long as one of ten.
func TestScrapeOfAMillionKeys(t *testing.T) {
	if underRace || testing.Short() {
		t.Skip("a million keys take long")
	}
	const keys, open = 1_000_000, 2_000
	d := &Daemon{Config: configtest.Parse(t,
		"[[rule]]\nlimit = 1\nwindow = '1h'\n[[rule]]\nkey = 'sender'\nlimit = 1000\nwindow = '1h'\n"),
		counters: newCountersLock(), now: time.Now, stopping: t.Context(), Log: slog.New(slog.DiscardHandler)}
	d.stats.begin(time.Now())
	p, err := pipeline.New(d.Config.Scopes, d.Config.Rules, pipeline.Listener{})
	testkit.Must(t, err)
	spool, err := spool.Open(t.TempDir())
	testkit.Must(t, err)
	d.outbox = d.newOutbox(spool)
	followed := follow.New(testkit.Write(t, "mainlog", ""), p, follow.Options{Zone: time.Local, Now: time.Now})
	d.logs = []*follow.LiveLog{followed}
	at := time.Now()
	var log bytes.Buffer
	r := p.Reader(time.Local, at)
	for i := range keys + open {
		who := max(i/2, i-open) // the first ones are over their limit
		log.Reset()
		fmt.Fprintf(&log, "%s 1xV%03d-%06d-01 <= u%d@lab.test H=h [192.0.2.7] P=esmtpa A=plain:u%[4]d@lab.test S=5",
			at.Format(time.DateTime), i/1_000_000, i%1_000_000, who)
		r.Line(parser.Place{}, log.Bytes())
	}
	r.Flush()
	h := metrics.Handler("", func() metrics.Snapshot { return d.snapshot(t.Context()) }, d.Log)
	var took []time.Duration
	for range 100 {
		began := time.Now()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, metrics.Path, nil))
		took = append(took, time.Since(began))
		for _, want := range []string{`keys_held{rule="account 1/1h"} 1e+06`,
			`keys_held{rule="sender 1000/1h"} 1e+06`, `alerts_open{rule="account 1/1h"} 2000`} {
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

// TestScrapesUnderLoad: the daemon is as far with a log that has grown while it was scraped as it is when nobody asks.
func TestScrapesUnderLoad(t *testing.T) {
	asked, alone := scrapeLoad(t, true), scrapeLoad(t, false)
	slices.Sort(asked.took)
	t.Logf("of %d lines in %d s the rest was read in %v, of %d without scrapes in %v; a scrape took %v, at most %v; at most %.0f bytes behind at one",
		asked.lines, *scrapes, asked.rest, alone.lines, alone.rest, asked.took[len(asked.took)/2],
		asked.took[len(asked.took)-1], asked.behind)
	strict := *loadLines >= 20_000 // the gate's machine is slow
	if asked.stale > 0 && strict || int(asked.stale) == *scrapes {
		t.Errorf("%v scrapes came to nothing, as the counters were busy", asked.stale)
	}
	if most := 2*alone.rest + time.Duration(*scrapes)*time.Second/5; asked.rest > most && strict {
		t.Errorf("the rest was read in %v, want %v at most", asked.rest, most)
	}
}

// A load is what became of a log that grew for some seconds.
type load struct {
	lines         int
	rest          time.Duration // until all was counted, from when it grew no more
	took          []time.Duration
	behind, stale float64
}

func scrapeLoad(t *testing.T, ask bool) (l load) {
	t.Helper()
	log := testkit.Write(t, "mainlog", "")
	c := configtest.Parse(t, "[[rule]]\nkey = 'auth'\nlimit = 20\nwindow = '5m'\n[mail]\nmax_per_hour = 20\n")
	c.Log, c.Metrics = []string{log}, anyPort
	w := start(t, c, true, new(post))
	defer w.stop()
	url := w.metricsURL()
	stop, written := make(chan struct{}), make(chan int)
	go func() { written <- grow(t, log, *loadLines, stop) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range *scrapes {
		<-tick.C
		if ask {
			began := time.Now()
			text := scrape(t, url)
			l.took = append(l.took, time.Since(began))
			l.behind = max(l.behind, metric(text, `exiwatch_log_behind_bytes{log="`+log+`"}`))
		}
	}
	close(stop)
	l.lines = <-written
	began := time.Now()
	text := w.untilMetric(url, "exiwatch_lines_total", float64(l.lines))
	l.rest = time.Since(began)
	l.stale = metric(text, "exiwatch_scrapes_stale_total")
	return l
}
