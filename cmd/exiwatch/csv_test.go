package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/escape"

	"github.com/google/go-cmp/cmp"
)

// hostileLog is one login's bulk mail, with cells that a spreadsheet runs and controls that a terminal obeys.
func hostileLog() string {
	var log strings.Builder
	for i := range 30 {
		subject := []string{"=HYPERLINK(\\\"http://x/\\\",\\\"Offer, read\\\")", `+1`, `\t=2`, `a;@SUM(1)`, "\x9b31m" + `\033[2J`,
			"Grüße"}[i%6]
		fmt.Fprintf(&log, "2026-11-23 10:00:%02d.%03d [4711] 1xV%03d-000001-01 <= -a@lab.test H=(=pc,\"x) [192.0.2.7]:50111 "+
			"I=[192.0.2.1]:587 P=esmtpsa A=plain:@eve S=300 id=%d@x T=\"%s\" from <-a@lab.test> for b@example.org c@example.org\n",
			i, i, i, i, subject)
	}
	log.WriteString("2026-11-23 10:00:40 1xV900-000001-01 <= <> R=1xV001-000001-01 U=mail P=local S=0 T=\"\"\n")
	return log.String()
}

// records reads CSV with its first row, and checks that no cell is a formula or moves a cursor.
func records(t *testing.T, text string) (columns []string, rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%v: %q", err, text)
	}
	for _, record := range all[1:] {
		row := make(map[string]string)
		for i, cell := range record {
			row[all[0][i]] = cell
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) || strings.ContainsFunc(cell, obeyed) {
				t.Errorf("%s is %q", all[0][i], cell)
			}
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

// csvCell is a field of JSON as it stands in CSV.
func csvCell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, fmt.Sprint(one))
		}
		return csvCell(strings.Join(all, " "))
	case string:
		text := escape.Text(v)
		if v != "" && strings.ContainsRune("=+-@\t", rune(v[0])) {
			text = "'" + text
		}
		return strings.ReplaceAll(text, ";@", ";'@")
	}
	return fmt.Sprint(value)
}

// TestArrivalsCSV: each row has what the line of JSON has, in the columns of INTERFACE.md.
func TestArrivalsCSV(t *testing.T) {
	for name, log := range map[string]string{"shop": shopLog, "hostile": hostileLog()} {
		out, stderr, status := exiwatch(t, log, "arrivals", "--csv", "--timezone", "UTC", "-")
		if status != exitDone || stderr != "" {
			t.Fatalf("%s: status %d: %s", name, status, stderr)
		}
		columns, rows := records(t, out)
		const want = "file line time pid message_id fake_reject envelope_sender bounce_of host helo host_address host_port " +
			"interface_address interface_port ident protocol tls authenticator authenticated_id authenticated_sender size " +
			"header_message_id subject received_sender recipients suspicious overflowed syslog_host"
		if got := strings.Join(columns, " "); got != want {
			t.Errorf("the columns are %s, want %s", got, want)
		}
		out, _, _ = exiwatch(t, log, "arrivals", "--json", "--timezone", "UTC", "-")
		all := objects(t, out)
		if len(all) != len(rows) {
			t.Fatalf("%s: %d rows, want %d", name, len(rows), len(all))
		}
		for i, object := range all {
			wanted := make(map[string]string)
			for _, column := range columns {
				wanted[column] = csvCell(object[column])
			}
			for field := range object {
				if !slices.Contains(columns, field) {
					t.Errorf("%s has no column", field)
				}
			}
			if strings.Contains(wanted["subject"], "\ufffd") { // broken text: JSON can't say which bytes it had
				wanted["subject"], rows[i]["subject"] = "", ""
			}
			if diff := cmp.Diff(wanted, rows[i]); diff != "" {
				t.Errorf("%s, arrival %d (-want +got):\n%s", name, i, diff)
			}
		}
	}
	if out, _, status := exiwatch(t, "", "arrivals", "--csv", "-"); status != exitDone ||
		strings.Count(out, "\r\n") != 1 || !strings.HasPrefix(out, "file,line,time,") {
		t.Errorf("of no log: status %d: %q, want the names of the columns", status, out)
	}
	out, _, _ := exiwatch(t, shopLog, "arrivals", "--csv", "-n", "2", "-")
	if _, rows := records(t, out); len(rows) != 2 {
		t.Errorf("-n 2: %d rows", len(rows))
	}
}

// TestTopCSV: the rows of JSON, in its order.
func TestTopCSV(t *testing.T) {
	for _, args := range []string{"subject", "account --count recipients", "auth --count subjects", "subject -n 2"} {
		run := func(format string) string {
			out, stderr, status := exiwatch(t, hostileLog(), append(append([]string{"top"}, strings.Fields(args)...), format, "-")...)
			if status != exitDone || stderr != "" {
				t.Fatalf("top %s %s: status %d: %s", args, format, status, stderr)
			}
			return out
		}
		columns, rows := records(t, run("--csv"))
		if diff := cmp.Diff([]string{"value", "messages", "recipients", "bytes", "count"}, columns); diff != "" {
			t.Error(diff)
		}
		var all []map[string]any
		if err := json.Unmarshal([]byte(run("--json")), &all); err != nil || len(all) != len(rows) || len(rows) == 0 {
			t.Fatalf("top %s: %d rows and %d of JSON, %v", args, len(rows), len(all), err)
		}
		for i, object := range all {
			for column, value := range object {
				if want := csvCell(value); rows[i][column] != want && !strings.Contains(want, "\ufffd") {
					t.Errorf("top %s: %s is %q, want %q", args, column, rows[i][column], want)
				}
			}
		}
	}
}

// TestReplayCSV: a row for each alert of JSON.
func TestReplayCSV(t *testing.T) {
	run := func(format string) string {
		out, stderr, status := exiwatch(t, hostileLog(), "replay", "--rule", "account 5/5m", "--rule", "host 9/5m", "--rule",
			"subject 4/1h", format, "-")
		if status != exitDone || stderr != "" {
			t.Fatalf("replay %s: status %d: %s", format, status, stderr)
		}
		return out
	}
	columns, rows := records(t, run("--csv"))
	var document struct {
		Alerts, Incidents []map[string]any
	}
	if err := json.Unmarshal([]byte(run("--json")), &document); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(document.Alerts) || len(rows) < 4 {
		t.Fatalf("%d rows, want one for each of %d alerts", len(rows), len(document.Alerts))
	}
	for i, alert := range document.Alerts {
		wanted := make(map[string]string)
		for _, column := range columns {
			wanted[column] = csvCell(alert[column])
		}
		for _, incident := range document.Incidents {
			if incident["id"] == alert["incident"] {
				wanted["account"] = csvCell(incident["account"])
			}
		}
		for n, row := range alert["subjects"].([]any) {
			if n < 3 {
				wanted[fmt.Sprintf("subject_%d", n+1)] = csvCell(row.(map[string]any)["subject"])
			}
		}
		for column, want := range wanted {
			if got := rows[i][column]; got != want && !strings.Contains(want, "\ufffd") {
				t.Errorf("alert %d: %s is %q, want %q", i, column, got, want)
			}
		}
	}
	if rows[0]["account"] != "'@eve" || rows[0]["limit"] != "5" || rows[0]["subject_3"] == "" || rows[0]["ended"] != "" {
		t.Errorf("the first alert is %q", rows[0])
	}
	if out, _, _ := exiwatch(t, shopLog, "replay", "--csv", "-"); strings.Count(out, "\r\n") != 1 {
		t.Errorf("without alerts: %q, want the names of the columns", out)
	}
}
