package daemon

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/replay"
	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
	"exiwatch/parser"
	"exiwatch/window"
)

// metricsURL is where a daemon serves its metrics, on a port of its own.
func (w *watchman) metricsURL() (url string) {
	w.t.Helper()
	served := regexp.MustCompile(`"metrics are served","address":"([^"]+)"`)
	w.until("metrics", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		m := served.FindSubmatch(w.log.Bytes())
		if m != nil {
			url = "http://" + string(m[1]) + "/metrics"
		}
		return m != nil
	})
	w.t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return url
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	testkit.Must(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	testkit.Must(t, err)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", r.Status, text)
	}
	return string(text)
}

// metric is the value of a metric, -1 if it isn't there.
func metric(text, name string) float64 {
	_, rest, found := strings.Cut(text, "\n"+name+" ")
	if !found {
		return -1
	}
	value, _, _ := strings.Cut(rest, "\n")
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		panic(err)
	}
	return v
}

// untilMetric scrapes until a metric has a value.
func (w *watchman) untilMetric(url, name string, want float64) (text string) {
	w.t.Helper()
	w.until(fmt.Sprint(name, " ", want), func() bool {
		text = scrape(w.t, url)
		return metric(text, name) == want
	})
	return text
}

// anyPort is a port of loopback that nobody has.
var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

// secrets is what people send with, and what would break an exposition out of its lines or labels.
var secrets = []struct{ account, sender, host, helo, subject string }{
	{"alice@lab.test", "alice@lab.test", "203.0.113.77", "laptop.lab.test", "Invoice overdue"},
	{"bob", "Bob.Secret@example.com", "2001:db8::77", "[2001:db8::77]", `Gr\303\274\303\237e aus Wien`},
	{`eve"} 1`, `"a b"@evil.example`, "198.51.100.9", "x\"}", `\"} 99\nexiwatch_lines_total 7`},
	{"mallory{le=1}", "mallory#HELP@evil.example", "192.0.2.9", "evil.example", "# TYPE exiwatch_up gauge"},
	{"\xff\xfe\x80", "\xff\x80@evil.example", "192.0.2.10", "\xc3\x28", `\377\376`},
}

func TestNoLabelHoldsWhatALogSays(t *testing.T) {
	folder := t.TempDir()
	log := filepath.Join(folder, "mainlog")
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	text := ""
	for i, s := range secrets {
		for j := range 8 {
			text += fmt.Sprintf("%s 1xV%03d-%06d-%02d <= %s H=(%s) [%s] P=esmtpsa A=plain:%s S=900 T=\"%s\" for victim%d@example.org\n",
				at.Format(time.DateTime), i, j, i, s.sender, s.helo, s.host, s.account, s.subject, j)
		}
	}
	text += at.Format(time.DateTime) + " 1xV900-000000-00 <= nobody nonsense\n"
	testkit.Must(t, os.WriteFile(log, nil, 0o600))
	rules := ""
	for _, key := range []string{"account", "sender", "auth", "host", "network", "subject", "topic"} {
		rules += "[[rule]]\nkey = '" + key + "'\nlimit = 5\nonly = ['all', '203.0.113.0/24']\n[[rule.except]]\nmatch = '*except*'\nlimit = 9\n"
	}
	c := configtest.Parse(t, rules+"[[rule]]\nname = 'networks'\ncount = 'networks'\nlimit = 3\n"+
		"[socket]\npath = '"+folder+"/s'\nmode = '0600'\n")
	c.Log, c.Metrics = []string{log}, anyPort
	c.Hook = &post{}
	p := new(post)
	w := start(t, c, true, p)
	url := w.metricsURL()
	testkit.Append(t, log, text)
	for i, s := range secrets {
		question(t, folder+"/s", fmt.Sprintf("count account=%s host=%s", readsocket.Quote(s.account), s.host))
		question(t, folder+"/s", "nobody.there"+strconv.Itoa(i))
	}
	arrivals := tallyOf(t, c, log)
	w.untilMetric(url, "exiwatch_lines_total", float64(strings.Count(text, "\n")))
	w.untilMetric(url, "exiwatch_arrivals_malformed_total", float64(arrivals.Malformed)) // it is the last
	w.untilMetric(url, `exiwatch_spool_waiting{channel="mail"}`, 0)
	w.untilMetric(url, `exiwatch_spool_waiting{channel="hook"}`, 0)
	var got string
	w.until("all are told", func() bool { // a mail tells of all that an arrival has opened
		got = scrape(t, url)
		return metric(got, `exiwatch_deliveries_total{channel="hook",result="sent"}`) >= alertsOpened(got) &&
			metric(got, `exiwatch_deliveries_total{channel="mail",result="sent"}`) >= 1
	})

	for name, want := range map[string]float64{
		"exiwatch_read_bytes_total":                                   float64(len(text)),
		"exiwatch_arrivals_total":                                     float64(arrivals.Arrivals),
		"exiwatch_arrivals_malformed_total":                           float64(arrivals.Malformed),
		"exiwatch_arrivals_suspicious_total":                          float64(arrivals.Suspicious),
		"exiwatch_lines_injected_total":                               float64(arrivals.Injected),
		`exiwatch_log_behind_bytes{log="` + log + `"}`:                0,
		`exiwatch_socket_request_seconds_count`:                       float64(2 * len(secrets)),
		`exiwatch_deliveries_total{channel="mail",result="deferred"}`: 0,
		`exiwatch_alerts_open{rule="account 5/5m"}`:                   metric(got, `exiwatch_alerts_opened_total{rule="account 5/5m"}`),
		`exiwatch_keys_held{rule="networks"}`:                         float64(len(secrets)),
	} {
		if v := metric(got, name); v != want {
			t.Errorf("%s %v, want %v", name, v, want)
		}
	}
	if opened := alertsOpened(got); opened < 30 || opened != float64(len(w.opened())) {
		t.Errorf("%v alerts opened; the daemon said it of %d", opened, len(w.opened()))
	}
	answers := 0.0
	for _, answer := range []string{"yes", "no", "number", "unintelligible", "late"} {
		answers += metric(got, `exiwatch_socket_requests_total{answer="`+answer+`"}`)
	}
	if answers != float64(2*len(secrets)) {
		t.Errorf("%v answers, want %d", answers, 2*len(secrets))
	}
	checkDiscretion(t, got, log)
	checkExposition(t, got)
}

