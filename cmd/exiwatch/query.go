package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/escape"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/words"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// Exit statuses of query, as grep has them. A usage error has exitUnasked, too: to a script both mean no answer.
const (
	exitYes     = exitDone
	exitNo      = exitFailure
	exitUnasked = exitUsage
)

func queryCommand() *cobra.Command {
	var file, socket string
	cmd := &cobra.Command{
		Use:   "query [count] [NAME=]VALUE...",
		Short: "ask the running daemon over its socket, as Exim does",
		Long: `query asks the running daemon over its socket, as Exim's ${readsocket does, and prints the answer:
is any of these over a limit now? NAME is a key (exiwatch help keys). A value without a NAME uses
the socket's key. count prints the highest count instead.

  exiwatch query alice@example.com
  exiwatch query host=192.0.2.1 auth=alice
  exiwatch query count sender=alice@example.com

Exit status: 0 for yes or a number, 1 for no, 2 if there is no answer or the question is wrong.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if socket == "" { // the daemon may not have read this configuration yet
				c, err := readConfig(file)
				if err != nil {
					return &statusError{exitUnasked, err}
				}
				socket = config.DefaultSocket // a service manager may have made this one
				if c.Socket != nil {
					socket = c.Socket.Path
				}
			}
			request, err := requestOf(args)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), queryPatience,
				fmt.Errorf("no answer in %v", queryPatience))
			defer cancel()
			answer, err := readsocket.Ask(ctx, socket, request+"\n")
			if err != nil {
				return &statusError{exitUnasked, &hintedError{err,
					"is the daemon running, does its configuration have [socket], and may this user access it?"}}
			}
			fmt.Fprintln(cmd.OutOrStdout(), escape.Text(answer))
			if answer == "no" {
				return &statusError{exitNo, nil}
			}
			return nil
		},
	}
	cmd.ValidArgsFunction = completing(&file, true, askedValues)
	configFlag(cmd, &file)
	cmd.Flags().StringVar(&socket, "socket", "", "ask at this `PATH`, or HOST:PORT, instead of the configured one")
	return cmd
}

// queryPatience is Exim's default for ${readsocket.
const queryPatience = 5 * time.Second

// looksLikeKey tells whether the NAME in NAME=VALUE is probably meant as a key. prvs= begins envelope senders of BATV.
func looksLikeKey(name string) bool {
	return name != "" && name != "prvs" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// requestOf makes a request of the arguments. Each argument is one item.
func requestOf(args []string) (string, error) {
	var items []string
	for i, arg := range args {
		if i == 0 && arg == "count" {
			items = append(items, arg)
			continue
		}
		name, value, named := strings.Cut(arg, "=")
		_, err := window.ParseKey(name)
		switch {
		case named && err == nil:
			items = append(items, name+"="+readsocket.Quote(value))
		case named && looksLikeKey(name):
			return "", &hintedError{usagef("unknown key %q; %s", name, words.Suggest(name, allKeys())),
				"a value that contains = needs its key, as in sender=" + arg}
		default:
			items = append(items, readsocket.Quote(arg))
		}
	}
	request := strings.Join(items, " ")
	switch {
	case len(args) == 0:
		return "", usagef("query needs a value to ask for, such as sender=alice@example.com; \"\" is the empty sender")
	case len(args) == 1 && args[0] == "count":
		return "", usagef("query count needs a value to ask for, such as sender=alice@example.com")
	case len(request) >= readsocket.MaxRequest:
		return "", usagef("the request has %d bytes; expected %d at most", len(request), readsocket.MaxRequest-1)
	}
	return request, nil
}
