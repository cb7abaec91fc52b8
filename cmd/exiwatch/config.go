package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
	"exiwatch/internal/words"

	"github.com/spf13/cobra"
)

// configCommand is also the help topic about the configuration file.
func configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "the configuration file: check it, show what applies, its schema",
		Long:  helpConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return noCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(configCheckCommand(), configShowCommand(), configSchemaCommand())
	return cmd
}

func configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "is a configuration file valid?",
		Long: `check reads a configuration FILE, by default the one in use, with the exceptions in except.d beside
it. It changes nothing and asks nobody. An error names the place in the file. exiwatch check
verifies the whole setup.

Exit status: 0 if the file is valid, 1 if it is not.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := strings.Join(args, "")
			c, err := config.Read(file)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %s, %s\n", escape.Text(cmp.Or(file, config.DefaultFile)),
				words.Plural(int64(len(c.Rules)), "rule"), words.Plural(int64(len(c.Exceptions)), "exception"))
			return nil
		},
	}
}

func configShowCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "print each key with the value that applies, and where it comes from",
		Long: `show prints each key with the value that applies, as TOML. A comment says where the value comes
from: a line of the configuration or of a file in except.d, the default, or what exiwatch found on
this machine. Secrets are shown as ******.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := config.Effective(file)
			if err != nil {
				return err
			}
			settings = addFound(cmd, settings)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), settings)
			}
			return printSettings(cmd.OutOrStdout(), settings)
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return cmd
}

// addFound adds what the daemon finds by itself where the configuration says nothing.
func addFound(cmd *cobra.Command, settings []config.Setting) []config.Setting {
	has := func(key string) bool {
		return slices.ContainsFunc(settings, func(s config.Setting) bool { return s.Key == key })
	}
	if !has("mail.from") {
		at := slices.IndexFunc(settings, func(s config.Setting) bool { return s.Key == "mail.subject" })
		from := config.Setting{Key: "mail.from", Value: strconv.Quote("exiwatch@" + hostName()),
			Origin: "this host's name"}
		settings = slices.Insert(settings, at, from)
	}
	if has("log") {
		return settings
	}
	log, err := config.FindLog(cmd.Context())
	if err != nil {
		log = ""
		fmt.Fprintf(cmd.ErrOrStderr(), "exiwatch: warning: %s\n", escape.Text(err.Error()))
	}
	return slices.Insert(settings, 0, config.Setting{Key: "log", Value: strconv.Quote(log),
		Origin: "found by asking Exim, or in the usual places"})
}

// printSettings prints them as TOML.
func printSettings(w io.Writer, settings []config.Setting) error {
	table := ""
	for _, s := range settings {
		path, key := "", s.Key
		if i := strings.LastIndexByte(s.Key, '.'); i >= 0 {
			path, key = s.Key[:i], s.Key[i+1:]
		}
		if path != table {
			table = path
			fmt.Fprintf(w, "\n%s\n", header(path))
		}
		var value []string // a list may have several lines
		for line := range strings.SplitSeq(s.Value, "\n") {
			value = append(value, escape.Text(strings.ReplaceAll(line, "\t", "    ")))
		}
		_, err := fmt.Fprintf(w, "%-14s = %-40s # %s\n", key, strings.Join(value, "\n"), escape.Text(s.Origin))
		if err != nil {
			return err
		}
	}
	return nil
}

// header begins the table at a path such as mail or rule[0].except[1].
func header(path string) string {
	name := path
	for {
		from, to := strings.IndexByte(name, '['), strings.IndexByte(name, ']')
		if from < 0 {
			break
		}
		name = name[:from] + name[to+1:]
	}
	if strings.HasSuffix(path, "]") {
		return "[[" + name + "]]"
	}
	return "[" + name + "]"
}

func configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print a JSON Schema of the configuration, for editors",
		Long: `schema prints a JSON Schema of the configuration. Editors complete and check by it, for one those
with taplo: write it to a file, and begin the configuration with a line that names this file.

  exiwatch config schema > exiwatch.schema.json
  #:schema ./exiwatch.schema.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return printJSON(cmd.OutOrStdout(), config.Describe()) },
	}
}
