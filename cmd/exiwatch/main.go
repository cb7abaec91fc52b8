// Exiwatch follows Exim's main log, counts who sends how much, and mails an alert when an account sends bulk mail.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // timezone = "…" works where the machine has no tz database

	"exiwatch/internal/escape"
	"exiwatch/internal/signals"

	"github.com/spf13/cobra"
)

func main() {
	lastMoment = 1800 * time.Millisecond
	os.Exit(run(signals.End(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitDone    = 0
	exitFailure = 1
	exitUsage   = 2
)

// run runs one command line and gives its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	addCompletion(root)
	err := unknownCommand(root, root.ExecuteContext(ctx))
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitDone
	}
	var status *statusError
	if errors.As(err, &status) && status.err == nil {
		return status.status
	}
	begin := errorPriority(stderr) + "exiwatch: "
	// An error may have several lines. Each is escaped, as it may hold text from a log or a user.
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(stderr, "%serror: %s\n", begin, escape.Text(line))
	}
	var helpful *hintedError
	if errors.As(err, &helpful) {
		fmt.Fprintf(stderr, "%shint: %s\n", begin, helpful.hint)
	}
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(stderr, "%shint: exiwatch help, or exiwatch COMMAND --help\n", begin)
		return exitUsage
	}
	if status != nil {
		return status.status
	}
	return exitFailure
}

// rootCommand makes the commands.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "exiwatch",
		Short: "alert when an account sends bulk mail through Exim, with its subjects",
		Long: `exiwatch follows Exim's main log and counts who sends how much in sliding windows. It mails an
alert with the subjects the moment an account crosses a limit. Exim's configuration stays as it
is. The same counting replays old logs.`,
		Version:            version,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // unknownCommand makes them
	}
	root.SetVersionTemplate(versionLine())
	root.Flags().Bool("version", false, "print the version")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		runCommand(),
		initCommand(),
		replayCommand(),
		topCommand(),
		arrivalsCommand(),
		messageCommand(),
		liveCommand(),
		alertsCommand(),
		fleetCommand(),
		routeCommand(),
		exceptCommand(),
		silenceCommand(),
		queryCommand(),
		openCommand(),
		checkCommand(),
		configCommand(),
		demoCommand(),
		versionCommand(),
	)
	root.AddCommand(helpTopics()...)
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = knownTopic
	}
	return root
}
