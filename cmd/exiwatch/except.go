package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"

	"github.com/spf13/cobra"
)

func exceptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "except",
		Short: "give an account a higher limit until a date: add, list, remove",
		Long: `except add gives an account a higher limit until a date, except list lists all exceptions, except
remove takes one back that except add made. The exceptions are files in except.d, beside the
configuration. The running daemon reloads at once.

  exiwatch except add newsletter@example.com --limit 5000 --until 2027-01-31 \
      --reason 'the monthly newsletter'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("except needs one of %s", strings.Join(commandNames(cmd), ", "))
			}
			return noCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(exceptAddCommand(), exceptListCommand(), exceptRemoveCommand())
	return cmd
}

func exceptAddCommand() *cobra.Command {
	var file, until string
	var d config.Draft
	cmd := &cobra.Command{
		Use:   "add ACCOUNT",
		Short: "give an account a higher limit until a date",
		Long: `add writes an exception into except.d beside the configuration, if the whole is valid with it, and
has the running daemon reload. ACCOUNT is a value of the rule's key, in which * matches any text
and ? any character; write an unverified account in its brackets. An exception that add made for
the same values and the same rule is replaced. Run it as root.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			d.Match = args[0]
			return writeException(cmd.OutOrStdout(), file, d, until)
		},
	}
	cmd.ValidArgsFunction = completing(&file, false, exceptedAccounts)
	configFlag(cmd, &file)
	cmd.Flags().Int64Var(&d.Limit, "limit", 0, "the limit for the account, above the rule's: `N`")
	cmd.Flags().StringVar(&until, "until", "", "the last day, a `TIME`, or how long: 2027-01-31, 30d or 12h")
	cmd.Flags().StringVar(&d.Reason, "reason", "", "why, for alerts and lists: `TEXT`")
	cmd.Flags().StringVar(&d.Rule, "rule", "",
		"`NAME` of the rule (default all rules that count messages by account, auth or user)")
	completeRules(cmd, &file)
	return cmd
}

// writeException adds an exception to a configuration, and says so.
func writeException(out io.Writer, file string, d config.Draft, until string) error {
	c, err := readConfig(file)
	if err != nil {
		return err
	}
	if err := completeDraft(&d, until, time.Now(), c.Zone); err != nil {
		return err
	}
	path, err := config.AddException(file, d)
	if err != nil {
		return hinted(err)
	}
	e := config.Exception{Until: d.Until}
	fmt.Fprintf(out, "%s may have up to %d until %s: %s\n", escape.Text(d.Match), d.Limit, e.End(), escape.Text(path))
	return reload(out, c.State)
}

func oneAccount(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return usagef("except %s needs one account, such as newsletter@example.com", cmd.Name())
	}
	return nil
}

// completeDraft checks what except add was told. until ends with a day of the log's zone, or at a time.
func completeDraft(d *config.Draft, until string, now time.Time, zone *time.Location) error {
	d.Reason = strings.TrimSpace(d.Reason)
	switch {
	case d.Limit < 1:
		return usagef("except add needs --limit N, a whole number above the rule's limit")
	case until == "":
		return usagef("except add needs --until, such as 2027-01-31 or 30d")
	case d.Reason == "":
		return usagef("except add needs --reason, such as 'the monthly newsletter'")
	}
	end, ok := parseEnd(until, now, zone)
	if !ok {
		return usagef("--until %q: expected a day such as 2027-01-31, a time such as \"2027-01-31 12:00\", or how "+
			"long, such as 30d or 12h", until)
	}
	if !end.After(now) {
		return usagef("--until %q: that is over", until)
	}
	d.Until = end
	return nil
}

// parseEnd reads when an exception ends: behind a day, at a time, behind a number of days or after some hours.
func parseEnd(s string, now time.Time, zone *time.Location) (time.Time, bool) {
	endOf := func(day time.Time) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone)
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return endOf(day), true
	}
	if d, ok := parseDuration(s); ok {
		if end := now.In(zone).Add(d); strings.HasSuffix(s, "d") {
			return endOf(end), true
		}
		return now.In(zone).Add(d).Truncate(time.Second), true
	}
	t, err := parseTime(s, now, zone)
	return t, err == nil
}

func exceptListCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list all exceptions, and which have ended",
		Long: `list lists all exceptions, those of the configuration and those of except.d: the last day, the
values, their limit, the rules, the reason, and where it stands.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			now := time.Now()
			if !asJSON {
				return printExceptions(cmd.OutOrStdout(), c.Exceptions, now)
			}
			type row struct {
				config.Exception
				Ended bool `json:"ended"`
			}
			rows := []row{}
			for _, e := range c.Exceptions {
				rows = append(rows, row{e, e.Ended(now)})
			}
			return printJSON(cmd.OutOrStdout(), rows)
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printExceptions prints exceptions for people. Nothing in them can move a terminal's cursor.
func printExceptions(w io.Writer, all []config.Exception, now time.Time) error {
	out := bufio.NewWriter(w)
	if len(all) == 0 {
		fmt.Fprintln(out, "There are no exceptions.")
	}
	for _, e := range all {
		when := "without an end"
		switch {
		case e.Ended(now):
			when = "ended " + e.End()
		case !e.Until.IsZero():
			when = "until " + e.End()
		}
		fmt.Fprintf(out, "%s  %s\n        limit %d of %s\n", when, escape.Text(e.Match), e.Limit,
			escape.Text(strings.Join(e.Rules, ", ")))
		if e.Reason != "" {
			fmt.Fprintf(out, "        %s\n", escape.Text(e.Reason))
		}
		fmt.Fprintf(out, "        %s:%d\n", escape.Text(e.File), e.Line)
	}
	return out.Flush()
}

func exceptRemoveCommand() *cobra.Command {
	var file, rule string
	cmd := &cobra.Command{
		Use:   "remove ACCOUNT",
		Short: "take back what except add made for an account",
		Long: `remove takes back the exceptions that except add made for an account, as except list shows it, and
has the running daemon reload. It leaves files alone that somebody wrote or changed by hand.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			removed, kept, err := config.RemoveExceptions(file, args[0], rule)
			if err != nil {
				return hinted(err)
			}
			for _, path := range removed {
				fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", escape.Text(path))
			}
			switch {
			case len(kept) > 0 && len(removed) == 0:
				return &hintedError{fmt.Errorf("somebody wrote the exception by hand, or changed it"),
					"remove it there: " + escape.Text(strings.Join(kept, ", "))}
			case len(removed) == 0:
				return &hintedError{fmt.Errorf("except add made no exception for %q", args[0]),
					"exiwatch except list shows all, and where they are"}
			}
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			return reload(cmd.OutOrStdout(), c.State)
		},
	}
	cmd.ValidArgsFunction = completing(&file, false, exceptions)
	configFlag(cmd, &file)
	cmd.Flags().StringVar(&rule, "rule", "", "only the one that was made for the rule `NAME`")
	completeRules(cmd, &file)
	return cmd
}

// reload has the daemon with this state folder reload its configuration. It sends the signal as the folder's owner: the
// daemon wrote the process id, so it must not choose whom root signals.
func reload(out io.Writer, state string) error {
	pid := daemon.Holder(state)
	if pid == "" {
		fmt.Fprintln(out, "No running daemon was found: the next start reads it.")
		return nil
	}
	const help = "systemctl reload exiwatch, or service exiwatch reload"
	if n, err := strconv.Atoi(pid); err != nil || n <= 1 {
		return &hintedError{fmt.Errorf("it is not reloaded: the daemon's process id is %q", pid), help}
	}
	info, err := os.Stat(state)
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", `kill -HUP "$0"`, pid)
	if s := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 && s.Uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.Uid, Gid: s.Gid}}
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return &hintedError{fmt.Errorf("it is not reloaded: signalling the daemon with pid %s: %w: %s", pid, err,
			strings.TrimSpace(string(text))), help}
	}
	fmt.Fprintf(out, "The daemon (pid %s) reloads its configuration.\n", pid)
	return nil
}
