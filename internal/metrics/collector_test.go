package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryNumberIsShown(t *testing.T) {
	got := scrape(t, whole())
	for _, want := range []string{
		`exiwatch_build_info{goversion="go1.`, `exiwatch_lines_total 54`, `exiwatch_read_bytes_total 4321`,
		`exiwatch_arrivals_total 29`,
		`exiwatch_arrivals_malformed_total 1`, `exiwatch_entries_overflowed_total 2`,
		`exiwatch_arrivals_suspicious_total 3`, `exiwatch_lines_injected_total 4`,
		`exiwatch_log_behind_bytes{log="/var/log/exim4/mainlog"} 1024`,
		`exiwatch_log_idle_seconds{log="/var/log/other/main-%D"} 3600`,
		`exiwatch_rebuild_seconds 1.5`, `exiwatch_scrapes_stale_total 12`,
		`exiwatch_alerts_open{rule="bulk sender"} 1`, `exiwatch_alerts_opened_total{rule="bulk sender"} 5`,
		`exiwatch_keys_held{rule="bulk sender"} 17`, `exiwatch_incidents_open 2`,
		`exiwatch_alerts_open{rule="many \"recipients\""} 0`,
		`exiwatch_keys_dropped_total 6`, `exiwatch_arrivals_merged_total 7`, `exiwatch_arrivals_forgotten_total 8`,
		`exiwatch_distinct_omitted_total 9`,
		`exiwatch_alerts_refused_total 10`, `exiwatch_incidents_forgotten_total 14`,
		`exiwatch_queue_forgotten_total 15`, `exiwatch_events_unspooled 11`,
		`exiwatch_deliveries_total{channel="mail",result="sent"} 1`,
		`exiwatch_deliveries_total{channel="mail",result="partly"} 2`,
		`exiwatch_deliveries_total{channel="mail",result="deferred"} 3`,
		`exiwatch_deliveries_total{channel="mail",result="refused"} 4`,
		`exiwatch_deliveries_total{channel="hook",result="sent"} 1`,
		`exiwatch_spool_waiting{channel="mail"} 5`, `exiwatch_spool_oldest_seconds{channel="mail"} 90`,
		`exiwatch_socket_requests_total{answer="number"} 3`, `exiwatch_socket_refused_total 1`,
		`exiwatch_socket_request_seconds_bucket{le="0.001"} 4`, `exiwatch_socket_request_seconds_bucket{le="+Inf"} 6`,
		`exiwatch_socket_request_seconds_sum 0.012`,
		`exiwatch_fleet_engine_up{fleet="lab"} 1`, `exiwatch_fleet_degraded{fleet="lab"} 0`,
		`exiwatch_fleet_leading{fleet="lab"} 1`, `exiwatch_fleet_lag_seconds{fleet="lab"} 1.5`,
		`exiwatch_fleet_hosts{fleet="lab"} 10`, `exiwatch_fleet_hosts_silent{fleet="lab"} 2`,
		`exiwatch_fleet_arrivals_total{fleet="lab"} 700`, `exiwatch_fleet_arrivals_late_total{fleet="lab"} 6`,
		`exiwatch_fleet_rewinds_total{fleet="lab"} 3`, `exiwatch_fleet_appends_total{fleet="lab"} 40`,
		`exiwatch_fleet_appended_arrivals_total{fleet="lab"} 80`,
		`exiwatch_fleet_publish_behind_bytes{fleet="lab"} 512`,
		`exiwatch_fleet_publish_behind_seconds{fleet="lab"} 60`,
		`go_goroutines `, `process_open_fds `,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestWithoutASocket(t *testing.T) {
	s := whole()
	s.Socket = nil
	if got := scrape(t, s); strings.Contains(got, "socket") || !strings.Contains(got, "exiwatch_lines_total 54") {
		t.Error(got)
	}
}

func TestWithoutAFleet(t *testing.T) {
	s := whole()
	s.Fleet = nil
	if got := scrape(t, s); strings.Contains(got, "fleet") || !strings.Contains(got, "exiwatch_lines_total 54") {
		t.Error(got)
	}
}

func TestPromtoolFindsNoFault(t *testing.T) {
	text := scrape(t, whole())
	if out, err := promtool(t, text, "check", "metrics"); err != nil || out != "" {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	// It does look: a counter without _total is a fault.
	if out, err := promtool(t, strings.ReplaceAll(text, "exiwatch_lines_total", "exiwatch_lines"), "check",
		"metrics"); err == nil {
		t.Errorf("promtool finds no fault in a counter without _total: %s", out)
	}
}

// TestDocumentListsTheMetrics: docs/metrics.md has each, with its type and labels, and no other.
func TestDocumentListsTheMetrics(t *testing.T) {
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(exiwatch_[^`]*)` \\| (\\w+) \\| ([^|]*) \\| .+ \\|$").FindAllStringSubmatch(string(document), -1) {
		listed = append(listed, m[1]+" "+m[2]+" "+strings.Join(strings.FieldsFunc(m[3],
			func(r rune) bool { return strings.ContainsRune("`, ", r) }), ","))
	}
	slices.Sort(listed)
	if want := signatures(scrape(t, whole())); !slices.Equal(listed, want) {
		t.Errorf("docs/metrics.md lists\n%s\nand there are\n%s", strings.Join(listed, "\n"), strings.Join(want, "\n"))
	}
}

// signatures are name, type and labels of our metrics, sorted.
func signatures(exposition string) (all []string) {
	labels := regexp.MustCompile(`(\w+)="`)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (exiwatch_\S+) (\w+)\n(.*)$`).FindAllStringSubmatch(exposition,
		-1) {
		var names []string
		for _, l := range labels.FindAllStringSubmatch(m[3], -1) {
			if l[1] != "le" { // of every histogram
				names = append(names, l[1])
			}
		}
		all = append(all, m[1]+" "+m[2]+" "+strings.Join(names, ","))
	}
	slices.Sort(all)
	return all
}
