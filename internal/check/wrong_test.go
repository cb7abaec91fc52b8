package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/config"
)

// TestWhatCanBeWrong provokes each warning and failure that needs no server.
func TestWhatCanBeWrong(t *testing.T) {
	for _, test := range []struct {
		name, settings string
		spoil          func(*lab)
		check          string
		status         Status
		says           string
	}{
		{name: "unknown key", settings: "limt = 3\n", check: "configuration", status: Fail,
			says: "exiwatch.toml:4:1: unknown key"},
		{name: "the rest is checked", settings: "limt = 3\n", check: "lines", status: Pass, says: "30 arrivals"},
		{name: "bad sender", settings: "[mail]\nfrom = \"a b\"\nvia = \"sendmail:/bin/true\"\n",
			check: "configuration", status: Fail, says: "from"},
		{name: "no such file", spoil: func(l *lab) { l.Config, l.Broken = config.Read(l.path("none")) },
			check: "configuration", status: Fail, says: "no such file"},

		{name: "no Exim", spoil: exim("", exec.ErrNotFound), check: "exim", status: Warn, says: "not installed"},
		{name: "broken Exim", spoil: exim("", errors.New("exit status 1")), check: "exim", status: Warn,
			says: "exit status 1"},
		{name: "old Exim", spoil: exim("Exim version 4.72 #1\n", nil), check: "exim", status: Warn,
			says: "4.72; exiwatch is tested with logs of 4.80 to 4.99"},
		{name: "Exim 5", spoil: exim("Exim version 5.01 #1\n", nil), check: "exim", status: Warn, says: "5.01"},
		{name: "Exim logs elsewhere", spoil: func(l *lab) {
			l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
				said, err := fakeExim(ctx, args...)
				return strings.Replace(said, "log_file_path = ", "log_file_path = /var/log/%slog", 1), err
			}
		}, check: "exim", status: Warn, says: `log = "/var/log/mainlog"`},

		{name: "no log found", spoil: func(l *lab) {
			l.Config.Log = nil
			l.FindLog = func(context.Context) (string, error) { return "", config.ErrNoLog }
		}, check: "log", status: Fail, says: "no main log found"},
		{name: "log isn't there", spoil: func(l *lab) { os.Remove(l.path("mainlog")) }, check: "log", status: Fail,
			says: "doesn't exist"},
		{name: "log is a folder", spoil: func(l *lab) {
			os.Remove(l.path("mainlog"))
			os.Mkdir(l.path("mainlog"),
				0o755)
		}, check: "log", status: Fail, says: "mainlog is a folder, not a file"},
		{name: "log is a FIFO beside a cycled file", spoil: func(l *lab) {
			os.Rename(l.path("mainlog"), l.path("mainlog.1"))
			syscall.Mkfifo(l.path("mainlog"), 0o644)
		}, check: "log", status: Fail, says: "mainlog is a FIFO, not a file"},
		{name: "log was cycled away", spoil: func(l *lab) { os.Rename(l.path("mainlog"), l.path("mainlog.1")) },
			check: "log", status: Warn, says: "only mainlog.1"},
		{name: "what was cycled is read", spoil: func(l *lab) { os.Rename(l.path("mainlog"), l.path("mainlog.1")) },
			check: "lines", status: Pass, says: "30 arrivals"},
		{name: "log was cycled and is short", spoil: func(l *lab) {
			os.Rename(l.path("mainlog"),
				l.path("mainlog.1"))
			l.log("")
		}, check: "log", status: Pass, says: "with 1 rotated file"},
		{name: "log is compressed", spoil: func(l *lab) {
			l.t.Helper()
			if out, err := exec.Command("gzip", "-k", l.path("mainlog")).CombinedOutput(); err != nil {
				l.t.Fatalf("%v: %s", err, out)
			}
			os.Rename(l.path("mainlog.gz"), l.path("mainlog"))
		}, check: "log", status: Fail, says: "compressed"},

		{name: "empty log", spoil: text(""), check: "lines", status: Warn, says: "empty"},
		{name: "log of another program",
			spoil: text(strings.Repeat("2026-11-23 10:00:00 status installed exim4:all 4.96\n", 9)), check: "lines",
			status: Fail, says: "not a log of Exim's"},
		{name: "log of a web server",
			spoil: text(strings.Repeat("192.0.2.1 - - [23/Nov/2026:10:00:00] \"GET / HTTP/1.1\" 200\n", 9)),
			check: "lines", status: Fail, says: "not a log of Exim's"},
		{name: "no arrivals yet", spoil: text("2026-11-23 10:04:00 Start queue run: pid=7\n"), check: "lines",
			status: Warn, says: "0 arrivals"},
		{name: "a form of arrival that we don't know", spoil: text(strings.ReplaceAll(arrivals(30), "P=", "P?")),
			check: "lines", status: Fail, says: "30 can't be read"},
		{name: "one malformed arrival", spoil: text(arrivals(30) + "2026-11-23 10:04:00 1xV999-000001-01 <= \n"),
			check: "lines", status: Warn, says: "1 can't be read"},
		{name: "something else writes into it", spoil: text(arrivals(30) + strings.Repeat("oops\n", 5)),
			check: "lines", status: Warn, says: "5 (14%) not understood"},
		{name: "hidden arrival", spoil: text(arrivals(30) +
			"2026-11-23 10:04:00 1xV999-000001-01 **** log string overflowed log buffer ****\n"), check: "lines",
			status: Warn, says: "1 overflowed"},

		{name: "no subjects", spoil: text(without(` T="`, ` for`)),
			check: "selectors", status: Warn, says: "+subject not seen in 30"},
		{name: "what is set stays", spoil: text(without(` T="`, ` for`)),
			check: "selectors", status: Warn, says: " = +tls_peerdn +subject\n"},
		{name: "everything else works", spoil: text(without(` T="`, ` for`)),
			check: "selectors", status: Warn, says: "Everything else works without it."},
		{name: "no recipients", spoil: text(without(" for", "\n")),
			check: "selectors", status: Warn, says: "+received_recipients not"},
		{name: "no cwd", spoil: text(strings.ReplaceAll(arrivals(3), "cwd=", "xwd=")),
			check: "selectors", status: Warn, says: "+arguments not"},
		{name: "configured and not yet logged", spoil: func(l *lab) {
			l.log(without(` T="`, ` for`))
			l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
				said, err := fakeExim(ctx, args...)
				return strings.Replace(said, "+tls_peerdn", "+tls_peerdn +subject", 1), err
			}
		}, check: "selectors", status: Warn, says: "Restart Exim"},

		{name: "the log is in the machine's future", spoil: func(l *lab) { l.Now = now.Add(-40 * time.Minute) },
			check: "clock", status: Warn, says: "39 min in the future"},
		{name: "idle", spoil: func(l *lab) { l.Now = now.Add(77 * time.Hour) },
			check: "clock", status: Warn, says: "3 days old"},
		{name: "another zone", spoil: func(l *lab) { l.touch(l.path("mainlog"), now.Add(-time.Minute-time.Hour)) },
			check: "clock", status: Warn, says: `timezone = "Europe/Berlin"`},
		{name: "a zone in the west",
			spoil: func(l *lab) { l.touch(l.path("mainlog"), now.Add(-time.Minute+5*time.Hour)) },
			check: "clock", status: Warn, says: `timezone = "America/New_York"`},
		{name: "a zone of half hours",
			spoil: func(l *lab) { l.touch(l.path("mainlog"), now.Add(-time.Minute-330*time.Minute)) },
			check: "clock", status: Warn, says: `timezone = "Asia/Kolkata"`},
		{name: "a zone nobody lives in",
			spoil: func(l *lab) { l.touch(l.path("mainlog"), now.Add(-time.Minute-15*time.Minute)) },
			check: "clock", status: Warn, says: "UTC+00:15"},
		{name: "a copied log tells no zone",
			spoil: func(l *lab) { l.touch(l.path("mainlog"), now.Add(-7*time.Minute)) },
			check: "clock", status: Pass, says: "1 min ago"},
		{name: "cycled a quarter of an hour after its last line", spoil: func(l *lab) {
			os.Rename(l.path("mainlog"), l.path("mainlog.1"))
			l.log("")
			l.touch(l.path("mainlog"), now.Add(14*time.Minute))
		}, check: "clock", status: Pass, says: "1 min ago"},
		{name: "the log says its zone", spoil: func(l *lab) {
			l.log(strings.ReplaceAll(arrivals(3), ":00 ", ":00 +0000 "))
			l.touch(l.path("mainlog"), now.Add(-time.Minute-time.Hour))
		}, check: "clock", status: Pass, says: "zone from the log"},

		{name: "rule without recipients", settings: "[[rule]]\nname = \"many\"\ncount = \"recipients\"\n",
			spoil: text(without(" for", "\n")),
			check: "rules", status: Warn, says: "many: the log has no +received_recipients"},
		{name: "rule without subjects", settings: "[[rule]]\nname = \"same\"\nkey = \"topic\"\n",
			spoil: text(without(` T="`, ` for`)), check: "rules", status: Warn, says: "same: the log has no +subject"},
		{name: "rule by script", settings: "[[rule]]\nname = \"web\"\nkey = \"script\"\n",
			spoil: text(strings.ReplaceAll(arrivals(30), "cwd=", "xwd=")),
			check: "rules", status: Warn, says: "web: the log has no +arguments"},
		{name: "rule by script, without pids", settings: "[[rule]]\nkey = \"script\"\n" + integrity,
			check: "rules", status: Warn, says: "without +pid they count a submission only"},
		{name: "rule by script, with pids", settings: "[[rule]]\nkey = \"script\"\n" + integrity,
			spoil: text(strings.ReplaceAll(arrivals(30), ":00 ", ":00 [7] ")),
			check: "rules", status: Pass, says: "2 rules; the log has what they need"},
		{name: "rule by script, local users", settings: "[[rule]]\nkey = \"script\"\n",
			spoil: all(text(strings.ReplaceAll(arrivals(30), "cwd=", "xwd=")), inhabited),
			check: "selectors", status: Warn, says: "+arguments\n"},
		{name: "rule with recipients", settings: "[[rule]]\ncount = \"addresses\"\n" + integrity,
			check: "rules", status: Pass, says: "2 rules; the log has what they need"},
		{name: "local domains", settings: "[count]\nlocal_domains = [\"lab.test\"]\n",
			spoil: text(without(" for", "\n")), check: "rules", status: Warn, says: "[count]: local_domains"},
		{name: "expired exception", settings: "[[rule]]\nname = \"r\"\n[[rule.except]]\nmatch = \"a\"\nlimit = 99\nuntil = 2026-11-22\n",
			check: "rules", status: Warn, says: "limit 99 ended on 2026-11-22"},
		{name: "exception of today", settings: "[[rule]]\n[[rule.except]]\nmatch = \"a\"\nlimit = 99\nuntil = 2026-11-23\n" + integrity,
			check: "rules", status: Pass, says: "2 rules"},
		{name: "no rule for integrity", settings: "[[rule]]\n",
			check: "rules", status: Warn, says: "no rule watches the log's integrity"},
		{name: "scope that nothing matches", settings: "[[rule]]\n[[rule]]\nname = \"far\"\nonly = [\"203.0.113.0/24\"]\n",
			check: "rules", status: Warn, says: "far: none of 30 arrivals counts"},

		{name: "state isn't there", spoil: func(l *lab) { os.Remove(l.path("state")) },
			check: "state", status: Pass, says: "will make it"},
		{name: "state is a file", spoil: func(l *lab) { os.Remove(l.path("state")); l.write("state", "", 0o644) },
			check: "state", status: Fail, says: "not a folder"},
		{name: "state's parent is a file", spoil: func(l *lab) { l.Config.State = l.path("mainlog/state") },
			check: "state", status: Fail, says: "mainlog"},
		{name: "state is open to others", spoil: func(l *lab) { os.Chmod(l.path("state"), 0o755) },
			check: "state", status: Warn, says: "with mode 0700"},
		{name: "a file was left out",
			spoil: func(l *lab) { l.leftOut("/var/log/exim 4/mainlog.2", now.Add(-time.Hour)) },
			check: "gaps", status: Warn,
			says: "mainlog.2 from byte 99 on was not counted: it could not be read from 2026-"},
		{name: "the command is for a shell", spoil: func(l *lab) { l.leftOut("/var/log/exim 4/mainlog.2", now) },
			check: "gaps", status: Warn, says: "\n    exiwatch replay '/var/log/exim 4/mainlog.2'"},
		{name: "a daemon runs", spoil: lock, check: "state", status: Pass, says: "by the daemon, pid 4711"},

		{name: "no sendmail", settings: "[mail]\nvia = \"sendmail:/nowhere/sendmail\"\n",
			check: "mail", status: Fail, says: "no such file"},
		{name: "sendmail isn't executable", spoil: func(l *lab) { os.Chmod(l.path("sendmail"), 0o644) },
			check: "mail", status: Fail, says: "isn't executable"},
		{name: "broken sendmail of Exim's", spoil: func(l *lab) {
			l.write("exim4", "#!/bin/sh\nexit 1\n", 0o755)
			os.Remove(l.path("sendmail"))
			os.Symlink("exim4", l.path("sendmail"))
		}, check: "mail", status: Fail, says: "-bV: exit status 1"},
		{name: "sendmail fails",
			spoil: func(l *lab) { l.write("sendmail", "#!/bin/sh\necho no room >&2\nexit 75\n", 0o755); l.Test = true },
			check: "mail", status: Fail, says: "no room"},

		{name: "hook isn't there", settings: "[hook]\ncommand = [\"/nowhere/told\"]\n",
			check: "hook", status: Fail, says: "no such file"},
		{name: "hook isn't tried", settings: "[hook]\ncommand = [\"/bin/false\"]\n",
			check: "hook", status: Pass, says: "not tested"},
		{name: "hook fails", settings: "[hook]\ncommand = [\"/bin/false\"]\n", spoil: func(l *lab) { l.Test = true },
			check: "hook", status: Fail, says: "exit status 1"},
		{name: "webhook isn't asked", settings: "[webhook]\nurl = \"https://alerts.example.com/secret\"\n",
			check: "webhook", status: Pass, says: "https://alerts.example.com, not tested"},
		{name: "nobody at the webhook", settings: "[webhook]\nurl = \"http://127.0.0.1:1/\"\n",
			spoil: func(l *lab) { l.Test = true }, check: "webhook", status: Fail, says: "refused"},
		{name: "notify isn't tried", settings: "[[notify]]\nurl = \"ntfy://ntfy.example.com/secret\"\n",
			check: "notify", status: Pass, says: "ntfy, not tested"},
		{name: "notify's URL in the configuration", settings: "[[notify]]\nurl = \"ntfy://ntfy.example.com/secret\"\n",
			check: "notify", status: Warn, says: "ntfy: the URL, which is a secret, is in the configuration itself"},
		{name: "nobody at notify",
			settings: "[[notify]]\nname = \"ops\"\nurl = \"ntfy://127.0.0.1:1/secret?scheme=http\"\n",
			spoil:    func(l *lab) { l.Test = true }, check: "notify", status: Fail,
			says: "notify ops: dial tcp 127.0.0.1:1: connect: connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, test.settings)
			l.t = t
			if test.spoil != nil {
				test.spoil(l)
			}
			all := l.run()
			want(t, all, test.check, test.status, test.says)
			for _, name := range []string{"configuration", "exim", "log", "rules", "state", "mail"} {
				if !strings.Contains(table(all, false), "  "+name+" ") {
					t.Errorf("%s wasn't checked", name)
				}
			}
		})
	}
}

// text makes the log another one.
func text(log string) func(*lab) { return func(l *lab) { l.log(log) } }

// without is a log of which each arrival lacks what stands from one mark up to another.
func without(from, to string) string {
	var b strings.Builder
	for line := range strings.Lines(arrivals(30)) {
		if i := strings.Index(line, from); i >= 0 {
			line = line[:i] + line[i+strings.Index(line[i:], to):]
		}
		b.WriteString(line)
	}
	return b.String()
}

// exim makes Exim say something else.
func exim(says string, err error) func(*lab) {
	return func(l *lab) {
		l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
			if args[0] == "-bV" {
				return says, err
			}
			return fakeExim(ctx, args...)
		}
	}
}

// lock holds the state folder as a daemon does.
func lock(l *lab) {
	f, err := os.Create(l.path("state/lock"))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { f.Close() })
	fmt.Fprintln(f, 4711)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		l.t.Fatal(err)
	}
}
