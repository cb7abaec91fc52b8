package check

import (
	"context"
	"time"
)

// askPatience is the timeout of Exim's ${readsocket…} in the documented ACL.
const askPatience = 5 * time.Second

// socket checks that the daemon answers and that Exim's user may ask it.
func (c *checks) socket(ctx context.Context) []Result {
	const name = "socket"
	if c.Config.Socket == nil {
		return nil
	}
	path := c.Config.Socket.Path
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	answer, err := c.Ask(ctx, path, "check@exiwatch.invalid")
	switch {
	case err != nil && c.daemon == "":
		return warn(name, "Start it: exiwatch run. Until then Exim's condition fails open; mail keeps flowing.",
			"%s: no daemon answers: %v", path, err)
	case err != nil:
		return fail(name, "Has the daemon, pid "+c.daemon+", loaded this configuration? Send it SIGHUP.",
			"%s: %v", path, err)
	case answer != "yes" && answer != "no":
		return fail(name, "Another program may be listening there.", "%s answers %q, not yes or no", path, answer)
	case c.server.user == "":
		return warn(name, "exim -bP exim_user prints it.",
			"%s answers; can't check whether Exim may ask, as its user isn't known", path)
	}
	exim, err := lookup(c.server.user, c.server.group)
	if err != nil {
		return warn(name, "Exim runs as a user that this machine doesn't have.",
			"%s answers; Exim's user %s: %v", path, c.server.user, err)
	}
	if obstacle := exim.barred(path, write); obstacle != "" {
		return fail(name,
			"In the configuration:\n    [socket]\n    group = \""+c.server.group+"\"\n    mode  = \"0660\"",
			"%s may not ask: %s", c.server.user, obstacle)
	}
	return pass(name, "%s answers, and %s may ask", path, c.server.user)
}
