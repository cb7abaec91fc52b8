package check

import (
	"context"
	"fmt"
	"os"
	"strings"

	"exiwatch/internal/private"
)

// secrets checks that others can't read the files of passwords, tokens and URLs of [[notify]], nor a configuration that
// holds such a URL or a webhook's.
func (c *checks) secrets(context.Context) []Result {
	const name = "secrets"
	paths := c.Config.Secrets
	if len(paths) == 0 {
		return nil
	}
	gid := os.Getegid()
	if i, _, ok := c.owner(); ok {
		gid = i.gids[0]
	}
	var all []Result
	for _, path := range paths {
		readers, err := private.Readers(path, gid)
		switch {
		case err != nil:
			all = append(all, fail(name, "Run as root or as the daemon's user.", "%v", err)...)
		case readers != "":
			hint := fmt.Sprintf("Only root and the daemon need to read it:\n    chown root:%s %s\n    chmod 0640 %s",
				groupName(gid), path, path)
			all = append(all, warn(name, hint, "%s holds a secret, and %s can read it", path, readers)...)
		}
	}
	if all == nil {
		return pass(name, "%s: readable only by root and the daemon", strings.Join(paths, ", "))
	}
	return all
}
