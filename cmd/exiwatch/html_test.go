package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/report"
	"exiwatch/internal/words"

	"github.com/google/go-cmp/cmp"
)

// A readPage is what Python reads in a page.
type readPage struct {
	Tables []struct {
		Caption string
		Rows    [][]string // cells, those of the head first
	}
	Facts map[string]string // the first of each name
}

func readHTML(t *testing.T, text string) (p readPage) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	in, err := json.Marshal(map[string]string{"page": text})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "../../internal/htmlreport/testdata/judge.py")
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]readPage
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all["page"]
}

func (p readPage) rows(caption string) [][]string {
	for _, table := range p.Tables {
		if strings.HasPrefix(table.Caption, caption) {
			return table.Rows[1:]
		}
	}
	return nil
}

var captions = map[string]string{
	"account": "Accounts", "auth": "Authenticated ids", "user": "Local users", "sender": "Envelope senders",
	"sender_domain": "Sender domains", "account_domain": "Account domains",
	"host": "Hosts", "network": "Networks", "topic": "Topics", "subject": "Subjects",
}

// cell is a text of the log as Python reads it in a table.
func cell(s string) string {
	if s = escape.Text(s); s == "" {
		return "(empty)"
	}
	return strings.Join(strings.Fields(s), " ")
}

// TestFiguresAreThoseOfJSON: the page has the figures of replay --json and of replay --suggest --json, of the same
// logs and rules.
func TestFiguresAreThoseOfJSON(t *testing.T) {
	alerts := 0
	for name, files := range fixtureSets(t) {
		args := append([]string{"--timezone", "UTC", "-n", "7", "--rule", "account 4/5m", "--rule",
			"host messages 10/1h", "--rule", "sender bytes 3000/1h"}, files...)
		out, _, status := exiwatch(t, "", append([]string{"replay", "--json"}, args...)...)
		var d report.Document
		if status != exitDone {
			t.Fatalf("%s: status %d", name, status)
		}
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatal(err)
		}
		text, stderr, status := exiwatch(t, "", append([]string{"replay", "--suggest", "--html", "-"}, args...)...)
		if status != exitDone {
			t.Fatalf("%s: status %d: %s", name, status, stderr)
		}
		p := readHTML(t, text)
		checkTotals(t, name, p, d)
		for key, caption := range captions {
			checkRanking(t, name+" "+key, p.rows(caption), d.Top[key], d)
		}
		checkAlerts(t, name, text, d)
		alerts += len(d.Alerts)
		checkSuggestions(t, name, p, suggestJSON(t, args...))
	}
	if alerts < 10 {
		t.Errorf("only %d alerts were compared", alerts)
	}
}

func checkTotals(t *testing.T, name string, p readPage, d report.Document) {
	t.Helper()
	recipients := "not logged"
	if d.Recipients > 0 {
		recipients = words.Number(d.Recipients)
	}
	want := map[string]string{"Messages received": words.Number(d.Arrivals), "Recipients": recipients,
		"Size of the messages": words.Size(d.Size)}
	for what, n := range map[string]int64{"Malformed": d.Malformed, "Overflowed": d.Overflowed,
		"Suspicious": d.Suspicious, "Injected": d.Injected} {
		if n > 0 {
			want[what] = words.Number(n)
		} else if p.Facts[what] != "" {
			t.Errorf("%s: %s: %s", name, what, p.Facts[what])
		}
	}
	for what, fact := range want {
		if got := p.Facts[what]; got != fact && !strings.HasPrefix(got, fact+" ") {
			t.Errorf("%s: %s: %q, want %q", name, what, got, fact)
		}
	}
	if got, want := p.Facts["Log"], words.Plural(d.Lines, "line")+", "+words.Size(d.Bytes); !strings.HasPrefix(got,
		want) {
		t.Errorf("%s: Log: %q, want %q", name, got, want)
	}
	sum := int64(0)
	for _, row := range p.rows("Messages received by") {
		if len(row) == 3 {
			var n int64
			fmt.Sscan(strings.ReplaceAll(row[2], ",", ""), &n)
			sum += n
		}
	}
	if sum != d.Arrivals {
		t.Errorf("%s: the heat map has %d arrivals, want %d", name, sum, d.Arrivals)
	}
}

// incidentLink is what a row of a ranking ends in if its value has incidents.
var incidentLink = regexp.MustCompile(` \d+ incidents?$`)