// alertsOpened is the sum of the rules.
func alertsOpened(text string) (sum float64) {
	for _, m := range regexp.MustCompile(`(?m)^exiwatch_alerts_opened_total\{.*\} (\d+)$`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.ParseFloat(m[1], 64)
		sum += n
	}
	return sum
}

// question asks on the socket.
func question(t *testing.T, path, request string) {
	t.Helper()
	_, err := readsocket.Ask(t.Context(), path, request)
	testkit.Must(t, err)
}

// tallyOf is what a replay finds in a log.
func tallyOf(t *testing.T, c config.Config, name string) (tally report.Tally) {
	t.Helper()
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Arrival: func(a *parser.Arrival, _ *window.Arrival) { tally.Arrival(a) },
		Other:   tally.Other,
	})
	testkit.Must(t, err)
	_, err = replay.Run(t.Context(), p, []replay.Source{{Name: name}}, c.Zone, time.Now(), nil)
	testkit.Must(t, err)
	return tally
}

// checkDiscretion looks for what the log says in what Prometheus gets, label by label and as a whole.
func checkDiscretion(t *testing.T, text, log string) {
	t.Helper()
	labels := map[string]string{ // to what their values may be
		"log": regexp.QuoteMeta(log), "rule": `networks|[a-z]+ 5/5m`, "channel": "mail|hook|webhook", "result": "sent|partly|deferred|refused",
		"answer": "yes|no|number|unintelligible|late", "le": `[0-9.e+-]+|\+Inf`, "quantile": `[0-9.]+`, "version": ".*", "goversion": `go[0-9.]+.*`,
	}
	for _, m := range regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`^(?:`+labels[m[1]]+`)$`).MatchString(m[2]) || labels[m[1]] == "" {
			t.Errorf("label %s has the value %s", m[1], m[2])
		}
	}
	var said []string
	for _, s := range secrets {
		said = append(said, s.sender, s.host, s.helo, s.subject)
		if len(s.account) > 3 { // bob may be part of a word
			said = append(said, s.account)
		}
	}
	for _, s := range append(said, "lab.test", "example", "@", "victim", "except", "203.0.113", "evil", "Wien", "secret", "nobody") {
		if strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
			t.Errorf("%q is in the metrics", s)
		}
	}
}

// checkExposition has Prometheus' own tool look at it.
func checkExposition(t *testing.T, text string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing: .ci/needs installs it")
		}
		return
	}
	c := exec.Command("promtool", "check", "metrics")
	c.Stdin = strings.NewReader(text)
	if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// TestScrapeWhileTheCountersAreBusy: it gets what was counted before, and what needs no counters.
