package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/engine"
	"exiwatch/internal/escape"
	"exiwatch/internal/fleet"
	"exiwatch/internal/live"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// A liveView is what live is told to show, and how.
type liveView struct {
	file, key, length string
	once, asJSON      bool
	fleet             bool
	rows              uint

	client *engine.Client // of the fleet
}

func liveCommand() *cobra.Command {
	var l liveView
	cmd := &cobra.Command{
		Use:   "live [FILE]",
		Short: "see who is sending right now, in the terminal, like top(1)",
		Long: `live follows the main log, or FILE, and ranks who sends how much in a sliding window, with bars
against the limits of the configured rules. It needs no daemon and sends no mail. At the start it
reads the last day of the log.

Press ? for the keys. Enter opens an account with its topics, hosts, envelope senders and last
arrivals. The mouse chooses a row and scrolls. a adds an exception for the chosen account, as
exiwatch except add does. e exports what is shown to a new file in the current folder as CSV, E as
JSON. o opens the live page where there is a display, and shows its address.

live needs a terminal of at least 60 by 20. NO_COLOR turns colours off. With TERM=dumb, or a locale
that isn't UTF-8, it shows ASCII alone.

With --fleet it follows the logs of all hosts of [fleet], from its engine, and ranks by the log host, too:
the host in whose log a message is. It has what the rules count, of the past that the engine keeps. It
needs no host that leads, and changes nothing. Lines that come late aren't in it.

With --once it prints one ranking and ends: for people, cut to the terminal's width, or as ASCII of
132 columns where the output is no terminal; with --json for programs.`,
		Example: `  exiwatch live
  exiwatch live --key host --window 1h /var/log/exim4/mainlog
  exiwatch live --once --json
  exiwatch live --fleet --key log_host`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("live follows one log; expected one FILE, not %d", len(args))
			}
			return nil
		},
		RunE: l.run,
	}
	configFlag(cmd, &l.file)
	cmd.Flags().StringVar(&l.key, "key", window.Account.String(), "first rank by `KEY` (exiwatch help keys)")
	cmd.Flags().StringVar(&l.length, "window", "5m", "first use this `WINDOW`, such as 30m or 7d")
	cmd.Flags().BoolVar(&l.fleet, "fleet", false, "follow all hosts of the fleet, from its engine")
	cmd.Flags().BoolVar(&l.once, "once", false, "print one ranking and end")
	cmd.Flags().BoolVar(&l.asJSON, "json", false, "with --once: print JSON")
	cmd.Flags().UintVarP(&l.rows, "rows", "n", 10, "with --once: `ROWS` (0: all)")
	cmd.RegisterFlagCompletionFunc("key", cobra.FixedCompletions(append(rankedKeys(), window.LogHost.String()),
		cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("window", cobra.FixedCompletions([]string{"1m", "5m", "15m", "1h", "1d"},
		cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
	return cmd
}

func (l *liveView) run(cmd *cobra.Command, args []string) error {
	v, err := l.view()
	if err != nil {
		return err
	}
	in, ok := cmd.InOrStdin().(*os.File)
	out := cmd.OutOrStdout()
	switch {
	case !l.once && (l.asJSON || cmd.Flags().Changed("rows")):
		return usagef("--json and --rows need --once")
	case !l.once && (!ok || !isTerminal(in) || !isTerminal(out)):
		return &hintedError{errors.New("live needs a terminal to read keys from and to draw on"),
			"exiwatch live --once prints one ranking"}
	}
	if v.Config, err = readConfig(l.file); err != nil {
		return err
	}
	if err = l.choose(cmd.Context(), &v, args); err != nil {
		return err
	}
	defer l.close()
	v.Secret = daemon.Key(v.Config.State)
	v.Colour, v.ASCII = isColour(out) && !isDumb(), isDumb() || !isUTF8() || !isTerminal(out)
	if l.once {
		return l.explain(v.Once(cmd.Context(), out, l.print(out, cmd.ErrOrStderr())))
	}
	v.Silences = func() func(*window.Incident) string { return silencesIn(v.Config.State) }
	pages := pageOpener{file: l.file}
	defer pages.close()
	v.Actions = live.Actions{
		Except: func(account, limit, until, reason string) string {
			return told(func(out io.Writer) error { return typedException(out, l.file, account, limit, until, reason) })
		},
		Open: func() string { return told(pages.open) },
	}
	return l.explain(v.Run(cmd.Context(), in, out))
}

// choose chooses what is followed: a log, or the fleet.
func (l *liveView) choose(ctx context.Context, v *live.View, args []string) (err error) {
	if !l.fleet {
		v.Log, err = oneLog(ctx, &v.Config, args)
		return err
	}
	if len(args) > 0 {
		return usagef("--fleet follows all hosts of the fleet; expected no FILE")
	}
	if err := hasEngine(&v.Config); err != nil {
		return err
	}
	if l.client, err = fleet.OpenEngine(v.Config.Fleet); err != nil {
		return err
	}
	v.Log = "fleet " + v.Config.Fleet.Name
	v.Fleet = func(past time.Duration, listener pipeline.Listener) (live.Feed, error) {
		return fleet.NewViewer(ctx, l.client, v.Config.Rules, v.Config.Fleet.Patience, past, listener)
	}
	return nil
}

func (l *liveView) close() {
	if l.client != nil {
		l.client.Close()
	}
}

// explain adds a hint to an error of what is followed.
func (l *liveView) explain(err error) error {
	switch {
	case l.client == nil:
		return logError(err)
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, fleet.ErrNoHosts):
		return &hintedError{err, "write the same [fleet] into each host's configuration, and restart exiwatch there"}
	}
	return engineError(err)
}

// view checks the flags that say what is looked at.
func (l *liveView) view() (v live.View, err error) {
	names := rankedKeys()
	if l.fleet {
		names = append(names, window.LogHost.String())
	}
	if v.Key, err = window.ParseKey(l.key); l.fleet && l.key == window.LogHost.String() {
		v.Key = window.LogHost
	} else if err != nil || v.Key >= window.Log {
		return v, usagef("--key %q: unknown key; %s", l.key, words.Suggest(l.key, names))
	}
	if v.Window, err = window.ParseWindow(l.length); err != nil {
		return v, usagef("--window %q: expected a duration from 10s to 31d, such as 5m, 1h or 7d", l.length)
	}
	return v, nil
}

// print says how to print one ranking.
func (l *liveView) print(out, stderr io.Writer) live.Print {
	const pipeWidth = 132 // columns: a line printer's
	p := live.Print{Rows: int(min(l.rows, math.MaxInt32)), Width: pipeWidth, JSON: l.asJSON,
		Note: func(err error) { fmt.Fprintln(stderr, "exiwatch: "+escape.Text(err.Error())) }}
	if l.rows == 0 {
		p.Rows = math.MaxInt32
	}
	if f, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			p.Width = width
		}
	}
	return p
}

// typedException adds an exception of what somebody typed.
func typedException(out io.Writer, file, account, limit, until, reason string) error {
	n, err := strconv.ParseInt(strings.TrimSpace(limit), 10, 64)
	if err != nil {
		return fmt.Errorf("limit %q: expected a whole number", limit)
	}
	return writeException(out, file, config.Draft{Match: account, Limit: n, Reason: reason}, strings.TrimSpace(until))
}

// told is what an action prints, and its error with the hint.
func told(action func(io.Writer) error) string {
	var b strings.Builder
	err := action(&b)
	if err == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "! %v\n", err)
	if helpful := new(hintedError); errors.As(err, &helpful) {
		fmt.Fprintln(&b, "hint: "+helpful.hint)
	}
	return b.String()
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
