package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/live"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

func liveCommand() *cobra.Command {
	var file, key, length string
	cmd := &cobra.Command{
		Use:   "live [FILE]",
		Short: "see who is sending right now, in the terminal, like top(1)",
		Long: `live follows the main log, or FILE, and ranks who sends how much in a sliding window, with bars
against the limits of the configured rules. It needs no daemon, sends no mail and writes nothing.
At the start it reads the last day of the log.

Press ? for the keys. Enter opens an account with its topics, hosts, envelope senders and last
arrivals. live needs a terminal of at least 80 by 24. NO_COLOR turns colours off.`,
		Example: `  exiwatch live
  exiwatch live --key host --window 1h /var/log/exim4/mainlog`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("live follows one log; expected one FILE, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			v := live.View{Colour: isColour(cmd.OutOrStdout()) && os.Getenv("TERM") != "dumb"}
			var err error
			if v.Key, err = window.ParseKey(key); err != nil || v.Key >= window.Log {
				return usagef("--key %q: unknown key; %s", key, words.Suggest(key, rankedKeys()))
			}
			if v.Window, err = window.ParseWindow(length); err != nil {
				return usagef("--window %q: expected a duration from 10s to 31d, such as 5m, 1h or 7d", length)
			}
			in, ok := cmd.InOrStdin().(*os.File)
			if !ok || !isTerminal(in) || !isTerminal(cmd.OutOrStdout()) {
				return &hintedError{errors.New("live needs a terminal to read keys from and to draw on"),
					"exiwatch top account --since 1h prints a ranking"}
			}
			if v.Config, err = readConfig(file); err != nil {
				return err
			}
			if v.Log, err = oneLog(cmd.Context(), &v.Config, args); err != nil {
				return err
			}
			v.Secret = daemon.Key(v.Config.State)
			v.Silences = func() func(*window.Incident) string { return silencesIn(v.Config.State) }
			return logError(v.Run(cmd.Context(), in, cmd.OutOrStdout()))
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().StringVar(&key, "key", window.Account.String(), "first rank by `KEY` (exiwatch help keys)")
	cmd.Flags().StringVar(&length, "window", "5m", "first use this `WINDOW`, such as 30m or 7d")
	cmd.RegisterFlagCompletionFunc("key", cobra.FixedCompletions(rankedKeys(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("window", cobra.FixedCompletions([]string{"1m", "5m", "15m", "1h", "1d"},
		cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
	return cmd
}

// silencesIn says of an incident which silence in a state folder holds its updates. Who may not read the folder sees
// none.
func silencesIn(state string) func(*window.Incident) string {
	all, _ := daemon.Silences(state, time.Now())
	return func(i *window.Incident) string {
		if s := daemon.SilenceOf(all, mailer.BeginningOfIncident(i)); s != nil {
			return s.String()
		}
		return ""
	}
}

// oneLog returns the log that live follows: the one in args, else the configured one, else Exim's.
func oneLog(ctx context.Context, c *config.Config, args []string) (string, error) {
	if len(args) > 0 {
		c.Log = args
	}
	if err := findLog(ctx, c); err != nil {
		return "", err
	}
	if len(c.Log) > 1 {
		return "", &hintedError{fmt.Errorf("the configuration names %d logs, and live follows one", len(c.Log)),
			"exiwatch live " + strings.Join(c.Log, ", or exiwatch live ")}
	}
	if c.Log[0] == config.Stdin {
		return "", usagef("live reads keys from the standard input and cannot follow a log there")
	}
	return c.Log[0], nil
}
