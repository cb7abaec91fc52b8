package check

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"

	"exiwatch/internal/config"
)

// A server is what Exim says about itself. Fields that it doesn't mention are empty.
type server struct {
	version     string // 4.96
	user, group string // that it runs as
	selectors   string // log_selector
}

// The versions of Exim whose logs the tests have.
const oldestExim, newestExim = 80, 99 // 4.80 to 4.99

var versionLine = regexp.MustCompile(`^Exim version ([0-9]+\.[0-9]+\S*)`)

// exim asks Exim for its version, its user and its log.
func (c *checks) exim(ctx context.Context) []Result {
	const name = "exim"
	said, err := c.Exim(ctx, "-bV")
	if errors.Is(err, exec.ErrNotFound) {
		return warn(name, "This is fine on a host that only stores the log.", "not installed on this machine")
	}
	version := versionLine.FindStringSubmatch(said)
	if version == nil {
		return warn(name,
			"exim -bV should print a version: Exim's configuration may be broken. exiwatch can read the log anyway.",
			"installed, but exim -bV prints no version%s", because(err))
	}
	c.server.version = version[1]
	settings, err := c.Exim(ctx, "-bP", "exim_user", "exim_group", "log_selector", "log_file_path", "spool_directory")
	set := config.Settings(settings)
	c.server.user, c.server.group, c.server.selectors = set["exim_user"], set["exim_group"], set["log_selector"]
	if err != nil {
		return warn(name, "exim -bP should print settings: Exim's configuration may be broken.",
			"%s, but exim -bP doesn't print its settings%s", c.server.version, because(err))
	}
	if major, minor := release(version[1]); major != 4 || minor < oldestExim || minor > newestExim {
		return warn(name, "The row lines shows whether exiwatch understands its log.",
			"%s; exiwatch is tested with logs of 4.%d to 4.%d", c.server.version, oldestExim, newestExim)
	}
	log := config.ReadPlace(settings)
	if log.Path != "" && !log.Default && len(c.Config.Log) > 0 && !slices.Contains(c.Config.Log, log.Path) {
		return warn(name, "To follow that log, set in exiwatch's configuration:\n    log = "+strconv.Quote(log.Path),
			"%s logs to %s, which exiwatch doesn't follow", c.server.version, log.Path)
	}
	return pass(name, "%s, runs as %s", c.server.version, c.server.user)
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// release is a version without its patch level; 0, 0 if it is unknown.
func release(version string) (major, minor int) {
	fmt.Sscanf(version, "%d.%d", &major, &minor)
	return major, minor
}
