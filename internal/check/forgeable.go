package check

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// selectorWord is a log selector as Exim reads it: blanks between them are optional.
var selectorWord = regexp.MustCompile(`([+-])\s*([0-9A-Za-z_]+)`)

// isSelected tells whether log_selector sets a selector which isn't set by default: the last word about it decides.
func isSelected(words, name string) (set, byAll bool) {
	for _, m := range selectorWord.FindAllStringSubmatch(words, -1) {
		if m[2] == name || m[2] == "all" {
			set, byAll = m[1] == "+", m[2] == "all"
		}
	}
	return set, set && byAll
}

// forgeable warns of log selectors by which somebody may write what looks like another arrival, or another login.
func (c *checks) forgeable(s *sample) []Result {
	var found, off []string
	var hint strings.Builder
	note := func(name, why string, avoidable bool) {
		_, byAll := isSelected(c.server.selectors, name)
		text := "+" + name
		if byAll {
			text += " (by +all)"
		}
		found = append(found, text)
		hint.WriteString(why + "\n")
		if avoidable {
			off = append(off, "-"+name)
		}
	}
	if mailAuth, _ := isSelected(c.server.selectors, "smtp_mailauth"); mailAuth || s.mailAuth {
		note("smtp_mailauth",
			"With +smtp_mailauth a client may write what looks like another login into the third part "+
				"of A=. "+
				"exiwatch counts such a message for both. -smtp_mailauth rules it out.", true)
	}
	users := c.localUsers(s)
	if arguments, _ := isSelected(c.server.selectors, "arguments"); len(users) > 0 && (arguments || s.cwd) {
		why := "With +arguments a local user (" + firstOf(users) +
			") can forge log lines, by a folder whose name holds line feeds. " +
			"exiwatch finds them, but -arguments rules them out"
		if exists(cPanel) {
			why += "; cPanel needs +arguments for exiwatch top script"
		}
		note("arguments", why+".", !exists(cPanel))
	}
	if found == nil {
		return nil
	}
	if off != nil {
		hint.WriteString("Put into Exim's configuration" + c.line(off))
	}
	return []Result{warn("selectors", hint.String(), "Exim logs what others can forge: %s", strings.Join(found, ", "))}
}

// safer takes out of a log_selector what is warned of, where it is set: +smtp_mailauth, and +arguments on a host with
// local users which isn't cPanel's.
func (c *checks) safer(words string) []string {
	off := []string{"smtp_mailauth"}
	if c.hasUsers && !exists(cPanel) {
		off = append(off, "arguments")
	}
	all := strings.Fields(words)
	for _, name := range off {
		set, _ := isSelected(words, name)
		all = slices.DeleteFunc(all, func(word string) bool { return word == "+"+name })
		if set {
			all = append(all, "-"+name)
		}
	}
	return all
}

// maxUsers is how many local users a sample names.
const maxUsers = 20

// user notes who hands in mail by a call of Exim.
func (s *sample) user(name []byte) {
	if len(name) > 0 && len(s.users) < maxUsers && !slices.Contains(s.users, string(name)) {
		s.users = append(s.users, string(name))
	}
}

// localUsers gives users of this machine who may call Exim and are neither root nor Exim itself: those that the log
// shows, else those that people have.
func (c *checks) localUsers(s *sample) []string {
	own := []string{"root", c.server.user, "Debian-exim", "exim", "mailnull", "mail", "eximuser"}
	users := slices.DeleteFunc(slices.Clone(s.users), func(name string) bool { return slices.Contains(own, name) })
	if len(users) == 0 {
		users = people(c.Passwd)
	}
	c.hasUsers = c.hasUsers || len(users) > 0
	return users
}

// The user ids of people, as login.defs(5) has them by default.
const firstPerson, lastPerson = 1000, 60_000

// people gives the names in a file such as /etc/passwd that are people's, the first ones; none if there is no such
// file.
func people(path string) (names []string) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	const nameField, uidField = 0, 2
	for lines := bufio.NewScanner(f); lines.Scan() && len(names) < maxUsers; {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) <= uidField {
			continue
		}
		if uid, err := strconv.Atoi(fields[uidField]); err == nil && uid >= firstPerson && uid < lastPerson {
			names = append(names, fields[nameField])
		}
	}
	return names
}
