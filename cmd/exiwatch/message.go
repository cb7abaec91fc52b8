package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/internal/history"
	"exiwatch/internal/words"
	"exiwatch/parser"

	"github.com/spf13/cobra"
)

func messageCommand() *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:   "message ID [FILE...]",
		Short: "tell what happened to one message, from its arrival to its end",
		Long: `message finds the log lines of one message and says in words what happened: how it was received, what
became of each recipient and what the server answered, and when it was completed. A deferral that
occurs again is printed once, with how often and until when. Lines that are none of these are printed
as logged. The last lines say whether the message is still in the queue, and which messages came of it:
a bounce, or what a content filter has handed back.

ID is a message id of Exim: 16 characters, or 23 from Exim 4.97 on. Without a FILE, message reads the
main log and its rotated files. If no line of the message is there, it fails with status 1.

--json prints one JSON document: arrival (as exiwatch arrivals prints it), deliveries, others (lines
that are neither), completed (a time or null), queued, frozen, bounced_as and handed_back_as.`,
		Example: `  exiwatch message 1xY6Hg-000837-2m
  exiwatch message 1xY6Hg-00000000837-002m /var/log/exim4/mainlog.*.gz`,
		Args: func(_ *cobra.Command, args []string) error { return checkMessageID(args) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: s.reporting(func(args []string) error { return s.tell(args[0], args[1:]) }),
	}
	s.timeFlags(cmd, "lines")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "print JSON")
	return cmd
}

// checkMessageID checks that the first argument is a message id, and that no second one follows.
func checkMessageID(args []string) error {
	const where = "the id stands behind the time in the main log, and behind \"id\" in a mail's Received header"
	if len(args) == 0 {
		return &hintedError{usagef("message needs the ID of a message, such as 1xY6Hg-000837-2m"), where}
	}
	if !parser.IsMessageID(args[0]) {
		return &hintedError{usagef("%q is no message id: expected 16 characters such as 1xY6Hg-000837-2m, or 23 such "+
			"as 1xY6Hg-00000000837-002m", args[0]), where}
	}
	for _, name := range args[1:] {
		if _, err := os.Stat(name); err != nil && parser.IsMessageID(name) {
			return usagef("message takes one ID; unexpected %q", name)
		}
	}
	return nil
}

// tell prints the history of a message.
func (s *selection) tell(id string, files []string) error {
	if err := s.findSources(files); err != nil {
		return err
	}
	general := s.settings.Scopes[""]
	finder := &history.Finder{
		ID: id, Zone: s.settings.Zone, Now: s.now, Charset: s.settings.Charset, EximUsers: general.EximUsers,
		During: s.during,
	}
	out := s.cmd.OutOrStdout()
	text, document := history.NewText(out, isColour(out)), history.NewDocument(id)
	if finder.Step = text.Step; s.asJSON {
		finder.Step = document.Step
	}
	if err := s.find(finder); err != nil {
		return err
	}
	switch {
	case finder.Fate.Lines == 0:
		return errors.Join(append(s.problems, s.notFound(finder))...)
	case s.asJSON:
		document.End(&finder.Fate)
		return printJSON(out, document)
	}
	next := func(id string) string {
		command := "exiwatch message " + id
		for _, name := range files {
			command += " " + escape.Shell(name)
		}
		return command
	}
	return text.End(&finder.Fate, s.end(finder), next)
}

// find reads the logs.
func (s *selection) find(finder *history.Finder) error {
	defer s.bar.end()
	for i, sources := range s.logs {
		share := func(done float64) { s.bar.show((float64(i) + done) / float64(len(s.logs))) }
		if err := s.noteBroken(finder.Read(s.cmd.Context(), sources, share)); err != nil {
			return err
		}
	}
	return nil
}

// end is the time up to which the logs were read.
func (s *selection) end(finder *history.Finder) (end time.Time) {
	for _, f := range finder.Files {
		if f.Last.After(end) {
			end = f.Last
		}
	}
	if !s.to.IsZero() && s.to.Before(end) {
		return s.to
	}
	return end
}

// maxFilesNamed is how many files are named where a message isn't found.
const maxFilesNamed = 20

// notFound says which files were read, and from when to when they reach.
func (s *selection) notFound(finder *history.Finder) error {
	for i, f := range finder.Files {
		if i == maxFilesNamed {
			s.note("note", "and %s", words.Plain(int64(len(finder.Files)-i), "other file"))
			break
		}
		span := "no line begins with a time"
		if !f.First.IsZero() {
			span = stamped(f.First) + " to " + stamped(f.Last)
		}
		s.note("note", "%s: %s", f.Name, span)
	}
	if len(finder.Files) == 0 && len(s.problems) > 0 {
		return nil // they say why
	}
	text := fmt.Sprintf("no line of message %s in %s", finder.ID, words.Plain(int64(len(finder.Files)), "file"))
	if s.since != "" || s.until != "" {
		text += " " + strings.TrimSpace(s.words())
	}
	err := errors.New(text)
	if at, ok := receivedAt(finder.ID, s.now); ok {
		return &hintedError{err, "by its id, it arrived at " + stamped(at.In(s.settings.Zone)) +
			": name the FILE that has that time"}
	}
	return err
}

// receivedAt is the time in a message id: its first six characters are seconds since 1970 in base 62 (Exim
// specification, "Message identification"). It fails where the time makes no sense, as Exim uses base 36 on some
// systems.
func receivedAt(id string, now time.Time) (time.Time, bool) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	seconds := int64(0)
	for _, c := range id[:6] {
		seconds = seconds*int64(len(digits)) + int64(strings.IndexRune(digits, c))
	}
	at := time.Unix(seconds, 0)
	first := time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC) // when Exim began
	return at, at.After(first) && at.Before(now.AddDate(0, 0, 1))
}
