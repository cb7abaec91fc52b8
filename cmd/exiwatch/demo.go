package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/mailer/transport"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// demoLog is one of the fixtures: a real Exim logged it while an account sent bulk mail.
//
//go:embed demo.log
var demoLog []byte

const (
	demoTime  = 8 * time.Second  // how long writing the log takes
	demoLimit = 18 * time.Second // until all mails must have arrived
	demoHost  = "mx.lab.test"
)

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "watch the daemon catch a spammer, without Exim",
		Long: `demo replays a log of a real Exim, line by line, into a temporary main log, and rotates it in the
middle. The daemon follows that log and mails its alerts to a small SMTP server on loopback. demo
prints each mail as it arrives. It ends within 20 seconds and leaves nothing behind.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo(cmd.Context(), cmd.OutOrStdout())
		},
	}
}

// demo runs all of it: a log writer, the daemon and a mail server.
func demo(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "exiwatch-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()

	address, mails, stop, err := serveSMTP(ctx)
	if err != nil {
		return err
	}
	defer stop()

	d, err := demoDaemon(dir, address)
	if err != nil {
		return err
	}
	want, err := demoAlerts(ctx, &d.Config)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	err = play(ctx, out, d.Config.Log[0], mails, len(want))
	cancel()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThat was the daemon. exiwatch replay on the same log lists the same %d, by id:\n", len(want))
	for _, a := range want {
		fmt.Fprintf(out, "  %s  %s\n", a.ID, escape.Text(a.Value))
	}
	return nil
}

// demoDaemon is a daemon with the default configuration, except for its folder and mail server.
func demoDaemon(dir, address string) (*daemon.Daemon, error) {
	c := config.Default()
	c.Log = []string{filepath.Join(dir, "mainlog")}
	c.State = filepath.Join(dir, "state")
	c.Zone = time.UTC
	c.Mail.To = []string{"postmaster@lab.test"}
	c.Mail.From = "exiwatch@" + demoHost
	var err error
	c.Mail.Transport, err = transport.Parse("smtp://" + address)
	return &daemon.Daemon{Config: c, Host: demoHost, Log: slog.New(slog.DiscardHandler)}, err
}

// demoAlerts returns the alerts that replay finds.
func demoAlerts(ctx context.Context, c *config.Config) ([]*window.Alert, error) {
	var alerts []*window.Alert
	p, err := pipeline.New(c.Scopes, c.Rules,
		pipeline.Listener{Opened: func(a []*window.Alert) { alerts = append(alerts, a...) }})
	if err != nil {
		return nil, err
	}
	sources := []replay.Source{{Name: "demo.log", Stream: bytes.NewReader(demoLog)}}
	_, err = replay.Run(ctx, p, sources, c.Zone, time.Now(), nil)
	return alerts, err
}

// play writes the log line by line and rotates it in the middle as logrotate does. It prints arrivals and mails as they
// come, until the log and all mails are there.
func play(ctx context.Context, out io.Writer, path string, mails <-chan string, want int) error {
	lines := bytes.SplitAfter(demoLog, []byte("\n"))
	tick := time.NewTicker(demoTime / time.Duration(len(lines)))
	defer tick.Stop()
	fmt.Fprintf(out, "The main log is %s. Its arrivals:\n\n", path)
	for i := 0; i < len(lines) || want > 0; {
		select {
		case <-tick.C:
			if i == len(lines)/2 {
				if err := os.Rename(path, path+".1"); err != nil {
					return err
				}
				fmt.Fprint(out, "\n  (mainlog was just cycled: it is mainlog.1 now, and a new one begins)\n\n")
			}
			if i < len(lines) {
				if err := appendLine(path, lines[i]); err != nil {
					return err
				}
				if bytes.Contains(lines[i], []byte(" <= ")) {
					fmt.Fprintf(out, "  %.100s\n", escape.Text(strings.TrimSuffix(string(lines[i]), "\n")))
				}
				i++
			}
		case mail := <-mails:
			want--
			fmt.Fprint(out, "\n  ┌─ a mail has come\n")
			for line := range strings.SplitSeq(strings.TrimRight(mail, "\n"), "\n") {
				fmt.Fprintf(out, "  │ %s\n", line)
			}
			fmt.Fprint(out, "  └─\n\n")
		case <-ctx.Done():
			return fmt.Errorf("the demo ended before %d more mails arrived: %w", want, ctx.Err())
		}
	}
	return nil
}

// appendLine writes as Exim does: it opens the file by name and writes once.
func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}
