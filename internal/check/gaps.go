package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
)

// gaps names the files that the daemon went on without. There is no row where there are none.
func (c *checks) gaps(context.Context) []Result {
	const name = "gaps"
	gaps, err := daemon.Gaps(c.Config.State, c.Now)
	if err != nil {
		return []Result{warn(name, "Run as root or as the daemon's user.",
			"what the daemon left out can't be told: %v", err)}
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
	hint := "Alerts may be missing. Once the files can be read, this shows what they hold:" + commands.String()
	return []Result{warn(name, hint, "%s", strings.Join(details, "\n"))}
}
