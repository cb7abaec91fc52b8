package fleetchaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A listed alert is one that replay --fleet lists.
type listed struct {
	noticedAlert
	Grew []struct{ Times int64 }
}

// reference are the alerts of the hosts' logs in the fleet's order.
func reference(t testing.TB, hosts []*host, save string) []listed {
	t.Helper()
	args := []string{"replay", "--json", "--config", hosts[0].config}
	for _, h := range hosts {
		args = append(args, "--fleet", h.name+"="+h.log.glob())
	}
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr.Bytes())
	}
	testkit.Must(t, os.WriteFile(save, out, 0o644))
	var document struct{ Alerts []listed }
	testkit.Must(t, json.Unmarshal(out, &document))
	return document.Alerts
}

// episode is what tells alerts of the fleet apart, whatever their ids are.
func (a *noticedAlert) episode() string {
	return fmt.Sprintf("%s %s since %s", a.subject(), a.Value, a.Opened.UTC().Format(time.DateTime))
}

// subject is the rule.
func (a *noticedAlert) subject() string {
	return fmt.Sprintf("%s %s %d/%s", a.Key, a.Count, a.Limit, a.Window)
}

// totals are those of an alert that has ended.
func (a *noticedAlert) totals() string {
	return fmt.Sprintf("peak %d, %d messages, %d recipients, %d bytes", a.Peak, a.Messages, a.Recipients, a.Bytes)
}
