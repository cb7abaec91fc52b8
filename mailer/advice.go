package mailer

import (
	"cmp"
	"math"
	"regexp"
	"strconv"
	"strings"

	"exiwatch/internal/escape"
	"exiwatch/window"
)

// mainLog is where Debian's Exim logs.
const mainLog = "/var/log/exim4/mainlog"

// advice proposes what to do next: commands that are safe to paste into a shell, whatever values they hold. A value
// that can't be part of a command gets none.
func (c Composer) advice(a *window.Alert) section {
	s := section{Title: "What to do next"}
	suggest := func(what string, argv ...string) { s.Steps = append(s.Steps, step{what, command(argv...)}) }
	if len(a.Samples) > 0 && pastable(a.Samples[0]) {
		suggest("One of these messages, from its arrival to its end", "exiwatch", "message", a.Samples[0])
	}
	if f, ok := c.filter(a); ok {
		if len(a.Top(window.Subject, 1)) > 0 && !isSubject(a.Rule.Key.String()) {
			suggest("All subjects of the last 24 hours", "exiwatch", "top", "subject", f, "--since", "24h")
		}
		if n, _ := a.Distinct(window.Host); n > topOthers && a.Rule.Key != window.Host {
			suggest("All hosts of the last 24 hours", "exiwatch", "top", "host", f, "--since", "24h")
		}
	}
	o := breakdown{alert: a}
	abuse := "change the password or lock the account"
	if o.dominates(window.User, 4) {
		abuse = "stop the script or the web form"
		suggest("Folders that scripts sent from, of all users", "exiwatch", "top", "script", "--since", "24h")
	}
	if sender, ok := o.sender(); ok {
		pattern := "^<" + regexp.QuoteMeta(sender) + ">$"
		suggest("Messages still in the queue", "exiqgrep", "-b", "-f", pattern)
		s.Steps = append(s.Steps, step{"To freeze them for now (exim -Mt thaws them)",
			command("exiqgrep", "-i", "-f", pattern) + " | xargs -r exim -Mf"})
	}
	how := ": [[rule.except]] in the configuration"
	if argv, ok := c.exception(a); ok {
		suggest("If it is legitimate, to give it a higher limit for 30 days", argv...)
		how = ""
	}
	s.Sentences = []sentence{sentencef("If this is abuse, %s before you clear the queue. If it is legitimate, "+
		"such as a newsletter, give it a higher limit until a date%s.", abuse, how)}
	return s
}

// exception is the command that gives an alert's value a limit of at least twice its peak.
func (c Composer) exception(a *window.Alert) (argv []string, ok bool) {
	const most = 1e15 // a peak that is nobody's
	rule := cmp.Or(a.Rule.Name, a.Rule.String())
	if a.Rule.Count == window.Anomalies || a.Rule.Key == window.Log || !c.mayShow(a.Rule.Key.String()) ||
		a.Peak > most || strings.ContainsAny(a.Value, "*?") || !pastable(a.Value) || !pastable(rule) {
		return nil, false
	}
	return []string{"exiwatch", "except", "add", a.Value, "--rule", rule,
		"--limit", strconv.FormatInt(HigherLimit(max(a.Peak, a.Count)), 10),
		"--until", "30d", "--reason", "alert " + a.ID}, true
}

// HigherLimit proposes a limit for who may send n, with room for as much again: the next 1, 2 or 5 with zeros.
func HigherLimit(n int64) int64 {
	limit := int64(1)
	for step := 1; limit/2 < n && limit < math.MaxInt64/4; step++ {
		if limit *= 2; step%3 == 2 { // 2 becomes 5
			limit += limit / 4
		}
	}
	return limit
}

func (c Composer) logPath() string { return cmp.Or(c.Log, mainLog) }

// sender is the envelope sender of at least a fifth of the messages, if it can be part of a command.
func (o *breakdown) sender() (string, bool) {
	if !o.dominates(window.Sender, 1) {
		return "", false
	}
	sender := o.alert.Top(window.Sender, 1)[0].Value
	return sender, pastable(sender) && mailboxOK.MatchString(sender)
}

// globs are the characters that exiwatch's filters don't take literally.
const globs = `*?[]{}\`

// filterFlags begin the flags that select what an alert is about.
var filterFlags = map[window.Key]string{
	window.Sender: "--sender=", window.Account: "--account=", window.Auth: "--auth=", window.User: "--user=",
	window.Host: "--host=", window.Subject: "--subject=", window.Network: "--host=", window.SenderDomain: "--sender=*@",
	window.AccountDomain: "--account=*@",
}

// filter returns the exiwatch flag that selects what an alert is about. A topic has none, nor has a value that would be
// taken for a glob.
func (c Composer) filter(a *window.Alert) (flag string, ok bool) {
	flag, ok = filterFlags[a.Rule.Key]
	if a.Rule.Key == window.AccountDomain && strings.HasPrefix(a.Value, "<") { // unverified
		return "--account=<*@" + a.Value[1:], literal(a.Value)
	}
	return flag + a.Value, ok && literal(a.Value) && c.mayShow(a.Rule.Key.String())
}

// literal reports whether s is pastable and exiwatch's filters don't take it for a glob.
func literal(s string) bool { return pastable(s) && !strings.ContainsAny(s, globs) }

// pastable reports whether s needs no escaping and can't be taken for an option.
func pastable(s string) bool {
	const longest = 200 // bytes
	return s != "" && len(s) <= longest && escape.Text(s) == s && s[0] != '-'
}

// command writes a command for a POSIX shell.
func command(argv ...string) string {
	for i, arg := range argv {
		argv[i] = escape.Shell(arg)
	}
	return strings.Join(argv, " ")
}
