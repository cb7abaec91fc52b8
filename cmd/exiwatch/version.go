package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is that of the program and its packages: packaging/build reads this line.
const version = "0.1.0"

// commit is what packaging/build made the program of; empty where Go notes it.
var commit string

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// versionLine is what exiwatch version prints: exiwatch 0.1.0 (commit 1e350011d9a2, go1.26.7 linux/amd64).
func versionLine() string {
	built := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	if c := builtFrom(); c != "" {
		built = "commit " + c + ", " + built
	}
	return fmt.Sprintf("exiwatch %s (%s)\n", version, built)
}

// builtFrom is the beginning of the commit's name, with a + where the files were changed after it; "" if nothing tells.
func builtFrom() string {
	if commit != "" {
		return commit
	}
	const length = 12 // as git log --abbrev=12 writes it
	name, changed := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				name = setting.Value[:min(length, len(setting.Value))]
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = "+"
			}
		}
	}
	return name + changed
}
