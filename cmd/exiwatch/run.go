package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/watch"

	"github.com/spf13/cobra"
)

func runCommand() *cobra.Command {
	var file string
	var fromStart bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "follow the main log, count, and mail alerts (the daemon)",
		Long: `run follows the main log through every cycle and mails a summary when somebody crosses a
limit. It runs in the foreground and ends on SIGTERM. Without a configuration it asks Exim
for its log, counts more than 20 messages of an account in 5 minutes, and mails root through
sendmail. What the log holds already is counted silently.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Read(file)
			if err != nil {
				return configError(err)
			}
			if err := findLog(cmd.Context(), &c); err != nil {
				return err
			}
			d := watch.Daemon{Config: c, FromStart: fromStart, Host: hostName(), Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))}
			return runDaemon(cmd.Context(), &d)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration `FILE` (default "+config.DefaultFile+" if it is there)")
	cmd.Flags().BoolVar(&fromStart, "from-start", false, "alert on what the log holds already, too")
	return cmd
}

func runDaemon(ctx context.Context, d *watch.Daemon) error {
	d.Log.Info("following", "log", d.Config.Log, "rules", d.Config.Rules, "state", d.Config.State)
	err := d.Run(ctx)
	if os.IsPermission(err) {
		return &hintedError{err, "run as root, or name a folder of this user in the configuration as state = \"/path\""}
	}
	return err
}

// hostName is the name that mail from this machine bears: Debian's /etc/mailname, else what the kernel says.
func hostName() string {
	if b, err := os.ReadFile("/etc/mailname"); err == nil {
		if name := strings.TrimSpace(string(b)); name != "" {
			return name
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, and got %q", cmd.Name(), args[0])
	}
	return nil
}
