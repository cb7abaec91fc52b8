package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"exiwatch/internal/config"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/report"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// summary replays a log that is said to come from the file name. A rule may have a name behind a #.
func summary(t *testing.T, name, log string, rules ...string) *report.Summary {
	t.Helper()
	c := config.Default()
	c.Rules = nil
	for _, text := range rules {
		text, called, named := strings.Cut(text, "#")
		r, err := window.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		if named {
			r.Name = called
		}
		c.Rules = append(c.Rules, r)
	}
	general := c.Scopes[""]
	sum := report.Summary{Rules: c.Rules, Only: general.OnlyNames()}
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{AllKeys: true, Arrival: sum.Arrival,
		NewCollector: sum.NewCollector, Other: sum.Other, Opened: sum.Opened, Ended: sum.Ended})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := replay.Run(t.Context(), p, []replay.Source{{Name: name, Stream: strings.NewReader(log)}}, time.UTC,
		time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sum.Totals = outcome.Totals
	return &sum
}

func small(t *testing.T) *report.Summary {
	t.Helper()
	log, err := os.ReadFile("testdata/small.log")
	if err != nil {
		t.Fatal(err)
	}
	return summary(t, "mainlog", string(log), "account 3/1m", "sender bytes 1000/5m")
}

func text(t *testing.T, s *report.Summary, rows int, colour bool) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Text(&out, rows, colour); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func document(t *testing.T, s *report.Summary, rows int) string {
	t.Helper()
	b, err := json.MarshalIndent(s.Document(rows), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func TestDocument(t *testing.T)     { golden(t, "document.json", document(t, small(t), 0)) }
func TestText(t *testing.T)         { golden(t, "text.txt", text(t, small(t), 0, false)) }
func TestTextOfOneRow(t *testing.T) { golden(t, "onerow.txt", text(t, small(t), 1, false)) }

// TestColouredText: colour adds what a terminal draws the headings with, and changes nothing else.
func TestColouredText(t *testing.T) {
	coloured := text(t, small(t), 0, true)
	if plain := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(coloured); plain != text(t, small(t), 0,
		false) || plain == coloured {
		t.Errorf("coloured text is not the plain one with bold headings:\n%q", coloured)
	}
}

// TestEmptyLog: a log without arrivals is no error, and its document has every field.
func TestEmptyLog(t *testing.T) {
	golden(t, "empty.txt", text(t, summary(t, "mainlog", "", "account 3/1m"), 10, false))
	golden(t, "empty.json", document(t, summary(t, "mainlog", "", "account 3/1m"), 10))
}

// TestRowsOfADocument: n bounds each ranking, and 0 doesn't.
func TestRowsOfADocument(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		for key, rows := range small(t).Document(n).Top {
			want := len(small(t).Document(0).Top[key])
			if n > 0 {
				want = min(n, want)
			}
			if len(rows) != want {
				t.Errorf("Document(%d): %d rows of %s, want %d", n, len(rows), key, want)
			}
		}
	}
}

// TestManyMalformedLines: all are counted, the first 20 are told.
func TestManyMalformedLines(t *testing.T) {
	d := summary(t, "mainlog", strings.Repeat("2026-11-23 10:00:00 1xV008-000008-08 <= bob@lab.test nonsense\n",
		30)).Document(0)
	if d.Malformed != 30 || len(d.MalformedLines) != 20 || d.MalformedLines[19].Line != 20 {
		t.Errorf("%d malformed, %d of them told, want 30 and 20", d.Malformed, len(d.MalformedLines))
	}
}

// TestHostileText: whatever a sender writes, and whatever a file is called, the text has no character that moves a
// cursor, hides or turns round what stands beside it.
func TestHostileText(t *testing.T) {
	var log strings.Builder
	subjects := []string{
		`\033[2J\033]0;owned\007`, `two\r\nlines`, `\342\200\256moc.live`, `\302\205\302\233next`, `a\000b`,
		`\377\376broken`, `\342\200\250sep`,
		"raw \x1b[31m \u202e \x9b bytes", `\177\b\b\b\v\f`, `tab\there`,
	}
	for range 4 {
		for _, subject := range subjects {
			log.WriteString("2026-11-23 10:00:00 1xV001-000001-01 <= \"\x1b[1m\u202e\"@lab.test H=(\x1b[2J) [192.0.2.7] P=esmtpa A=plain:ev\x1b[5mil\u2066 S=1 T=\"" + subject + "\"\n")
		}
	}
	log.WriteString("2026-11-23 10:00:01 1xV002-000002-02 <= bob@lab.test \x1b[2J\r\n")
	sum := summary(t, "main\x1b[2J\nlog\u202e", log.String(), "account 3/1m#b\x1b[7mulk\u202e", "subject 2/1m",
		"sender 1/1m")
	if d := sum.Document(0); d.Arrivals != 40 || d.Malformed != 1 || len(d.Alerts) != 12 {
		t.Fatalf("%d arrivals, %d malformed lines, %d alerts, want 40, 1, 12", d.Arrivals, d.Malformed, len(d.Alerts))
	}
	out := text(t, sum, 0, false)
	checkPlain(t, out)
	if !strings.Contains(out, `main\x1b[2J\nlog\u{202e}:41:`) {
		t.Errorf("the malformed line's file isn't named:\n%s", out)
	}
	if !strings.Contains(out, `ev\x1b[5mil\u{2066}`) || !strings.Contains(out, `\u{202e}moc.live`) {
		t.Errorf("the account or a subject isn't shown:\n%s", out)
	}
	golden(t, "hostile.txt", out)
}

// checkPlain looks for characters that a terminal obeys.
func checkPlain(t *testing.T, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("the text is no UTF-8: %q", out)
	}
	for _, line := range strings.Split(out, "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("raw characters in %q", line)
		}
	}
}

// TestHostileJSON: what JSON can't hold is replaced, and everything else comes through as it was.
func TestHostileJSON(t *testing.T) {
	out := document(t,
		summary(t, "mainlog",
			"2026-11-23 10:00:00 1xV001-000001-01 <= a\xffb@lab.test U=u\x1b P=local S=1 T=\"\\033\\377\"\n"), 0)
	var d struct {
		Top map[string][]struct{ Value string }
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"sender": "a\ufffdb@lab.test", "user": "u\x1b", "subject": "\x1bÿ"} {
		if rows := d.Top[key]; len(rows) != 1 || rows[0].Value != want {
			t.Errorf("%s = %q, want %q", key, rows, want)
		}
	}
}