func checkRanking(t *testing.T, name string, got [][]string, rows []report.Row, d report.Document) {
	t.Helper()
	var want [][]string
	for _, r := range rows {
		row := []string{cell(r.Value), words.Number(r.Messages), words.Percent(r.Messages, d.Arrivals),
			words.Size(r.Bytes)}
		if d.Recipients > 0 {
			row = slices.Insert(row, 3, words.Number(r.Recipients))
		}
		want = append(want, row)
	}
	for _, row := range got {
		row[0] = incidentLink.ReplaceAllString(row[0], "")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// firstTime is when the first alert of a card opened.
var firstTime = regexp.MustCompile(`datetime="[^"]*"`)

// checkAlerts looks for every alert with its limit, peak, times, sums and first subject.
func checkAlerts(t *testing.T, name, text string, d report.Document) {
	t.Helper()
	parts := strings.Split(strings.ReplaceAll(text, "<wbr>", ""), "<li><details>")[1:]
	if len(parts) != len(d.Incidents) {
		t.Fatalf("%s: %d incidents, want %d", name, len(parts), len(d.Incidents))
	}
	cards := make(map[string]string) // by the account and when the incident began
	for _, part := range parts {
		whose, rest, _ := strings.Cut(html.UnescapeString(part), "</bdi></h3>")
		_, whose, _ = strings.Cut(whose, "<bdi>")
		cards[whose+" "+firstTime.FindString(rest)] = html.UnescapeString(part)
	}
	byID := make(map[string]report.Alert)
	for _, a := range d.Alerts {
		byID[a.ID] = a
	}
	stamp := func(at report.Time) string { return `datetime="` + at.Format(time.RFC3339) + `"` }
	for i, n := range d.Incidents {
		part := cards[escape.Text(n.Account)+" "+stamp(n.Opened)]
		worst := byID[n.Alerts[0]]
		want := []string{escape.Text(n.Account) + "</bdi></h3>"}
		for _, id := range n.Alerts {
			a := byID[id]
			if float64(a.Peak)/float64(a.Limit) > float64(worst.Peak)/float64(worst.Limit) {
				worst = a
			}
			want = append(want, stamp(a.Opened)+">", "<span>opened")
			for _, g := range a.Grew {
				want = append(want, stamp(g.At))
			}
			if a.Ended.IsZero() {
				want = append(want, "still open at the end of the log")
			} else {
				want = append(want, stamp(a.Ended), "<span>ended")
			}
		}
		want = append(want, words.Amount(worst.Peak, worst.Count), "limit "+words.Amount(worst.Limit, worst.Count),
			words.Plural(worst.Messages, "message")+" in all", words.Size(worst.Bytes))
		if worst.Recipients > 0 {
			want = append(want, words.Plural(worst.Recipients, "recipient"))
		}
		for _, w := range want {
			if !strings.Contains(part, w) {
				t.Errorf("%s: incident %d of %q hasn't %q", name, i, n.Account, w)
			}
		}
	}
}

func checkSuggestions(t *testing.T, name string, p readPage, s suggestionsJSON) {
	t.Helper()
	rows := p.rows("Limits that suit this log")
	if len(rows) != len(s.Rules) {
		t.Fatalf("%s: %d suggestions, want %d", name, len(rows), len(s.Rules))
	}
	for i, r := range s.Rules {
		row := strings.Join(rows[i], "|")
		want := []string{r.Rule + "|" + words.Amount(r.Limit, r.Count)}
		if r.Suggested != nil {
			want = append(want, fmt.Sprintf("|%s opens %s|", words.Amount(*r.Suggested, r.Count),
				words.Plural(*r.Alerts, "alert")),
				"highest "+words.Amount(r.Highest, r.Count)+": "+cell(r.HighestValue))
		}
		for _, w := range want {
			if !strings.Contains(row, w) {
				t.Errorf("%s: %q hasn't %q", name, row, w)
			}
		}
	}
}

// TestHTMLFile: a new file is its owner's, one that is there keeps its mode, a link is followed, what is no file
// isn't replaced, and what fails leaves all as it was.
func TestHTMLFile(t *testing.T) {
	dir := t.TempDir()
	name := func(s string) string { return filepath.Join(dir, s) }
	write := func(want int, args ...string) string {
		t.Helper()
		out, stderr, status := exiwatch(t, shopLog, append(append([]string{"replay"}, args...), "-")...)
		if status != want || want == exitDone && out != "" {
			t.Errorf("%q: status %d, want %d: %s%s", args, status, want, out, stderr)
		}
		return stderr
	}
	mode := func(file string) os.FileMode {
		t.Helper()
		info, err := os.Lstat(name(file))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	write(exitDone, "--html", name("new.html"))
	if got := mode("new.html"); got != 0o600 {
		t.Errorf("mode %v, want 0600", got)
	}
	if err := os.Chmod(name("new.html"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("new.html", name("link.html")); err != nil {
		t.Fatal(err)
	}
	write(exitDone, "--html", name("link.html"), "--sender", "bob@*")
	if mode("new.html") != 0o644 || mode("link.html")&os.ModeSymlink == 0 {
		t.Errorf("modes %v and %v", mode("new.html"), mode("link.html"))
	}
	before := read(t, name("new.html"))
	if !strings.Contains(before, "--sender bob<wbr>@*") {
		t.Error("the page doesn't say what was selected")
	}
	write(exitDone, "--html", "/dev/null")
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Fatalf("/dev/null is %v, %v", info.Mode(), err)
	}
	if out, stderr, status := exiwatch(t, "", "replay", "--html", name("new.html"),
		name("no such log")); status != exitFailure {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
	write(exitFailure, "--html", name("no such folder/x.html"))
	write(exitFailure, "--html", dir)
	write(exitFailure, "--suggest", "--html", name("new.html"))
	write(exitUsage, "--html", "")
	write(exitUsage, "--html", name("x.html"), "--json")
	if read(t, name("new.html")) != before {
		t.Error("a failure has changed the file")
	}
	if left, err := filepath.Glob(name("*")); err != nil || len(left) != 2 {
		t.Errorf("left: %q", left)
	}
	if left, err := filepath.Glob(name(".*")); err != nil || len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// underRace is whether the race detector watches, which makes a large log ten times as long.
var underRace bool

var htmlBytes = flag.Int64("html.bytes", 0,
	"TestHTMLOfALargeLog reads so many bytes of a log, in place of a million lines")

// TestHTMLOfALargeLog: its page is no longer than a megabyte, though nearly every line has other values and thousands
// of alerts open.
func TestHTMLOfALargeLog(t *testing.T) {
	if testing.Short() {
		t.Skip("a million lines")
	}
	log := &outbreaks{lines: 1_000_000}
	if underRace {
		log.lines /= 20
	}
	if *htmlBytes > 0 {
		log.lines, log.size = 1<<62, *htmlBytes
	}
	var out, stderr strings.Builder
	start := time.Now()
	status := run(t.Context(), []string{"replay", "--timezone", "UTC", "-n", "0", "--html", "-", "-"}, log, &out,
		&stderr)
	if status != exitDone {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	t.Logf("%d lines, %d bytes of log: a page of %d bytes, in %v", log.line, log.given, out.Len(), time.Since(start))
	if out.Len() > 1_000_000 || out.Len() < 300_000 {
		t.Errorf("%d bytes", out.Len())
	}
	if want := words.Plural(log.line, "line"); !strings.Contains(out.String(), want) ||
		!strings.Contains(out.String(), "those that went furthest over their limits") {
		t.Errorf("it doesn't say that it read %s, or what it leaves out", want)
	}
}

// outbreaks is a log in which one account after the other sends 25 messages in half a minute.
type outbreaks struct {
	lines, size int64 // how long it is; 0: of any size
	line, given int64
	rest        []byte
}

func (o *outbreaks) Read(b []byte) (int, error) {
	for len(o.rest) < len(b) && o.line < o.lines && (o.size == 0 || o.given < o.size) {
		was := len(o.rest)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(o.line) * time.Second)
		who := o.line / 25
		o.rest = fmt.Appendf(o.rest,
			"%s 1xV%03d-%06d-01 <= \"%d <b>&\"@lab%d.test H=(<pc>) [10.%d.%d.%d] P=esmtpa A=plain:\"<%d>\" S=%d T=\"%d <i>\\\"&'%s\"\n",
			at.Format(time.DateTime), who%1000, o.line, who, who%5000, who>>16%256, who>>8%256, who%256, who,
			500+o.line%9999, o.line, "<>&\u202e'<>&\u202e'<>&\u202e'")
		o.line++
		o.given += int64(len(o.rest) - was)
	}
	if len(o.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}
