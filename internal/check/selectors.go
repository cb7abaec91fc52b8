package check

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// telling are the log selectors that make more of exiwatch, and what each adds.
var telling = []struct{ name, adds string }{
	{"subject", "the subjects in alerts, top subject and top topic"},
	{"received_recipients", "rules by recipients, and local_domains"},
	{"arguments", "top script: where a web script sent from"},
}

// selectors tells which log selectors would tell more. There is an arrival.
func (c *checks) selectors(s *sample) Result {
	const name = "selectors"
	arrivals := s.summary.Tally.Arrivals
	var add []string
	var hint strings.Builder
	for _, t := range telling {
		if slices.Contains(s.missing, t.name) {
			add = append(add, "+"+t.name)
			fmt.Fprintf(&hint, "+%s adds %s.\n", t.name, t.adds)
		}
	}
	if add == nil {
		return pass(name, "subject, received_recipients and arguments are logged")
	}
	if c.configured(add) {
		hint.WriteString("Exim's log_selector has it: check again when Exim has been restarted and has taken a message.")
	} else {
		hint.WriteString("Everything else works without. To log them, put into Exim's configuration" + c.line(add))
	}
	return warn(name, hint.String(), "%s not seen in %s", strings.Join(add, " "), count(arrivals, "arrival"))
}

// configured tells whether Exim's configuration has all of the selectors.
func (c *checks) configured(add []string) bool {
	has := strings.Fields(c.server.selectors)
	return !slices.ContainsFunc(add, func(s string) bool { return !slices.Contains(has, s) && !slices.Contains(has, "+all") })
}

// line is what goes into Exim's configuration, and where. It keeps the selectors that are set.
func (c *checks) line(add []string) string {
	words := continued(strings.Fields(c.server.selectors + " " + strings.Join(add, " ")))
	exists := func(path string) bool { _, err := os.Stat(path); return err == nil }
	switch {
	case exists("/var/cpanel"):
		return " (WHM, Exim Configuration Manager, Advanced Editor):\n    log_selector = " + words
	case exists(debianSettings):
		return ", the file " + debianFile() + ":\n    MAIN_LOG_SELECTOR = " + words + "\nand run\n    update-exim4.conf && service exim4 restart"
	}
	return ", its main section:\n    log_selector = " + words + "\nand restart Exim."
}

// continued writes words as a value of Exim's configuration, on several lines that fit into the table ("Common option syntax": a
// backslash at the end goes on with the next line).
func continued(words []string) string {
	const width = 30 // characters, behind MAIN_LOG_SELECTOR
	return strings.Join(wrap(strings.Join(words, " "), width), " \\\n        ")
}

// debianSettings says how Debian makes Exim's configuration (update-exim4.conf(8)).
const debianSettings = "/etc/exim4/update-exim4.conf.conf"

// debianFile is where Debian looks for an administrator's macros.
func debianFile() string {
	settings, err := os.ReadFile(debianSettings)
	if err == nil && strings.Contains(string(settings), "dc_use_split_config='true'") {
		return "/etc/exim4/conf.d/main/000_local"
	}
	return "/etc/exim4/exim4.conf.localmacros"
}
