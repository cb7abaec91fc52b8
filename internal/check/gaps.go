package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
)

// gaps names the files that the daemon skipped. Without such files there is no row.
func (c *checks) gaps(context.Context) []Result {
	const name = "gaps"
	gaps, err := daemon.Gaps(c.Config.State, c.Now)
	if err != nil {
		return []Result{warn(name, "Run as root or as the daemon's user.",
			"can't find out which files the daemon skipped: %v", err)}
	}
	if len(gaps) == 0 {
		return nil
	}
	var details []string
	var commands strings.Builder
	seen := make(map[string]bool)
	for _, g := range gaps {
		details = append(details, fmt.Sprintf("%s was not counted: it could not be read from %s to %s (%s)",
			g.Place(), g.Since.Format(time.DateTime), g.Until.Format(time.DateTime), g.Error))
		if !seen[g.Path] {
			seen[g.Path] = true
			commands.WriteString("\n    exiwatch replay " + escape.Shell(g.Path))
		}
	}
	hint := "Alerts may be missing. Once the files are readable, report on them with:" + commands.String()
	return []Result{warn(name, hint, "%s", strings.Join(details, "\n"))}
}
