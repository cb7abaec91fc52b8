package check

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"exiwatch/internal/config"
)

// A server is what Exim says about itself. Fields that it doesn't mention are empty.
type server struct {
	version     string // 4.96
	user, group string // that it runs as
	log         string // path of the main log, as in log_file_path
	selectors   string // log_selector
}

// The versions of Exim whose logs the tests have.
const oldestExim, newestExim = 80, 99 // 4.80 to 4.99

var versionLine = regexp.MustCompile(`^Exim version (([0-9]+)\.([0-9]+)\S*)`)

// exim asks Exim for its version, its user and its log.
func (c *checks) exim(ctx context.Context) []Result {
	const name = "exim"
	said, err := c.Exim(ctx, "-bV")
	if errors.Is(err, exec.ErrNotFound) {
		return []Result{warn(name, "This is fine on a host that only stores the log.", "not installed on this machine")}
	}
	version := versionLine.FindStringSubmatch(said)
	if version == nil {
		return []Result{warn(name,
			"exim -bV should print a version: Exim's configuration may be broken. exiwatch can read the log anyway.",
			"installed, but exim -bV prints no version%s", because(err))}
	}
	c.server.version = version[1]
	settings, err := c.Exim(ctx, "-bP", "exim_user", "exim_group", "log_selector", "log_file_path", "spool_directory")
	c.server.settings(settings)
	if err != nil {
		return []Result{warn(name, "exim -bP should print settings: Exim's configuration may be broken.",
			"%s, but exim -bP doesn't print its settings%s", c.server.version, because(err))}
	}
	if !tried(version[2], version[3]) {
		return []Result{warn(name, "The row lines shows whether exiwatch understands its log.",
			"%s; exiwatch is tested with logs of 4.%d to 4.%d", c.server.version, oldestExim, newestExim)}
	}
	if log := c.server.log; log != "" && len(c.Config.Log) > 0 && !slices.Contains(c.Config.Log, log) {
		return []Result{warn(name,
			"To follow that log, set in exiwatch's configuration:\n    log = "+strconv.Quote(log),
			"%s logs to %s, which exiwatch doesn't follow", c.server.version, log)}
	}
	return []Result{pass(name, "%s, runs as %s", c.server.version, c.server.user)}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

func tried(major, minor string) bool {
	n, err := strconv.Atoi(minor)
	return major == "4" && err == nil && n >= oldestExim && n <= newestExim
}

// settings reads the lines that exim -bP prints: name = value.
func (s *server) settings(said string) {
	if place := config.ReadPlace(said); !place.Default {
		s.log = place.Path
	}
	for line := range strings.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		switch name {
		case "exim_user":
			s.user = value
		case "exim_group":
			s.group = value
		case "log_selector":
			s.selectors = value
		}
	}
}
