package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/fleet"
	"exiwatch/internal/words"
)

// A fleetIncident is an incident that is open in a fleet. For programs it has the form of daemon.IncidentStatus, but
// no mail: another host may have sent that.
type fleetIncident struct {
	Fleet    bool                 `json:"fleet"` // true
	ID       string               `json:"id"`
	Key      string               `json:"key"`     // of the first alert
	Account  string               `json:"account"` // its value
	Opened   time.Time            `json:"opened"`
	Ended    *time.Time           `json:"ended"` // null
	Alerts   []daemon.AlertStatus `json:"alerts"`
	LogHosts []logHostCount       `json:"log_hosts"` // of the alert with the most messages; the most first

	rulings []fleet.OpenAlert
}

// A logHostCount is how many messages are in one host's log.
type logHostCount struct {
	LogHost  string `json:"log_host"`
	Messages int64  `json:"messages"`
}

// fleetIncidents are the open incidents of the configured fleet, the newest first. Nil: there is no fleet, or it can't
// be asked, which it says.
func fleetIncidents(ctx context.Context, stderr io.Writer, c *config.Config) (all []fleetIncident) {
	if c.Fleet == nil {
		return nil
	}
	alerts, err := daemon.FleetAlerts(ctx, c)
	if err != nil {
		fmt.Fprintf(stderr, "exiwatch: %s\nexiwatch: what follows is this host's alone\n", escape.Text(err.Error()))
		var helpful *hintedError
		if len(c.Fleet.Engine) > 0 && errors.As(engineError(err), &helpful) {
			fmt.Fprintln(stderr, "exiwatch: hint: "+helpful.hint)
		}
		return nil
	}
	all, at := []fleetIncident{}, make(map[string]int)
	for _, a := range alerts {
		id := cmp.Or(a.Incident, a.ID)
		i, known := at[id]
		if !known {
			i, at[id] = len(all), len(all)
			all = append(all, fleetIncident{Fleet: true, ID: id, Key: a.Key, Account: a.Value, Opened: a.Opened})
		}
		all[i].add(a)
	}
	slices.SortStableFunc(all, func(a, b fleetIncident) int { return b.Opened.Compare(a.Opened) })
	return all
}

// add adds an alert.
func (f *fleetIncident) add(a fleet.OpenAlert) {
	f.rulings = append(f.rulings, a)
	f.Alerts = append(f.Alerts, daemon.AlertStatus{ID: a.ID, Rule: a.Rule, Key: a.Key, Value: a.Value, Count: a.Measure,
		Limit: a.Limit, Window: a.Window, Opened: a.Opened.Format(time.RFC3339), Peak: a.Peak, Messages: a.Messages})
	most := slices.MaxFunc(f.rulings, func(a, b fleet.OpenAlert) int { return cmp.Compare(a.Messages, b.Messages) })
	f.LogHosts = logHosts(most.Hosts)
}

// logHosts are hosts by their messages, the most first.
func logHosts(counts map[string]int64) []logHostCount {
	all := []logHostCount{}
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	}) {
		all = append(all, logHostCount{strings.ToValidUTF8(name, "\ufffd"), counts[name]})
	}
	return all
}

// asAny makes values of one type and of another printable as one array.
func asAny[T any](all []T) []any {
	list := make([]any, 0, len(all))
	for _, one := range all {
		list = append(list, one)
	}
	return list
}

// printTogether prints the open incidents of a fleet for people. Nothing in them can move a terminal's cursor.
func printTogether(w io.Writer, all []fleetIncident, zone *time.Location) error {
	out := bufio.NewWriter(w)
	if len(all) == 0 {
		fmt.Fprintln(out, "No incident is open in the fleet.")
	} else {
		fmt.Fprintln(out, "Open in the fleet:")
	}
	for i := range all {
		f := &all[i]
		fmt.Fprintf(out, "open   since %s  %s\n", f.Opened.In(zone).Format(time.DateTime), escape.Text(f.who()))
		for _, a := range f.rulings {
			fmt.Fprintf(out, "        %s\n", escape.Text(fmt.Sprintf("at most %s in %s (limit %s), %s in all",
				words.Measured(a.Measure, a.Peak), windowText(a.Window), words.Amount(a.Limit, a.Measure),
				words.Plain(a.Messages, "message"))))
		}
		var hosts []string
		for _, h := range f.LogHosts {
			hosts = append(hosts, h.LogHost+" "+words.Number(h.Messages))
		}
		if len(hosts) > 0 {
			fmt.Fprintf(out, "        hosts: %s\n", escape.Text(strings.Join(hosts, ", ")))
		}
	}
	return out.Flush()
}

// who names the value, and what it is unless it is an account.
func (f *fleetIncident) who() string {
	if slices.Contains([]string{"account", "auth", "user"}, f.Key) {
		return f.Account
	}
	return words.Key(f.Key) + " " + f.Account
}

// windowText writes a window as JSON has it for people.
func windowText(window string) string {
	if d, err := time.ParseDuration(window); err == nil {
		return words.Window(d)
	}
	return window
}
