package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

func alertsCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "list the open incidents, and what became of the mail about each",
		Long: `alerts lists the incidents that are open, and those that ended a short while ago: all alerts of one
account at a time are one incident. Of each it says what became of the last mail about it: sent,
queued (the mail server hasn't taken it yet), held for a digest and why, or refused.

In a fleet it lists first what is open in the whole fleet, and the hosts whose logs have the messages.
This host's own incidents, and the mails that it has sent, follow. If the engine doesn't answer it says
so, and lists these alone. With --json an incident of the fleet has "fleet": true and "log_hosts".

It reads the state folder, so run it as root or as the daemon's user. It is some seconds behind.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			return listAlerts(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), &c, asJSON)
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listAlerts prints the open incidents of the fleet, if there is one, and those of this host. Those of the fleet are
// printed also if this host's state can't be read.
func listAlerts(ctx context.Context, w, stderr io.Writer, c *config.Config, asJSON bool) error {
	together := fleetIncidents(ctx, stderr, c)
	all, err := daemon.Incidents(c.State, c.Mail.TrialUntil)
	if err != nil && together == nil {
		return stateHinted(err)
	}
	if err == nil && daemon.Holder(c.State) == "" {
		fmt.Fprintln(stderr, "exiwatch: no daemon runs: this is what the last one left")
	}
	if asJSON {
		return cmp.Or(printJSON(w, append(asAny(together), asAny(all)...)), stateHinted(err))
	}
	if together != nil {
		if err := printTogether(w, together, c.Zone); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if err != nil {
		return stateHinted(err)
	}
	if c.Fleet != nil {
		fmt.Fprintln(w, "By this host's log alone, with the mails that it has sent:")
	}
	return printIncidents(w, all)
}

// printIncidents prints incidents for people. Nothing in them can move a terminal's cursor.
func printIncidents(w io.Writer, all []daemon.IncidentStatus) error {
	out := bufio.NewWriter(w)
	if len(all) == 0 {
		fmt.Fprintln(out, "No incident is open, and none ended a short while ago.")
	}
	for _, i := range all {
		who := escape.Text(i.Account)
		switch i.Key {
		case window.Account.String(), window.Auth.String(), window.User.String():
		default:
			who = words.Key(i.Key) + " " + who
		}
		state := "open "
		if i.Ended != nil {
			state = "ended"
		}
		fmt.Fprintf(out, "%s  since %s  %s\n", state, i.Opened.Format(time.DateTime), who)
		if i.Ended != nil {
			what := i.Rule.Count.String()
			fmt.Fprintf(out, "        %s in %s at first (limit %s), ended %s\n", words.Measured(what, i.Count),
				words.Window(i.Rule.Window), words.Amount(i.Limit, what), i.Ended.Format(time.DateTime))
		}
		for _, a := range i.Alerts {
			fmt.Fprintf(out, "        at most %s in %s (limit %s), %s in all\n", words.Measured(a.Count, a.Peak),
				words.Window(a.Of.Window), words.Amount(a.Limit, a.Count), words.Plain(a.Messages, "message"))
		}
		fmt.Fprintf(out, "        mail: %s\n", escape.Text(i.Mail.Words))
	}
	return out.Flush()
}
