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
	"unicode/utf8"

	"exiwatch/internal/config"
	"exiwatch/internal/engine"
	"exiwatch/internal/escape"
	"exiwatch/internal/fleet"
	"exiwatch/internal/words"

	"github.com/spf13/cobra"
)

func fleetCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "list the hosts of a fleet, how far each is, and which one leads",
		Long: `fleet asks the engine of [fleet] how the fleet does. It says which host leads and how far the fleet
is counted, then what is wrong and what to do, then which alerts are open and in whose logs their
messages are. Of each host it lists

  published  how long ago the last line was that the host has published with all before it
  clock      how far its clock is ahead of the engine's (+) or behind it (-)
  rules      same, or differ: a host with other rules than the fleet's never leads
  state      leads; waited for, or not, as it is too far behind; silent, for 15 seconds at least

It changes nothing, and needs no daemon on this host.

Exit status: 0 if all is well; 1 if no host leads, a host is silent or has other rules, the fleet is
far behind, or the engine doesn't answer.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			return showFleet(cmd.Context(), cmd.OutOrStdout(), &c, asJSON)
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// A fleetView is a fleet's status with what is wrong.
type fleetView struct {
	fleet.Status
	Problems []fleet.Problem `json:"problems"`
}

// showFleet prints how a fleet does. An error tells the worst of what is wrong.
func showFleet(ctx context.Context, w io.Writer, c *config.Config, asJSON bool) error {
	if err := hasEngine(c); err != nil {
		return err
	}
	client, err := fleet.OpenEngine(c.Fleet)
	if err != nil {
		return err
	}
	defer client.Close()
	status, err := fleet.Look(ctx, client, c.Fleet.Patience)
	if err != nil {
		return engineError(err)
	}
	view := fleetView{status, append([]fleet.Problem{}, status.Problems(c.Zone, c.Fleet.Patience)...)}
	if asJSON {
		err = printJSON(w, &view)
	} else {
		err = view.print(w, c.Zone, isColour(w))
	}
	if err != nil {
		return err
	}
	for _, p := range view.Problems {
		if !p.Mild {
			text, _, _ := strings.Cut(p.Text, "\n")
			return &hintedError{errors.New(text), p.Hint}
		}
	}
	return nil
}

// hasEngine is an error unless a configuration has a fleet with an engine.
func hasEngine(c *config.Config) error {
	switch {
	case c.Fleet == nil:
		return &hintedError{errors.New("this host is in no fleet: its configuration has no [fleet]"),
			"write [fleet] with engine = \"redis://HOST:PORT\" into each host's configuration"}
	case len(c.Fleet.Engine) == 0:
		return &hintedError{errors.New("this fleet has no engine: it is the logs of this machine"),
			"exiwatch live FILE and exiwatch alerts show how it does"}
	}
	return nil
}

// engineError adds a hint to an error of an engine.
func engineError(err error) error {
	text := "is it running, and does a firewall let this host reach it? exiwatch check says more"
	switch {
	case engine.IsWrongPassword(err):
		text = "compare the user in fleet.engine and the password in fleet.password_file with ACL LIST of the engine"
	case engine.IsDenied(err):
		text = "docs/fleet.md lists the rights that the engine's user needs; exiwatch check tries them"
	}
	return &hintedError{err, text}
}

// print prints a fleet for people. Nothing in it can move a terminal's cursor: hosts say their names and versions
// themselves.
func (v *fleetView) print(w io.Writer, zone *time.Location, colour bool) error {
	out := bufio.NewWriter(w)
	verdict := green
	for _, p := range v.Problems {
		if !p.Mild {
			verdict = red
		}
	}
	fmt.Fprintln(out, verdict.on(colour, escape.Text(v.sentence(zone))))
	if len(v.Hosts) > 0 {
		fmt.Fprintln(out)
		v.printHosts(out, zone, colour)
	}
	for _, p := range v.Problems {
		fmt.Fprintln(out)
		mark := red
		if p.Mild {
			mark = yellow
		}
		head, details, _ := strings.Cut(p.Text, "\n")
		fmt.Fprintln(out, mark.on(colour, escape.Text(head)))
		for line := range strings.SplitSeq(details, "\n") {
			if line != "" {
				fmt.Fprintf(out, "    %s\n", escape.Text(line))
			}
		}
		fmt.Fprintln(out, escape.Text(p.Hint))
	}
	v.printAlerts(out, zone)
	return out.Flush()
}

// A colour is the parameters of SGR (ECMA-48, 8.3.117).
type colour string

const green, yellow, red colour = "32", "33;1", "31;1"

func (c colour) on(terminal bool, text string) string {
	if !terminal || c == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[m"
}

// sentence says in one how the fleet does.
func (v *fleetView) sentence(zone *time.Location) string {
	hosts := words.Plain(int64(len(v.Hosts)), "host")
	switch {
	case len(v.Hosts) == 0:
		return "No host has joined the fleet."
	case v.Leader == "":
		return hosts + ". No host leads: each host counts alone."
	case v.Counted.IsZero():
		return fmt.Sprintf("%s, %s takes over: it hasn't counted yet", hosts, v.Leader)
	}
	return fmt.Sprintf("%s, %s leads, counted up to %s, %s behind", hosts, v.Leader,
		fleet.ShortTime(v.Counted, v.At, zone), shortSpan(v.Lag))
}

// printHosts prints a table.
func (v *fleetView) printHosts(w io.Writer, zone *time.Location, colour bool) {
	rows := [][]string{{"host", "version", "published", "clock", "rules", "state"}}
	for i := range v.Hosts {
		rows = append(rows, v.row(&v.Hosts[i], zone))
	}
	var widths [6]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row[:len(row)-1] {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		line.WriteString(row[len(row)-1])
		mark := colourOf(v.Hosts, n-1)
		fmt.Fprintln(w, mark.on(colour, line.String()))
	}
}

// colourOf is that of a host's row; none for the heading.
func colourOf(hosts []fleet.HostStatus, i int) colour {
	switch {
	case i < 0:
		return ""
	case hosts[i].Silent, hosts[i].Differs:
		return red
	case !hosts[i].Waited:
		return yellow
	}
	return ""
}

const maxName = 40 // characters of a host's name in the table

// row is a host's row, escaped.
func (v *fleetView) row(h *fleet.HostStatus, zone *time.Location) []string {
	name := func(s string) string { return escape.Truncate(escape.Text(s), maxName) }
	published, rules, state := "-", "same", "waited for"
	if h.Slowest != "" {
		published = shortSpan(h.Lag)
		if h.Slowest != h.Host {
			published += " (" + name(h.Slowest) + ")"
		}
	}
	switch {
	case h.Silent && h.At.Unix() > 0:
		state = "silent since " + fleet.ShortTime(h.At, v.At, zone)
	case h.Silent:
		state = "silent"
	case h.Slowest == "":
		state = "has published nothing yet"
	case !h.Waited:
		state = "not waited for"
	}
	if h.Host == v.Leader {
		state = "leads, " + state
	}
	if h.Differs {
		rules = "differ"
	} else if h.Rules == "" {
		rules = "-"
	}
	version := name(h.Version)
	if version == "" {
		version = "-"
	}
	return []string{name(h.Host), version, published, fmt.Sprintf("%+.1f s", float64(h.Offset)/1000), rules, state}
}

// printAlerts prints the open alerts with the hosts in whose logs their messages are.
func (v *fleetView) printAlerts(w io.Writer, zone *time.Location) {
	if len(v.Alerts) == 0 {
		fmt.Fprintln(w, "\nNo alert is open.")
		return
	}
	fmt.Fprintf(w, "\n%s:\n", words.Plain(int64(len(v.Alerts)), "open alert"))
	for _, a := range v.Alerts {
		who := a.Value
		if !slices.Contains([]string{"account", "auth", "user"}, a.Key) {
			who = words.Key(a.Key) + " " + who
		}
		window := a.Window
		if d, err := time.ParseDuration(a.Window); err == nil {
			window = words.Window(d)
		}
		line := fmt.Sprintf("%s  since %s: %s in %s (limit %s), %s in all", who, fleet.ShortTime(a.Opened, v.At, zone),
			words.Measured(a.Measure, a.Current), window, words.Amount(a.Limit, a.Measure),
			words.Plain(a.Messages, "message"))
		fmt.Fprintln(w, escape.Text(line))
		names := slices.SortedFunc(maps.Keys(a.Hosts), func(x, y string) int {
			return cmp.Or(cmp.Compare(a.Hosts[y], a.Hosts[x]), cmp.Compare(x, y))
		})
		for i, name := range names {
			names[i] = name + " " + words.Number(a.Hosts[name])
		}
		if len(names) > 0 {
			fmt.Fprintf(w, "    %s\n", escape.Text(strings.Join(names, ", ")))
		}
	}
}

// shortSpan writes seconds in one unit: 12 s, 5 min, 3 h, 2 days.
func shortSpan(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	const day = 24 * time.Hour
	switch {
	case d.Abs() >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d.Abs() >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d.Abs() >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