func TestScrapeWhileTheCountersAreBusy(t *testing.T) {
	log := testkit.Write(t, "mainlog", testkit.Sentinel("one", time.Now(), 20))
	c := configtest.Parse(t, "")
	c.Log, c.Metrics = []string{log}, anyPort
	w := start(t, c, true, new(post))
	url := w.metricsURL()
	w.untilMetric(url, "exiwatch_arrivals_total", 21)
	w.untilMetric(url, `exiwatch_log_behind_bytes{log="`+log+`"}`, 0)
	w.daemon.counters.lock() // as one does who counts a long time
	more := testkit.Sentinel("another", time.Now(), 20)
	testkit.Append(t, log, more)
	began := time.Now()
	got := scrape(t, url)
	took := time.Since(began)
	w.daemon.counters.unlock()
	if took < countTime || took > countTime+patience/10 {
		t.Errorf("the scrape took %v, want some %v", took, countTime)
	}
	if metric(got, "exiwatch_scrapes_stale_total") != 1 || metric(got, "exiwatch_arrivals_total") != 21 ||
		metric(got, `exiwatch_log_behind_bytes{log="`+log+`"}`) != float64(len(more)) {
		t.Errorf("stale %v, arrivals %v, behind %v of %d", metric(got, "exiwatch_scrapes_stale_total"), metric(got, "exiwatch_arrivals_total"),
			metric(got, `exiwatch_log_behind_bytes{log="`+log+`"}`), len(more))
	}
	w.untilMetric(url, "exiwatch_arrivals_total", 42)
}

// TestMetricsPortThatIsTaken: the daemon counts, and serves them when it is free.
func TestMetricsPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer taken.Close()
	log := testkit.Write(t, "mainlog", "")
	c := configtest.Parse(t, "")
	c.Log, c.Metrics = []string{log}, netip.MustParseAddrPort(taken.Addr().String())
	w := start(t, c, true, new(post))
	testkit.Append(t, log, testkit.Sentinel("one", time.Now(), 20))
	w.untilRead("one")
	w.until("the error", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return strings.Contains(w.log.String(), "metrics can't be served")
	})
	testkit.Must(t, taken.Close())
	w.untilMetric(w.metricsURL(), "exiwatch_arrivals_total", 21)
}

// TestMetricsAfterARestart: what is read again isn't counted again; that is the rebuild.
func TestMetricsAfterARestart(t *testing.T) {
	now := time.Now()
	log := testkit.Write(t, "mainlog", testkit.Sentinel("one", now, 20))
	c := configtest.Parse(t, "")
	c.Log, c.Metrics = []string{log}, anyPort
	w := start(t, c, true, new(post))
	w.untilMetric(w.metricsURL(), "exiwatch_lines_total", 21)
	w.stop()
	c.State = w.daemon.Config.State
	w = goOn(t, c, true, new(post))
	url := w.metricsURL()
	w.untilMetric(url, `exiwatch_alerts_open{rule="bulk sender"}`, 1)
	testkit.Append(t, log, testkit.Sentinel("another", now, 20))
	got := w.untilMetric(url, "exiwatch_lines_total", 21)
	for name, want := range map[string]float64{
		"exiwatch_arrivals_total": 21, `exiwatch_alerts_open{rule="bulk sender"}`: 2, `exiwatch_alerts_opened_total{rule="bulk sender"}`: 1,
		`exiwatch_keys_held{rule="bulk sender"}`: 2, "exiwatch_incidents_open": 2,
	} {
		if v := metric(got, name); v != want {
			t.Errorf("%s %v, want %v", name, v, want)
		}
	}
	if took := metric(got, "exiwatch_rebuild_seconds"); took <= 0 || took > patience.Seconds() {
		t.Errorf("the rebuild took %v s", took)
	}
}

// TestMailThatDoesNotLeave: it waits, and one sees for how long.
func TestMailThatDoesNotLeave(t *testing.T) {
	log := testkit.Write(t, "mainlog", "")
	c := configtest.Parse(t, "")
	c.Log, c.Metrics = []string{log}, anyPort
	w := start(t, c, true, &post{refuses: true})
	url := w.metricsURL()
	testkit.Append(t, log, testkit.Sentinel("one", time.Now(), 20))
	w.until("a second attempt", func() bool {
		got := scrape(t, url)
		return metric(got, `exiwatch_deliveries_total{channel="mail",result="deferred"}`) >= 2 &&
			metric(got, `exiwatch_spool_waiting{channel="mail"}`) == 1 && metric(got, `exiwatch_spool_oldest_seconds{channel="mail"}`) > 1
	})
}
