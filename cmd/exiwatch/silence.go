package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/words"

	"github.com/spf13/cobra"
)

// The shortest and the longest silence.
const (
	minSilence = time.Minute
	maxSilence = 31 * 24 * time.Hour
)

func silenceCommand() *cobra.Command {
	var file, reason string
	cmd := &cobra.Command{
		Use:   "silence [NAME=]ACCOUNT DURATION",
		Short: "hold the updates about an account while somebody is on it",
		Long: `silence holds the updates about an account's incidents back for a while, because somebody is on it.
If the incident is still open then, one update says how it stands. Its end is told at once, and so
is a new incident. Hooks and webhooks are told of everything. Nothing is counted otherwise, and the
socket answers as ever. The page and exiwatch alerts say who holds updates back, and until when.

NAME is a key (exiwatch help keys), by default account. In ACCOUNT * matches any text and ? any
character. DURATION is from 1m to 31d. Run it as root or as the daemon's user.

  exiwatch silence alice@example.com 2h --reason 'changing the password'
  exiwatch silence list
  exiwatch silence end alice@example.com`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && words.Closest(args[0], commandNames(cmd)) != "" {
				return noCommand(cmd, args[0])
			}
			if len(args) != 2 {
				return usagef("silence needs an account and for how long, such as alice@example.com 2h")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			match, err := silenced(args[0])
			if err != nil {
				return err
			}
			d, ok := parseDuration(args[1])
			if !ok || d < minSilence || d > maxSilence {
				return usagef("%q: expected for how long, from 1m to 31d, such as 2h", args[1])
			}
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			now := time.Now()
			s := daemon.Silence{Match: match, Until: now.In(c.Zone).Add(d).Truncate(time.Second), By: whoRuns(),
				Reason: strings.TrimSpace(reason)}
			if err := daemon.AddSilence(c.State, s, now); err != nil {
				return stateHinted(err)
			}
			return reportSilence(cmd.OutOrStdout(), c.State, match, now)
		},
	}
	cmd.AddCommand(silenceListCommand(), silenceEndCommand())
	cmd.ValidArgsFunction = completing(&file, false, namedAccounts)
	configFlag(cmd, &file)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for everybody else: `TEXT`")
	return cmd
}

// silenced is what a silence of an argument matches, in the form of a route.
func silenced(arg string) (string, error) {
	if arg == "" {
		return "", usagef("expected an account, such as alice@example.com")
	}
	i, err := incidentOf(arg)
	return i.Key + ":" + i.Value, err
}

// whoRuns is the name of the user at the terminal, also behind sudo.
func whoRuns() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Getuid())
}

// stateHinted says what to do about an error of the state folder.
func stateHinted(err error) error {
	return hinted(err, hint{fs.ErrNotExist, "has the daemon run with this configuration?"},
		hint{fs.ErrPermission, "run as root, or as the user of the daemon"})
}

// reportSilence prints what a new silence does.
func reportSilence(out io.Writer, state, match string, now time.Time) error {
	all, err := daemon.Silences(state, now)
	if err != nil {
		return stateHinted(err)
	}
	for _, s := range all {
		if s.Match != match {
			continue
		}
		fmt.Fprintf(out, "%s is %s\n", escape.Text(s.Match), escape.Text(s.String()))
		open, err := daemon.Incidents(state, time.Time{})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return stateHinted(err)
		}
		n := int64(0)
		for _, i := range open {
			if i.Ended == nil && i.IsHeld(&s) {
				n++
			}
		}
		if n == 0 {
			fmt.Fprintln(out, "No incident of it is open. The first mail about one goes as usual.")
		} else {
			fmt.Fprintf(out, "Updates of %s are held.\n", words.Plain(n, "open incident"))
		}
	}
	if daemon.Holder(state) == "" {
		fmt.Fprintln(out, "No running daemon was found: the next one reads it.")
	}
	return nil
}

func silenceListCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list what is silenced",
		Long:  `list lists what is silenced: what it matches, until when, by whom and why.`,
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			all, err := daemon.Silences(c.State, time.Now())
			if err != nil {
				return stateHinted(err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), append([]daemon.Silence{}, all...))
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			if len(all) == 0 {
				fmt.Fprintln(out, "Nothing is silenced.")
			}
			for _, s := range all {
				fmt.Fprintf(out, "%s  %s\n", escape.Text(s.Match), escape.Text(s.String()))
			}
			return out.Flush()
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func silenceEndCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "end [NAME=]ACCOUNT",
		Short: "end a silence now",
		Long:  `end ends a silence now. If an incident is still open, one update says how it stands.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("silence end needs one account, such as alice@example.com")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			match, err := silenced(args[0])
			if err != nil {
				return err
			}
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			found, err := daemon.EndSilence(c.State, match, time.Now())
			if err != nil {
				return stateHinted(err)
			}
			if !found {
				return &hintedError{fmt.Errorf("%s isn't silenced", escape.Text(match)),
					"exiwatch silence list shows what is"}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is no longer silenced\n", escape.Text(match))
			return nil
		},
	}
	cmd.ValidArgsFunction = completing(&file, false, silencedAccounts)
	configFlag(cmd, &file)
	return cmd
}
