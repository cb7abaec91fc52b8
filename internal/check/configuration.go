package check

import (
	"context"
	"errors"
	"io/fs"

	"exiwatch/internal/daemon"
)

// configuration checks that the daemon would accept the configuration.
func (c *checks) configuration(context.Context) []Result {
	const name = "configuration"
	err := c.Broken
	if err == nil {
		err = (&daemon.Daemon{Config: c.Config, Host: c.Host}).Check()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []Result{fail(name, "Run as root or as the daemon's user. The other checks use the defaults.", "%v",
			err)}
	case errors.Is(err, fs.ErrNotExist):
		return []Result{fail(name, "The other checks use the defaults.", "%v", err)}
	case err != nil:
		return []Result{fail(name, "exiwatch help config lists the keys. The other checks use the defaults.", "%v",
			err)}
	case c.File == "":
		return []Result{pass(name, "no file; the default rules apply, such as %s", c.Config.Rules[0])}
	}
	return []Result{pass(name, "%s, %s", c.File, count(int64(len(c.Config.Rules)), "rule"))}
}
