package htmlreport_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"exiwatch/internal/htmlreport"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

var at0 = time.Date(2026, 11, 23, 10, 30, 0, 0, time.FixedZone("", 3600))

// told makes a page of arrivals by the rules. Which and how many they are is up to each.
func told(t *testing.T, rules []window.Rule, rows int, arrivals func(func(*window.Arrival))) *htmlreport.Page {
	t.Helper()
	return toldWith(t, nil, rules, rows, arrivals)
}

// fated tells an alert that opens what became of its messages.
type fated func(*window.Counters, *window.Alert)

// A fates is a fated of some counters.
type fates struct {
	counters *window.Counters
	tell     fated
}

func (f fates) Opened(a *window.Alert, _ [][]byte) {
	if f.tell != nil {
		f.tell(f.counters, a)
	}
}

func (fates) Joined(*window.Alert, []byte) {}

// toldWith is told of alerts whose messages are followed.
func toldWith(t *testing.T, tell fated, rules []window.Rule, rows int,
	arrivals func(func(*window.Arrival))) *htmlreport.Page {
	t.Helper()
	counters, err := window.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	counters.KeepLogHosts()
	counters.Follow(fates{counters, tell})
	sum := report.Summary{Rules: rules, Hourly: true}
	gather := sum.NewCollector()
	arrivals(func(w *window.Arrival) {
		a := parser.Arrival{Time: w.At, RecipientCount: int(w.Recipients), Size: w.Bytes}
		sum.Arrival(&a, w)
		counters.Advance(w.At)
		gather([]report.Reception{{Arrival: &a, Values: w}})
		opened, grown := counters.Count(w)
		sum.Opened(opened)
		for _, alert := range grown {
			sum.Grew(alert)
		}
		sum.Totals.Lines++
	})
	sum.Totals = tailer.Totals{Lines: sum.Totals.Lines, Bytes: 100 * sum.Totals.Lines}
	return &htmlreport.Page{Document: sum.Document(rows), Hours: sum.Hours(), Effects: sum.Effects(),
		Logs: []string{"mainlog"}, Version: "1.0", Made: at0}
}

func written(t *testing.T, p *htmlreport.Page) string {
	t.Helper()
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func rule(t *testing.T, text string) window.Rule {
	t.Helper()
	r, err := window.ParseRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A judgement is what another reader of HTML, Python's, finds in a page.
type judgement struct {
	Frame    []string // tags with their attributes, and words that aren't from the log
	Unclosed []string
	Values   []string // those that are
}

func judge(t *testing.T, pages map[string]string) map[string]judgement {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	stdin, err := json.Marshal(pages)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/judge.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]judgement)
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	return said
}
