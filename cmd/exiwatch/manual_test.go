package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestManual: exiwatch(1) has every command and every option.
func TestManual(t *testing.T) {
	page := read(t, "../../packaging/man/exiwatch.1")
	root := rootCommand()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	flags := map[string]bool{}
	for _, cmd := range root.Commands() {
		if !cmd.Runnable() && !cmd.HasSubCommands() {
			continue // a topic of help
		}
		if !regexp.MustCompile(`(?m)^\.It Cm ` + cmd.Name() + `\b`).MatchString(page) {
			t.Errorf("exiwatch(1) doesn't explain %s", cmd.Name())
		}
		cmd.InitDefaultHelpFlag()
		for _, flag := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`).FindAllStringSubmatch(cmd.LocalFlags().FlagUsages(), -1) {
			flags[flag[1]] = true
		}
	}
	explained := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^\.It Fl .*$`).FindAllString(page, -1) {
		for _, name := range regexp.MustCompile(`\bFl -(\S+)`).FindAllStringSubmatch(line, -1) {
			explained[name[1]] = true
		}
	}
	for name := range flags {
		if !explained[name] {
			t.Errorf("exiwatch(1) doesn't explain --%s", name)
		}
	}
	if len(flags) < 15 {
		t.Errorf("only %d options were found", len(flags))
	}
}

// TestSynopsis: it has every command, each with its options. [filter ...] stands for those of COMMANDS that select
// arrivals.
func TestSynopsis(t *testing.T) {
	page := read(t, "../../packaging/man/exiwatch.1")
	_, synopsis, _ := strings.Cut(page, ".Sh SYNOPSIS\n")
	synopsis, _, _ = strings.Cut(synopsis, ".Sh DESCRIPTION\n")
	found := 0
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			look(sub)
		}
		path := strings.TrimPrefix(cmd.CommandPath(), "exiwatch ")
		if !cmd.Runnable() || path == "exiwatch" || path == "except" || path == "config" {
			return
		}
		_, block, ok := strings.Cut(synopsis, ".Nm\n.Cm "+path+"\n")
		if block, _, _ = strings.Cut(block, "\n.Nm"); !ok {
			t.Errorf("the synopsis lacks %s", path)
		}
		found++
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			isFilter := strings.Contains(block, ".Op Ar filter ...") && strings.Contains(selecting, " "+flag.Name+" ")
			if !regexp.MustCompile(`Fl -`+flag.Name+`\b`).MatchString(block) && !isFilter && flag.Name != "help" {
				t.Errorf("the synopsis of %s lacks --%s", path, flag.Name)
			}
		})
	}
	look(rootCommand())
	if found < 20 {
		t.Errorf("only %d commands were found", found)
	}
}

// selecting are the flags that select arrivals.
const selecting = " since until timezone sender account auth user host subject "

// TestManualExamples runs them where a main log lies.
func TestManualExamples(t *testing.T) {
	log := read(t, "../../fixtures/logs/subject.log")
	ran := 0
	for _, name := range []string{"exiwatch.1", "exiwatch.toml.5"} {
		page := read(t, "../../packaging/man/"+name)
		for _, block := range regexp.MustCompile(`(?s)\.Bd [^\n]*\n(.*?)\n\.Ed`).FindAllStringSubmatch(page, -1) {
			for _, example := range strings.Split("\n"+block[1], "\n$ ")[1:] {
				ran++
				t.Run(example[:strings.Index(example, "\n")], func(t *testing.T) {
					dir := t.TempDir()
					writeFile(t, filepath.Join(dir, "mainlog"), log)
					checkExample(t, dir, example)
				})
			}
		}
	}
	if ran < 3 {
		t.Errorf("only %d examples stand in the manual pages", ran)
	}
}
