package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
	"exiwatch/internal/fold"
	"exiwatch/internal/words"
	"exiwatch/mailer"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

func routeCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "route [NAME=]VALUE",
		Short: "print who would be told of an account",
		Long: `route prints who would be told of an incident: the recipients of its mails, the channels of
[[notify]], and which [[route]] says so. NAME is a key (exiwatch help keys), by default account.
Where rules name their own to, it prints who is told of an incident that such a rule begins.

  exiwatch route alice@example.com
  exiwatch route host=192.0.2.1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("route needs one value, such as alice@example.com or host=192.0.2.1")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readConfig(file)
			if err != nil {
				return err
			}
			i, err := incidentOf(args[0])
			if err != nil {
				return err
			}
			return printAudiences(cmd.OutOrStdout(), &c, i)
		},
	}
	cmd.ValidArgsFunction = completing(&file, false, namedAccounts)
	configFlag(cmd, &file)
	return cmd
}

// incidentOf makes an incident of an argument, with its value folded as those of the log are.
func incidentOf(arg string) (mailer.Beginning, error) {
	key := window.Account
	if name, value, named := strings.Cut(arg, "="); named {
		known, err := window.ParseKey(name)
		switch {
		case err == nil:
			key, arg = known, value
		case looksLikeKey(name):
			return mailer.Beginning{}, &hintedError{usagef("unknown key %q; %s", name, words.Suggest(name, allKeys())),
				"a value that contains = needs its key, as in account=" + arg}
		}
	}
	switch key {
	case window.Account:
		arg = fold.Account(arg)
	case window.Sender, window.SenderDomain, window.Auth, window.AccountDomain:
		arg = fold.Name(arg)
	}
	return mailer.Beginning{Key: key.String(), Value: escape.Text(arg)}, nil
}

// printAudiences prints who is told of an incident, and of one that a rule with its own recipients begins.
func printAudiences(w io.Writer, c *config.Config, i mailer.Beginning) error {
	out := bufio.NewWriter(w)
	usual := c.Audience(i)
	printAudience(out, c, &usual)
	for _, r := range c.Rules {
		i.Rule = r.String()
		if a := c.Audience(i); !a.Same(&usual) {
			fmt.Fprintf(out, "\nIf the rule %s begins it:\n", escape.Text(cmp.Or(r.Name, r.String())))
			printAudience(out, c, &a)
		}
	}
	return out.Flush()
}

func printAudience(w io.Writer, c *config.Config, a *config.Audience) {
	for _, row := range []struct {
		name string
		list []string
	}{{"to", a.To}, {"cc", a.Cc}, {"notify", a.Notify}} {
		if len(row.list) > 0 {
			fmt.Fprintf(w, "%-8s%s\n", row.name, escape.Text(strings.Join(row.list, ", ")))
		}
	}
	by := "no route matches"
	if len(a.Routes) > 0 {
		var matches []string
		for _, k := range a.Routes {
			matches = append(matches, fmt.Sprintf("route %d (%s)", k+1, c.Routes[k].Match.String()))
		}
		by = strings.Join(matches, ", ")
	}
	fmt.Fprintf(w, "%-8s%s\n", "by", escape.Text(by))
}
