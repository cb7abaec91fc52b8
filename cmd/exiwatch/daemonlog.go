package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/coreos/go-systemd/v22/journal"
)

// newDaemonLog returns the daemon's own log. Under journald its lines have a priority and no time: journald notes that.
func newDaemonLog(stderr io.Writer) *slog.Logger {
	if !isJournal(stderr) {
		return slog.New(slog.NewTextHandler(stderr, nil))
	}
	return slog.New(slog.NewTextHandler(journalWriter{stderr}, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// isJournal tells whether the program's standard error, if that is it, goes to journald: JOURNAL_STREAM has its device
// and inode then (systemd.exec(5)).
func isJournal(stderr io.Writer) bool {
	if stderr != os.Stderr {
		return false
	}
	is, err := journal.StderrIsJournalStream()
	return is && err == nil
}

// errorPriority is what a line with an error begins with where it goes to journald: `journalctl -p err` finds it then.
func errorPriority(stderr io.Writer) string {
	if !isJournal(stderr) {
		return ""
	}
	return fmt.Sprintf("<%d>", journal.PriErr)
}

// A journalWriter writes the lines of a slog.TextHandler without times. Each begins with its priority, as sd-daemon(3)
// has it. Nobody can forge that: a line begins with its level, and a line break in a value is escaped.
type journalWriter struct{ journal io.Writer }

func (w journalWriter) Write(line []byte) (int, error) {
	var level slog.Level
	item, _, _ := bytes.Cut(line, []byte(" "))
	if err := level.UnmarshalText(bytes.TrimPrefix(item, []byte("level="))); err != nil {
		return 0, fmt.Errorf("reading the level of %q: %w", line, err)
	}
	return fmt.Fprintf(w.journal, "<%d>%s", priority(level), line)
}

func priority(level slog.Level) journal.Priority {
	switch {
	case level >= slog.LevelError:
		return journal.PriErr
	case level >= slog.LevelWarn:
		return journal.PriWarning
	case level >= slog.LevelInfo:
		return journal.PriInfo
	}
	return journal.PriDebug
}
