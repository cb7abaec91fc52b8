package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/report"
	"exiwatch/internal/testkit"
	"exiwatch/window"
)

// TestLogHostsInJSON: an alert of a fleet has them, while it is open and when it has ended; no other alert does, and no
// row of CSV.
func TestLogHostsInJSON(t *testing.T) {
	at := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	for _, fleet := range []bool{false, true} {
		rule, err := window.ParseRule("account 2/5m")
		testkit.Must(t, err)
		counters, err := window.New([]window.Rule{rule})
		testkit.Must(t, err)
		if fleet {
			counters.KeepLogHosts()
		}
		sum := report.Summary{Rules: []window.Rule{rule}}
		for i := range 6 {
			a := window.Arrival{At: at.Add(time.Duration(i) * time.Second), MessageID: []byte("1xV001-000001-01")}
			a.Values[window.Account] = fmt.Appendf(nil, "user%d", i/3)
			a.Values[window.LogHost] = fmt.Appendf(nil, "mx%d", i%3/2)
			opened, _ := counters.Count(&a)
			if sum.Opened(opened); len(opened) > 0 && i == 2 {
				sum.Ended(opened[0])
			}
		}
		alerts := sum.Document(0).Alerts
		text, err := json.Marshal(alerts)
		testkit.Must(t, err)
		const want = `"log_hosts":[{"log_host":"mx0","messages":2},{"log_host":"mx1","messages":1}]`
		if n := strings.Count(string(text), want); n != map[bool]int{true: 2}[fleet] ||
			!fleet && strings.Contains(string(text), "log_host") {
			t.Errorf("fleet %v: %s", fleet, text)
		}
		var csv bytes.Buffer
		testkit.Must(t, sum.CSV(&csv))
		if strings.Contains(csv.String(), "mx0") {
			t.Errorf("the CSV has hosts: %s", csv.String())
		}
	}
}
