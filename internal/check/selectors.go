package check

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"exiwatch/internal/words"
)

// telling are the log selectors that exiwatch uses, and what each adds.
var telling = []struct{ name, adds string }{
	{"subject", "the subjects in alerts, top subject and top topic"},
	{"received_recipients", "rules by recipients, and local_domains"},
	{"arguments", "top script: where a web script sent from"},
}

// selectors names the log selectors that would add details. The sample has at least one arrival.
func (c *checks) selectors(s *sample) []Result {
	const name = "selectors"
	var add []string
	var hint strings.Builder
	configured := true // Exim's configuration has all of them
	for _, t := range telling {
		if slices.Contains(s.missing, t.name) {
			add = append(add, "+"+t.name)
			set, _ := isSelected(c.server.selectors, t.name)
			configured = configured && set
			hint.WriteString(c.before(t.name, s))
			fmt.Fprintf(&hint, "+%s adds %s.\n", t.name, t.adds)
		}
	}
	if add == nil {
		return pass(name, "Exim logs subject, received_recipients and arguments")
	}
	missing := strings.Join(add, " ")
	if c.hasUsers && !c.needsArguments() {
		add = slices.DeleteFunc(add, func(word string) bool { return word == "+arguments" })
	}
	switch {
	case configured:
		hint.WriteString("Exim's log_selector already has it. Restart Exim, and check again after it has received a " +
			"message.")
	case len(add) == 0:
		hint.WriteString("Everything else works without it.")
	default:
		hint.WriteString("Everything else works without it. To log it, set in Exim's configuration" + c.line(add))
	}
	return warn(name, hint.String(), "%s not seen in %s", missing, words.Plain(s.summary.Tally.Arrivals, "arrival"))
}

// before is what to know before setting a selector.
func (c *checks) before(selector string, s *sample) string {
	switch {
	case selector == "received_recipients":
		return c.overflowing(s) + "\n"
	case selector == "arguments" && c.hasUsers:
		return "Before you set +arguments: a local user can then forge log lines, with a folder whose name contains " +
			"line feeds. exiwatch detects them; without +arguments there are none.\n"
	}
	return ""
}

// overflowing is what happens to an entry that is longer than Exim's log buffer, by the version that writes the log.
func (c *checks) overflowing(s *sample) string {
	const lost = "drops a whole entry if it has very many recipients or a long HELO " +
		"(**** log string overflowed log buffer ****). Its message counts for nobody"
	const cut = "cuts a long list of recipients: the message counts, with at least the recipients that are logged"
	version := cmp.Or(s.version, c.server.version)
	_, minor := release(version)
	const firstThatCuts = 98 // 4.98
	switch {
	case minor == 0:
		return "Before you set +received_recipients: Exim before 4.98 " + lost + ". Exim 4.98 or later " + cut + "."
	case minor < firstThatCuts:
		return "Before you set +received_recipients: Exim " + version + ", as all before 4.98, " + lost + "."
	}
	return "With +received_recipients Exim " + version + " " + cut + "."
}

// cPanel is a folder that exists on cPanel's hosts.
const cPanel = "/var/cpanel"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// line is the setting for Exim's configuration and its place. It keeps the present selectors, except those that
// forgeable warns about.
func (c *checks) line(add []string) string {
	words := continued(c.safer(c.server.selectors + " " + strings.Join(add, " ")))
	switch {
	case exists(cPanel):
		return " (WHM, Exim Configuration Manager, Advanced Editor):\n    log_selector = " + words
	case exists(debianSettings):
		return ", the file " + debianFile() + ":\n    MAIN_LOG_SELECTOR = " + words +
			"\nand run\n    update-exim4.conf && service exim4 restart"
	}
	return ", its main section:\n    log_selector = " + words + "\nand restart Exim."
}

// continued writes words as a value of Exim's configuration, on lines that fit into the table. A backslash at the end
// continues on the next line ("Common option syntax").
func continued(words []string) string {
	const width = 30 // characters, behind MAIN_LOG_SELECTOR
	return strings.Join(wrap(strings.Join(words, " "), width), " \\\n        ")
}

// debianSettings holds Debian's settings for Exim's configuration (update-exim4.conf(8)).
const debianSettings = "/etc/exim4/update-exim4.conf.conf"

// debianFile is the file in which Debian looks for an administrator's macros.
func debianFile() string {
	settings, err := os.ReadFile(debianSettings)
	if err == nil && strings.Contains(string(settings), "dc_use_split_config='true'") {
		return "/etc/exim4/conf.d/main/000_local"
	}
	return "/etc/exim4/exim4.conf.localmacros"
}
