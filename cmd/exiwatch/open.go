package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"

	"github.com/spf13/cobra"
)

func openCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "open",
		Short: "print the address of the live page, and how to reach it from elsewhere",
		Long: `open prints the address of the live page that the daemon serves, and the ssh command to reach it
from another machine. The page needs [web] in the configuration.

On a port, the address holds a token: whoever has the address can see the page. The token stays
the same until you remove DIR/web-token (DIR: state) and restart the daemon. A UNIX socket needs
no token: its permissions decide.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			if c.Web == nil {
				return &hintedError{errors.New("the configuration has no live page"),
					"add [web] with listen = \"unix:/run/exiwatch/web.sock\" or \"127.0.0.1:8025\", " +
						"then reload the daemon"}
			}
			return printWays(cmd.OutOrStdout(), &c)
		},
	}
	configFlag(cmd, &file)
	return cmd
}

// tunnelPort is the local port of a tunnel to a UNIX socket.
const tunnelPort = 8025

// printWays prints how to reach the page.
func printWays(out io.Writer, c *config.Config) error {
	login := hostName()
	if u, err := user.Current(); err == nil {
		login = u.Username + "@" + login
	}
	if c.Web.Path != "" {
		if _, err := os.Stat(c.Web.Path); errors.Is(err, fs.ErrNotExist) {
			return &hintedError{fmt.Errorf("there is no socket %s", c.Web.Path),
				"is the daemon running, with this configuration?"}
		}
		fmt.Fprintf(out,
			"On your own machine, run\n\n    ssh -N -L 127.0.0.1:%d:%s %s\n\nand open\n\n    http://127.0.0.1:%d/\n",
			tunnelPort, c.Web.Path, login, tunnelPort)
		return nil
	}
	token, err := daemon.WebToken(c.State)
	if err != nil {
		return hinted(err, hint{fs.ErrNotExist, "the daemon makes it when it starts with this configuration"},
			hint{fs.ErrPermission, "run as root, or as the user of the daemon"})
	}
	fmt.Fprintf(out,
		"http://%s/%s/\n\nTo open it from another machine, first run there:\n\n    ssh -N -L 127.0.0.1:%d:%s %s\n",
		c.Web.Listen, token, c.Web.Listen.Port(), c.Web.Listen, login)
	if c.Web.Listen.Addr().Is6() {
		fmt.Fprintf(out, "\nand open http://127.0.0.1:%d/%s/\n", c.Web.Listen.Port(), token)
	}
	return nil
}
