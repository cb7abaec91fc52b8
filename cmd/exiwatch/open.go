package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"sync"

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
			_, err := printPage(cmd.OutOrStdout(), file)
			return err
		},
	}
	configFlag(cmd, &file)
	return cmd
}

// printPage prints how to reach the page of a configuration. It returns the page's address on this machine; "" for a
// UNIX socket.
func printPage(out io.Writer, file string) (url string, err error) {
	c, err := readConfig(file)
	if err != nil {
		return "", err
	}
	if c.Web == nil {
		return "", &hintedError{errors.New("the configuration has no live page"),
			"add [web] with listen = \"unix:/run/exiwatch/web.sock\" or \"127.0.0.1:8025\", " +
				"then reload the daemon"}
	}
	return printWays(out, &c)
}

// tunnelPort is the local port of a tunnel to a UNIX socket.
const tunnelPort = 8025

// printWays prints how to reach the page, and returns its address on this machine.
func printWays(out io.Writer, c *config.Config) (url string, err error) {
	login := hostName()
	if u, err := user.Current(); err == nil {
		login = u.Username + "@" + login
	}
	if c.Web.Path != "" {
		if _, err := os.Stat(c.Web.Path); errors.Is(err, fs.ErrNotExist) {
			return "", &hintedError{fmt.Errorf("there is no socket %s", c.Web.Path),
				"is the daemon running, with this configuration?"}
		}
		fmt.Fprintf(out,
			"On your own machine, run\n\n    ssh -N -L 127.0.0.1:%d:%s %s\n\nand open\n\n    http://127.0.0.1:%d/\n",
			tunnelPort, c.Web.Path, login, tunnelPort)
		return "", nil
	}
	token, err := daemon.WebToken(c.State)
	if err != nil {
		return "", hinted(err, hint{fs.ErrNotExist, "the daemon makes it when it starts with this configuration"},
			hint{fs.ErrPermission, "run as root, or as the user of the daemon"})
	}
	url = fmt.Sprintf("http://%s/%s/", c.Web.Listen, token)
	fmt.Fprintf(out, "%s\n\nTo open it from another machine, first run there:\n\n    ssh -N -L 127.0.0.1:%d:%s %s\n",
		url, c.Web.Listen.Port(), c.Web.Listen, login)
	if c.Web.Listen.Addr().Is6() {
		fmt.Fprintf(out, "\nand open http://127.0.0.1:%d/%s/\n", c.Web.Listen.Port(), token)
	}
	return url, nil
}

// A pageOpener opens the live page in a browser.
type pageOpener struct {
	file string // the configuration

	mu    sync.Mutex
	pages []string // files to remove
}

// open prints how to reach the page, and has the desktop open it if there is one.
func (p *pageOpener) open(out io.Writer) error {
	url, err := printPage(out, p.file)
	if err != nil || url == "" || os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return err
	}
	program, err := exec.LookPath("xdg-open")
	if err != nil {
		return nil // a display without a desktop
	}
	page, err := p.redirect(url)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, page)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // some browsers stay
	return nil
}

// redirect writes a file that leads a browser to the page: other users see a program's arguments, and so the token.
func (p *pageOpener) redirect(url string) (name string, err error) {
	f, err := os.CreateTemp("", "exiwatch-*.html")
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	p.pages = append(p.pages, f.Name())
	p.mu.Unlock()
	_, err = fmt.Fprintf(f, "<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"0; url=%s\">\n", url)
	return f.Name(), errors.Join(err, f.Close())
}

// close removes what open wrote.
func (p *pageOpener) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range p.pages {
		os.Remove(name)
	}
}
