package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExitCodes: 0 done, 1 failure, 2 usage, and on stderr what is wrong and what helps.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, shop := file("empty", ""), file("shop", shopLog)
	wrong := file("wrong.toml", "limt = 3\n[mail]\nbcc = []\n")
	cut := file("cut.gz", zipped(t, shopLog)[:100])
	const usage = "exiwatch: hint: exiwatch help, or exiwatch COMMAND --help\n"
	for _, test := range []struct {
		args   []string
		status int
		stderr []string
	}{
		{[]string{"replay", empty}, exitDone, []string{"exiwatch: note: " + empty + " is empty\n"}},
		{[]string{"arrivals", empty}, exitDone, []string{empty + " is empty"}},
		{[]string{"top", "account", empty}, exitDone, []string{empty + " is empty"}},
		{[]string{"version"}, exitDone, nil},
		{[]string{"help"}, exitDone, nil},
		{[]string{"help", "config"}, exitDone, nil},
		{[]string{"help", "keys"}, exitDone, nil},
		{[]string{"completion", "bash"}, exitDone, nil},
		{nil, exitDone, nil},

		{[]string{"replay", dir + "/none"}, exitFailure,
			[]string{"error: reading " + dir + "/none: ", "no such file", "hint: exim -bP log_file_path"}},
		{[]string{"replay", shop, dir + "/none"}, exitFailure, []string{dir + "/none"}},
		{[]string{"replay", dir}, exitFailure, []string{dir, "is a folder"}},
		{[]string{"top", "account", cut}, exitFailure, []string{cut, "unexpected EOF"}},
		{[]string{"replay", "--config", dir + "/none", shop}, exitFailure, []string{dir + "/none", "no such file"}},
		{[]string{"replay", "--config", wrong, shop}, exitFailure, []string{
			"exiwatch: error: " + wrong + `:1:1: unknown key "limt"; did you mean "rule.limit"?` + "\n", "exiwatch: error: " + wrong +
				`:3:1: unknown key "mail.bcc"; did you mean "mail.cc"?` + "\n",
			"exiwatch: hint: exiwatch help config lists the keys\n",
		}},
		{[]string{"run", "--config", wrong}, exitFailure, []string{wrong + ":1:1: ", "exiwatch: hint: "}},

		{[]string{"bogus"}, exitUsage, []string{`unknown command "bogus"; expected one of alerts, arrivals, `, usage}},
		{[]string{"replay", "--bogus"}, exitUsage, []string{`unknown flag "--bogus"` + "\n", usage}},
		{[]string{"rnu"}, exitUsage, []string{`unknown command "rnu"; did you mean "run"?`, usage}},
		{[]string{"help", "bogus"}, exitUsage, []string{`unknown command "bogus"; expected one of alerts, arrivals, `, usage}},
		{[]string{"help", "except", "ad"}, exitUsage, []string{`unknown command "except ad"; did you mean "add"?`, usage}},
		{[]string{"config", "chek"}, exitUsage, []string{`unknown command "config chek"; did you mean "check"?`, usage}},
		{[]string{"completion", "bsh"}, exitUsage, []string{`unknown command "completion bsh"; did you mean "bash"?`, usage}},
		{[]string{"completion", "bash", "x"}, exitUsage, []string{`bash takes no arguments; unexpected "x"`, usage}},
		{[]string{"help", "completion", "bsh"}, exitUsage, []string{`"completion bsh"; did you mean "bash"?`, usage}},
		{[]string{"help", "confg"}, exitUsage, []string{`unknown command "confg"; did you mean "config"?`, usage}},
		{[]string{"replay", "--sincs", "1d"}, exitUsage,
			[]string{`unknown flag "--sincs"; did you mean "--since"?`, usage}},
		{[]string{"top", "sendr"}, exitUsage, []string{`unknown key "sendr"; did you mean "sender"?`, usage}},
		{[]string{"query", "sendr=x", "--socket", dir + "/none"}, exitUsage,
			[]string{`unknown key "sendr"; did you mean "sender"?`, usage}},
		{[]string{"live", "--key", "sendr"}, exitUsage,
			[]string{`--key "sendr": unknown key; did you mean "sender"?`, usage}},
		{[]string{"live", "--window", "5"}, exitUsage, []string{`--window "5": expected a duration`, usage}},
		{[]string{"replay", "-n", "x", shop}, exitUsage, []string{`--rows "x": expected a whole number of 0 or more`, usage}},
		{[]string{"replay", "--sender"}, exitUsage, []string{"needs an argument", usage}},
		{[]string{"top"}, exitUsage, []string{"top needs a KEY: sender, ", usage}},
		{[]string{"top", "nokey", shop}, exitUsage, []string{`unknown key "nokey"; expected one of sender, `, usage}},
		{[]string{"top", "account", "--count", "mails", shop}, exitUsage,
			[]string{`--count "mails": expected one of messages, `, usage}},
		{[]string{"top", "script", "--count", "hosts", shop}, exitUsage, []string{"script", "hosts", usage}},
		{[]string{"top", "account", "--host", "mail.lab.test", shop}, exitUsage, []string{`--host "mail.lab.test": expected an address`, usage}},
		{[]string{"top", "account", "--since", "yesterday", shop}, exitUsage,
			[]string{`--since "yesterday": expected a time`, usage}},
		{[]string{"top", "account", "--until", "2026-02-30", shop}, exitUsage,
			[]string{`--until "2026-02-30": expected a time`, usage}},
		{[]string{"top", "account", "--timezone", "Mars", shop}, exitUsage, []string{`--timezone "Mars": expected a name of the tz database`, usage}},
		{[]string{"replay", "--rule", "sender", shop}, exitUsage, []string{`--rule "sender": expected KEY`, usage}},
		{[]string{"replay", "--rule", "sender 20/5s", shop}, exitUsage, []string{`--rule "sender 20/5s": expected KEY`, "10s to 31d", usage}},
		{[]string{"replay", "--rule", "sender 0/5m", shop}, exitUsage, []string{`--rule "sender 0/5m": `, "1 or more", usage}},
		{[]string{"replay", "--rule", "folder 20/5m", shop}, exitUsage, []string{`--rule "folder 20/5m": unknown key "folder"; expected one of `, usage}},
		{[]string{"replay", "--rule", "sender recipient 20/5m", shop}, exitUsage,
			[]string{`unknown count "recipient"; did you mean "recipients"?`, usage}},
		{[]string{"replay", "--alerts-per-week", "2", shop}, exitUsage,
			[]string{"--alerts-per-week needs --suggest", usage}},
		{[]string{"top", "account", "--json", "--csv", shop}, exitUsage, []string{"expected --json or --csv, not both", usage}},
		{[]string{"arrivals", "--json", "--csv", shop}, exitUsage, []string{"expected --json or --csv, not both", usage}},
		{[]string{"replay", "--json", "--csv", shop}, exitUsage, []string{"expected --json or --csv, not both", usage}},
		{[]string{"replay", "--suggest", "--csv", shop}, exitUsage, []string{"it can't be used with --suggest, --html", usage}},
		{[]string{"replay", "--html", "-", "--csv", shop}, exitUsage, []string{"it can't be used with --suggest, --html", usage}},
		{[]string{"replay", "--summary", "--csv", shop}, exitUsage, []string{"it can't be used with --suggest, --html", usage}},
		{[]string{"replay", "--suggest", "--alerts-per-week", "-1", shop}, exitUsage,
			[]string{"expected a number from 0 to 1000000", usage}},
		{[]string{"replay", "--suggest", "--alerts-per-week", "NaN", shop}, exitUsage,
			[]string{"expected a number from 0 to 1000000", usage}},
		{[]string{"replay", "--suggest", "--alerts-per-week", "1e7", shop}, exitUsage,
			[]string{"expected a number from 0 to 1000000", usage}},
		{[]string{"top", "script", "--sender", "ann*", shop}, exitUsage, []string{"only --since and --until", usage}},
		{[]string{"demo", "x"}, exitUsage, []string{`"x"`, usage}},
		{[]string{"run", "x"}, exitUsage, []string{`"x"`, usage}},
		{[]string{"version", "x"}, exitUsage, []string{`"x"`, usage}},
	} {
		_, stderr, status := exiwatch(t, "", test.args...)
		if status != test.status {
			t.Errorf("exiwatch %q: status %d, want %d: %s", test.args, status, test.status, stderr)
		}
		if len(test.stderr) == 0 && stderr != "" {
			t.Errorf("exiwatch %q says %q", test.args, stderr)
		} else if status != exitDone && !strings.HasPrefix(stderr, "exiwatch: error: ") {
			t.Errorf("exiwatch %q says %q", test.args, stderr)
		}
		for _, want := range test.stderr {
			if !strings.Contains(stderr, want) {
				t.Errorf("exiwatch %q says %q, want %q", test.args, stderr, want)
			}
		}
	}
}

