package check

import (
	"context"
	"path/filepath"
	"time"
)

// A Socket is where Exim asks: the path of a UNIX socket, or host:port.
type Socket struct{ Path string }

// askPatience is the timeout of Exim's ${readsocket…} in the documented ACL.
const askPatience = 5 * time.Second

// socket checks that the daemon answers and that Exim's user may ask it.
func (c *checks) socket(ctx context.Context) []Result {
	const name = "socket"
	if c.Socket == nil {
		return nil
	}
	path := c.Socket.Path
	if c.Ask != nil {
		ctx, cancel := context.WithTimeout(ctx, askPatience)
		defer cancel()
		answer, err := c.Ask(ctx, path, "check@exiwatch.invalid")
		switch {
		case err != nil && c.daemon == "":
			return []Result{warn(name,
				"Start it: exiwatch run. Until then Exim's condition fails open; mail keeps flowing.",
				"%s: no daemon answers: %v", path, err)}
		case err != nil:
			return []Result{fail(name, "Has the daemon, pid "+c.daemon+", loaded this configuration? Send it SIGHUP.",
				"%s: %v", path, err)}
		case answer != "yes" && answer != "no":
			return []Result{fail(name, "Another program may be listening there.", "%s answers %q, not yes or no", path,
				answer)}
		}
	}
	if !filepath.IsAbs(path) {
		return []Result{pass(name, "%s answers", path)}
	}
	if c.server.user == "" {
		return []Result{warn(name, "exim -bP exim_user prints it.",
			"%s answers; can't check whether Exim may ask, as its user isn't known", path)}
	}
	exim, err := lookup(c.server.user, c.server.group)
	if err != nil {
		return []Result{warn(name, "Exim runs as a user that this machine doesn't have.",
			"%s answers; Exim's user %s: %v", path, c.server.user, err)}
	}
	if obstacle := exim.barred(path, write); obstacle != "" {
		return []Result{fail(name,
			"In the configuration:\n    [socket]\n    group = \""+c.server.group+"\"\n    mode  = \"0660\"",
			"%s may not ask: %s", c.server.user, obstacle)}
	}
	return []Result{pass(name, "%s answers, and %s may ask", path, c.server.user)}
}
