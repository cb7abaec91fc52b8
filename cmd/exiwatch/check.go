package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"exiwatch/internal/check"
	"exiwatch/internal/config"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/web"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var file string
	var asJSON, sendTest bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "verify the setup: configuration, log, log selectors, state folder, mail",
		Long: `check verifies the setup. For each thing that exiwatch needs it prints pass, warn (it works and
could be better) or fail (exiwatch cannot work), and what to do. It reads the end of the log, asks
Exim for its settings, and asks the mail server whether it accepts mail for the recipients. It
changes nothing. Run it as the daemon's user.

With --send-test it sends what an alert looks like, marked as a test: a mail, an event named test
to [hook] and [webhook], and a text to each [[notify]]. The alert is about an account that nobody
has, and the mail proposes no command.

Exit status: 1 if anything fails, else 0.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := setupOf(file)
			s.Test = sendTest
			return runCheck(cmd, s, asJSON)
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.Flags().BoolVar(&sendTest, "send-test", false, "send a test mail, and a test to hook, webhook and each notify")
	return cmd
}

// setupOf describes what to check on this machine, with the configuration in file.
func setupOf(file string) check.Setup {
	s := check.Setup{
		File: file, Host: hostName(), Now: time.Now(), Exim: config.Exim, FindLog: config.FindLog,
		Ask: readsocket.Ask, Passwd: "/etc/passwd",
	}
	s.Config, s.Broken = config.Read(file)
	if _, err := os.Stat(config.DefaultFile); file == "" && !errors.Is(err, fs.ErrNotExist) {
		s.File = config.DefaultFile
	}
	return s
}

// examinePatience is how long all checks for the live page may take together.
const examinePatience = 30 * time.Second

// examine runs the checks for the live page.
func examine(file string) func(context.Context) []web.Finding {
	return func(ctx context.Context) (findings []web.Finding) {
		ctx, cancel := context.WithTimeout(ctx, examinePatience)
		defer cancel()
		for r := range setupOf(file).Run(ctx) {
			findings = append(findings, web.Finding{Check: r.Check, Status: string(r.Status), Detail: r.Detail,
				Hint: r.Hint})
		}
		return findings
	}
}

// runCheck prints each result at once, or all of them as JSON at the end.
func runCheck(cmd *cobra.Command, s check.Setup, asJSON bool) error {
	out := cmd.OutOrStdout()
	sum := make(check.Sum)
	all := []check.Result{}
	for r := range s.Run(cmd.Context()) {
		sum[r.Status]++
		all = append(all, r)
		if !asJSON {
			r.Print(out, isColour(out))
		}
	}
	if asJSON {
		if err := printJSON(out, all); err != nil {
			return err
		}
	} else {
		sum.Print(out)
	}
	if n := sum[check.Fail]; n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(all))
	}
	return nil
}
