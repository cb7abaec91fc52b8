package check

import (
	"context"
	"errors"
	"os/user"
	"slices"

	"exiwatch/internal/journal"
	"exiwatch/parser"
	"exiwatch/tailer"
)

// journalSample is how many of the journal's last entries are read. Entries of other programs count, too.
const journalSample = "30000"

// journalGroups are the groups that may read the journal. journald gives its files to the first; systemd's tmpfiles.d
// gives the others access.
var journalGroups = []string{"systemd-journal", "adm", "wheel"}

const joinJournal = "Run adduser exiwatch systemd-journal, then restart the daemon."

// journal checks the journal and Exim's entries in it.
func (c *checks) journal(ctx context.Context, path string, l journal.MainLog) []Result {
	err := l.Check(ctx)
	switch {
	case errors.Is(err, journal.ErrAccess):
		return fail("log", "User "+me()+" must be in the group systemd-journal. "+joinJournal, "%v", err)
	case errors.Is(err, journal.ErrNone):
		return fail("log", "Set the file that the system's syslog daemon writes:\n    log = \"/path\"", "%v", err)
	case err != nil:
		const hint = "systemctl status systemd-journald shows whether it runs. A container has no journal of its own."
		return fail("log", hint, "%v", err)
	}
	reader := me()
	if owner, name, ok := c.owner(); ok {
		if reader = name; !owner.readsJournal() {
			return fail("log", joinJournal, "the journal can't be read by user %s, who owns the state folder", name)
		}
	}
	found := pass("log", "%s, readable by user %s", path, reader)
	return c.examined(ctx, found, path, func(s *sample, r *parser.Reader) error {
		in, err := l.Last(ctx, journalSample)
		if err != nil {
			return err
		}
		defer in.Close()
		_, err = tailer.ScanLines(in, path, func(line tailer.Line) error {
			s.line(line, journal.Message(line.Text), r, c)
			return nil
		})
		return err
	})
}

// readsJournal reports whether the user is in a group that may read the journal.
func (i identity) readsJournal() bool {
	return i.uid == 0 || slices.ContainsFunc(journalGroups, func(name string) bool {
		g, err := user.LookupGroup(name)
		return err == nil && slices.Contains(i.gids, number(g.Gid))
	})
}
