package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"exiwatch/internal/words"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A usageError is a command line that can't be understood: exit status 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

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
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

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
	var names []string
	for _, cmd := range root.Commands() {
		names = append(names, cmd.Name())
	}
	return usagef("unknown command %q; %s", name, words.Suggest(name, names))
}

// wanted is what a flag takes, by the type of its value.
var wanted = map[string]string{"uint": "a whole number of 0 or more", "float64": "a number", "bool": "true or false"}

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
