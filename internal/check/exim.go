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

// A server is what Exim says of itself; what it doesn't say is empty.
type server struct {
	version     string // 4.96
	user, group string // under which it runs
	log         string // path of the main log, as in log_file_path
	selectors   string // log_selector
}

// Exim's versions whose logs our fixtures and the corpora have.
const oldestExim, newestExim = 80, 99 // 4.80 to 4.99

var versionLine = regexp.MustCompile(`^Exim version (([0-9]+)\.([0-9]+)\S*)`)

// exim asks Exim for its version, its user and where it logs to.
func (c *checks) exim(ctx context.Context) []Result {
	const name = "exim"
	said, err := c.Exim(ctx, "-bV")
	if errors.Is(err, exec.ErrNotFound) {
		return []Result{warn(name, "That is fine on a host that only keeps the log.", "not installed on this machine")}
	}
	version := versionLine.FindStringSubmatch(said)
	if version == nil {
		return []Result{warn(name,
			"exim -bV should say its version: its configuration may be broken. It doesn't keep the log from being read.",
			"installed, but doesn't say its version%s", because(err))}
	}
	c.server.version = version[1]
	settings, err := c.Exim(ctx, "-bP", "exim_user", "exim_group", "log_selector", "log_file_path", "spool_directory")
	c.server.settings(settings)
	if err != nil {
		return []Result{warn(name, "exim -bP should show its settings: its configuration may be broken.",
			"%s, doesn't show its settings%s", c.server.version, because(err))}
	}
	if !tried(version[2], version[3]) {
		return []Result{warn(name, "The row about lines says whether its log is understood.",
			"%s; logs of 4.%d to 4.%d are known", c.server.version, oldestExim, newestExim)}
	}
	if log := c.server.log; log != "" && len(c.Config.Log) > 0 && !slices.Contains(c.Config.Log, log) {
		return []Result{warn(name,
			"If that is the log you mean, put it into the configuration:\n    log = "+strconv.Quote(log),
			"%s logs to %s, which isn't followed", c.server.version, log)}
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

// settings reads what exim -bP prints: name = value lines.
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
