package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/internal/escape"
	"exiwatch/internal/journal"
	"exiwatch/internal/private"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/words"
	"exiwatch/tailer"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A usageError is a command line that can't be understood: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// A statusError ends the program with a status of its own. One without err prints nothing.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return fmt.Sprint(e.err) }
func (e *statusError) Unwrap() error { return e.err }

// A hintedError also says what to do about it.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

// A hint is what to do about an error.
type hint struct {
	about error
	text  string
}

// hints are those about errors of which one hint is right wherever they occur.
var hints = []hint{
	{journal.ErrAccess, "run as root, or as a user in the group systemd-journal: adduser exiwatch systemd-journal," +
		" and restart the daemon"},
	{journal.ErrEmpty, "systemctl status systemd-journald tells whether it runs;" +
		" a container has no journal of its own"},
	{journal.ErrNone, "name the file that the system's syslog daemon writes, as log = \"/path\", or read a copy:" +
		" journalctl -o json > FILE on the host, exiwatch replay FILE here"},
	{readsocket.ErrInUse, "another daemon listens there: stop it, or set another path under [socket] or [web] in the " +
		"configuration"},
	{daemon.ErrInUse, "one daemon can follow several logs: log = [\"…\", \"…\"]; a second daemon needs its own state " +
		"folder"},
}

// hinted adds a hint to an error: that about its type, else the first that fits, of hints and then of others.
func hinted(err error, others ...hint) error {
	var access *readsocket.AccessError
	var unsafe *private.Error
	var kind *tailer.KindError
	switch {
	case errors.As(err, &access):
		return &hintedError{err, "run as root or as a member of that group, or set another group or path under " +
			"[socket] or [web] in the configuration"}
	case errors.As(err, &unsafe):
		return &hintedError{err, unsafe.Hint}
	case errors.As(err, &kind) && config.MainLogIn(kind.Path) != "":
		return &hintedError{err, "in that folder " + escape.Text(config.MainLogIn(kind.Path)) +
			" looks like the main log"}
	case errors.As(err, &kind):
		return &hintedError{err, "name Exim's main log in the configuration as log = \"/path/to/mainlog\"" +
			" (exim -bP log_file_path prints it); exiwatch replay FILE reads a FIFO"}
	}
	for _, h := range slices.Concat(hints, others) {
		if errors.Is(err, h.about) {
			return &hintedError{err, h.text}
		}
	}
	return err
}

// logError adds a hint to an error of opening a log.
func logError(err error) error {
	return hinted(err,
		hint{fs.ErrPermission, "run as root, or add the user to the group that may read the logs (adm on Debian)"},
		hint{fs.ErrNotExist, "exim -bP log_file_path prints where Exim logs"})
}

// unknownCommand makes a usageError of cobra's error about an unknown command, which has no type.
func unknownCommand(root *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	quoted, isIt := strings.CutPrefix(err.Error(), "unknown command ")
	name, quoteErr := strconv.Unquote(strings.TrimSuffix(quoted, ` for "exiwatch"`))
	if !isIt || quoteErr != nil {
		return err
	}
	return noCommand(root, name)
}

// noCommand is the error for a name that none of cmd's commands has.
func noCommand(cmd *cobra.Command, name string) error {
	path := strings.TrimPrefix(cmd.CommandPath()+" "+name, cmd.Root().Name()+" ")
	return usagef("unknown command %q; %s", path, words.Suggest(name, commandNames(cmd)))
}

// commandNames are the names of cmd's commands.
func commandNames(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

// wanted is what a flag takes, by the type of its value.
var wanted = map[string]string{"uint": "a whole number of 0 or more", "int64": "a whole number",
	"float64": "a number", "bool": "true or false"}

// flagError makes a usageError of an error of the library that reads the flags.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		name := unknown.GetSpecifiedName()
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if meant := words.Closest(name, known); meant != "" {
			return usagef("unknown flag %q; did you mean %q?", "--"+name, "--"+meant)
		}
		return usagef("unknown flag %q", "--"+name)
	case errors.As(err, &invalid) && wanted[invalid.GetFlag().Value.Type()] != "":
		flag := invalid.GetFlag()
		return usagef("--%s %q: expected %s", flag.Name, invalid.GetValue(), wanted[flag.Value.Type()])
	}
	return &usageError{err}
}
