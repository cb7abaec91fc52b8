package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"exiwatch/window"
)

// TestAdviceCanBeFollowed runs the commands that the mails of mailer's tests print, as a shell reads them, where an
// account of that log sends. A mail is no help if its command is refused.
func TestAdviceCanBeFollowed(t *testing.T) {
	mails, err := filepath.Glob("../../mailer/testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]int)
	for _, mail := range mails {
		for _, line := range regexp.MustCompile(`(?m)^ {4}(exiwatch .*)$`).FindAllStringSubmatch(read(t, mail), -1) {
			args := strings.Split(shell(t, `exiwatch() { printf '%s\0' "$@"; }; `+line[1]), "\x00")
			args = args[:len(args)-1]
			log := simpleArrivals(3)
			if args[0] == "message" {
				log += "2026-11-23 10:00:00 " + args[1] + " <= a@lab.test U=a P=local S=5\n"
			}
			d := newLogDir(t, log)
			config := "[[rule]]\nname = 'bulk sender'\nlimit = 20\nwindow = '5m'\n"
			for i, arg := range args[:len(args)-1] {
				if r, err := window.ParseRule(args[i+1]); arg == "--rule" && err == nil {
					config = fmt.Sprintf("[[rule]]\nkey = '%s'\ncount = '%s'\nlimit = %d\nwindow = '%s'\n", r.Key, r.Count,
						r.Limit, r.Window)
				}
			}
			d.write("exiwatch.toml", "log = '"+d.dir+"/mainlog'\nstate = '"+d.dir+"/state'\n"+config)
			out, stderr, status := exiwatch(t, "", append(args, "--config", d.dir+"/exiwatch.toml")...)
			if status != exitDone {
				t.Errorf("%s: %s\nstatus %d: %s%s", mail, line[1], status, out, stderr)
			}
			kind := args[0] + " " + args[1]
			if args[0] == "message" {
				kind = args[0]
			}
			kinds[kind]++
		}
	}
	for _, kind := range []string{"message", "top subject", "top host", "top script", "except add"} {
		if kinds[kind] == 0 {
			t.Errorf("no mail proposes exiwatch %s", kind)
		}
	}
}

func simpleArrivals(n int) (log string) {
	for i := range n {
		log += summaryLine(yesterday()+fmt.Sprintf(" 23:59:%02d", i), "alice@lab.test", "Hello", i)
	}
	return log
}
