package main

import "github.com/spf13/cobra"

// addCompletion adds cobra's command completion, which prints to the root's output of this moment. By default it prints
// its help for an unknown shell and succeeds.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return noCommand(cmd, args[0])
	}
	for _, shell := range cmd.Commands() {
		shell.Args = noArguments
	}
}
