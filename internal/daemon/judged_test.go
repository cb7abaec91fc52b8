package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// said counts the daemon's lines of a level that hold all of some texts.
func (w *watchman) said(level string, texts ...string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(w.log.String()) {
		all := strings.Contains(line, `"level":"`+level+`"`)
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			n++
		}
	}
	return n
}

// TestDaemonSaysWhatItDoesNotUnderstand: once for each log, with a metric; a log that is understood is silent.
func TestDaemonSaysWhatItDoesNotUnderstand(t *testing.T) {
	dir := t.TempDir()
	exims, part, postfix := filepath.Join(dir, "exims"), filepath.Join(dir, "part"), filepath.Join(dir, "postfix")
	entries := testkit.OddLog(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	const strange = "2026-11-23 12:00:00 mx1 1xV000-000000-01 <= a\x1b[31m@lab.test H=(x) [192.0.2.7] P=esmtp S=9\n"
	const other = "Nov 28 10:00:00 mx1 postfix/smtpd[123]: connect from unknown[192.0.2.7]\n"
	first, _, _ := strings.Cut(entries, "cwd=")
	first = first[:strings.LastIndexByte(first, '\n')+1]
	testkit.Must(t, os.WriteFile(exims, []byte(first), 0o600))
	testkit.Must(t, os.WriteFile(part, []byte(entries+strange+other), 0o600))
	testkit.Must(t, os.WriteFile(postfix, []byte(other), 0o600))
	c := configtest.Parse(t, "")
	c.Log, c.Metrics = []string{exims, part, postfix}, anyPort
	w := start(t, c, true, new(post))
	url := w.metricsURL()
	text := w.untilMetric(url, `exiwatch_lines_not_understood_total{log="`+part+`"}`, 17)
	for log, want := range map[string]float64{exims: 0, postfix: 0} {
		if got := metric(text, `exiwatch_lines_not_understood_total{log="`+log+`"}`); got != want {
			t.Errorf("%s: %v lines aren't understood, want %v", log, got, want)
		}
	}
	w.untilMetric(url, `exiwatch_lines_foreign_total{log="`+part+`"}`, 1)
	w.until("the errors", func() bool {
		return w.said("ERROR", "the log is not understood", postfix, "a Postfix log", "connect from") == 1 &&
			w.said("WARN", "lines of the log were not understood", `"lines":17`, part+":254", "mx1 1xV") == 1
	})
	for _, log := range []string{part, postfix} {
		testkit.Append(t, log, other+strange+"foo\n")
	}
	w.untilMetric(url, `exiwatch_lines_not_understood_total{log="`+part+`"}`, 19)
	w.untilMetric(url, `exiwatch_lines_not_understood_total{log="`+postfix+`"}`, 2)
	if n := w.said("ERROR", "not understood") + w.said("WARN", "not understood"); n != 2 {
		t.Errorf("it was said %d times, want twice", n)
	}
	if n := w.said("WARN", exims) + w.said("ERROR", exims); n != 0 {
		t.Errorf("of the log that is understood it said %d things", n)
	}
}