// TestHelpOfEachCommand: the flags of INTERFACE.md are told.
func TestHelpOfEachCommand(t *testing.T) {
	common := "--config --since --until --timezone --json --csv -n --sender --account --auth --user --host --subject"
	for command, flags := range map[string]string{
		"replay": common + " --rule --suggest --alerts-per-week", "top": common + " --count", "arrivals": common,
		"run":   "--config --from-start",
		"check": "--json --send-test --config", "demo": "--help", "version": "--help", "completion": "bash zsh fish",
		"query": "--config --socket",
		"route": "--config",
	} {
		for _, args := range [][]string{{command, "--help"}, {"help", command}, {command, "-h"}} {
			out, stderr, status := exiwatch(t, "", args...)
			if status != exitDone || stderr != "" {
				t.Errorf("exiwatch %q: status %d: %s", args, status, stderr)
			}
			for flag := range strings.FieldsSeq(flags) {
				if !strings.Contains(out, flag) {
					t.Errorf("exiwatch %q doesn't tell of %s", args, flag)
				}
			}
			if !strings.Contains(out, "exiwatch "+command) {
				t.Errorf("exiwatch %q doesn't show its usage", args)
			}
		}
	}
	out, _, _ := exiwatch(t, "", "--help")
	for _, want := range []string{"run ", "replay ", "top ", "arrivals ", "query ", "demo ", "version ", "config ",
		"keys ", "readsocket "} {
		if !strings.Contains(out, "\n  "+want) && !strings.Contains(out, "\n  exiwatch "+want) {
			t.Errorf("--help doesn't list %s", want)
		}
	}
	out, _, _ = exiwatch(t, "", "help", "keys")
	for _, key := range topKeys() {
		if !strings.Contains(out, "\n  "+key+" ") {
			t.Errorf("help keys doesn't explain %s", key)
		}
	}
}
