package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/daemon"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

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

// completing makes a function that completes the first argument, or any of several, with values that find takes from
// the configuration in file and from its state folder. On an error there are none.
func completing(file *string, several bool, find func(config.Config) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) (values []string, _ cobra.ShellCompDirective) {
		if len(args) == 0 || several {
			values = findSoon(*file, find)
		}
		others := func(value string) bool { return !strings.HasPrefix(value, begun) || slices.Contains(args, value) }
		return slices.DeleteFunc(values, others), cobra.ShellCompDirectiveNoFileComp
	}
}

// findSoon returns what find finds, sorted, each once. It gives up where somebody at a terminal would lose patience: a
// checkpoint may have hundreds of megabytes.
func findSoon(file string, find func(config.Config) []string) []string {
	const patience = 500 * time.Millisecond
	found := make(chan []string, 1)
	go func() {
		c, err := config.Read(file)
		if err != nil {
			close(found)
			return
		}
		values := find(c)
		slices.Sort(values)
		found <- slices.Compact(values)
	}()
	select {
	case values := <-found:
		return values
	case <-time.After(patience):
		return nil
	}
}

// inShells are values that no shell takes for anything else, also without quotes. Attackers choose the names of
// accounts. Bash inserts the common beginning of several values as it is, and the next completion evaluates it.
var inShells = regexp.MustCompile(`^([a-z_]+=)?[A-Za-z0-9][A-Za-z0-9@._+:,/-]*$`)

// openIncidents gives a value for each open incident, if it needs no quotes. On an error there are none.
func openIncidents(c config.Config, valueOf func(*daemon.IncidentStatus) []string) (values []string) {
	all, err := daemon.Incidents(c.State, time.Time{})
	if err != nil {
		return nil
	}
	for i := range all {
		if all[i].Ended == nil {
			values = append(values, valueOf(&all[i])...)
		}
	}
	return slices.DeleteFunc(values, func(value string) bool { return !inShells.MatchString(value) })
}

// namedAccounts completes [NAME=]ACCOUNT, whose NAME is account if it is left out.
func namedAccounts(c config.Config) []string {
	return openIncidents(c, func(i *daemon.IncidentStatus) []string {
		switch i.Key {
		case window.Account.String(), window.Auth.String(), window.User.String():
			return []string{i.Account}
		}
		return []string{i.Key + "=" + i.Account}
	})
}

// askedValues completes [NAME=]VALUE of query, whose NAME is the socket's key if it is left out.
func askedValues(c config.Config) []string {
	return openIncidents(c, func(i *daemon.IncidentStatus) (values []string) {
		for _, a := range i.Alerts {
			if c.Socket != nil && a.Key == c.Socket.Key.String() {
				values = append(values, a.Value)
			} else {
				values = append(values, a.Key+"="+a.Value)
			}
		}
		return values
	})
}

// exceptedAccounts completes what gets an exception: the account of an incident, or what has an exception.
func exceptedAccounts(c config.Config) []string {
	accounts := openIncidents(c, func(i *daemon.IncidentStatus) []string { return []string{i.Account} })
	return append(accounts, exceptions(c)...)
}

// exceptions are the patterns of the exceptions.
func exceptions(c config.Config) (patterns []string) {
	for _, e := range c.Exceptions {
		if inShells.MatchString(strings.NewReplacer("*", "x", "?", "x").Replace(e.Match)) {
			patterns = append(patterns, e.Match)
		}
	}
	return patterns
}

// silencedAccounts completes what silence end ends.
func silencedAccounts(c config.Config) (values []string) {
	all, err := daemon.Silences(c.State, time.Now())
	if err != nil {
		return nil
	}
	for _, s := range all {
		key, pattern, _ := strings.Cut(s.Match, ":")
		value := strings.TrimPrefix(key+"="+pattern, window.Account.String()+"=")
		if inShells.MatchString(value) {
			values = append(values, value)
		}
	}
	return values
}

// completeRules completes the value of --rule with the names of the rules.
func completeRules(cmd *cobra.Command, file *string) {
	find := completing(file, true, func(c config.Config) (names []string) {
		for _, r := range c.Rules {
			names = append(names, cmp.Or(r.Name, r.String()))
		}
		return names
	})
	cmd.RegisterFlagCompletionFunc("rule", find)
}
