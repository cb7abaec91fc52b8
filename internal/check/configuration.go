package check

import (
	"context"
	"errors"
	"io/fs"

	"exiwatch/internal/daemon"
)

// configuration tells whether the daemon would take the configuration.
func (c *checks) configuration(context.Context) []Result {
	const name = "configuration"
	err := c.Broken
	if err == nil {
		err = (&daemon.Daemon{Config: c.Config, Host: c.Host}).Check()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []Result{fail(name, "Run as root or as the daemon's user. What follows looks at the defaults.", "%v",
			err)}
	case errors.Is(err, fs.ErrNotExist):
		return []Result{fail(name, "What follows looks at the defaults.", "%v", err)}
	case err != nil:
		return []Result{fail(name, "exiwatch help config lists the keys. What follows looks at the defaults.", "%v",
			err)}
	case c.File == "":
		return []Result{pass(name, "no file: the defaults, %s", c.Config.Rules[0])}
	}
	return []Result{pass(name, "%s, %s", c.File, count(int64(len(c.Config.Rules)), "rule"))}
}
