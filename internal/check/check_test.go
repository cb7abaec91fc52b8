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
	"exiwatch/internal/smalldisk"
)

// TestAllPass: a host where everything is in order gets no warning.
func TestAllPass(t *testing.T) {
	l := newLab(t, "")
	all := l.run()
	for _, r := range all {
		if r.Status != Pass || r.Hint != "" {
			t.Errorf("%+v", r)
		}
	}
	if len(all) != 12 {
		t.Errorf("%d results, want 12:\n%s", len(all), table(all, false))
	}
}

// integrity is a rule that counts anomalies.
const integrity = "[[rule]]\nkey = \"log\"\ncount = \"anomalies\"\n"

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

// TestHookIsToldOfTheTest: program and mail show that it is a test.
func TestHookIsToldOfTheTest(t *testing.T) {
	l := newLab(t, "")
	l.configure(fmt.Sprintf("[hook]\ncommand = [\"/bin/sh\", \"-c\", \"cat >%s\"]\n", l.path("told")))
	l.Test = true
	all := l.run()
	want(t, all, "hook", Pass, "ran with the event named test")
	want(t, all, "mail", Pass, "accepted a test mail for root")
	for name, says := range map[string]string{
		"told":         `"event":"test"`,
		"sendmail.got": "Subject: Mail Abuse Alert: this is a test, nobody has sent bulk mail\n",
	} {
		if got, err := os.ReadFile(l.path(name)); err != nil || !strings.Contains(string(got), says) {
			t.Errorf("%s = %q, %v: want %q in it", name, got, err, says)
		}
	}
}

// TestWithoutPermission: a user who may read and write nothing is told whom it takes.
func TestWithoutPermission(t *testing.T) {
	closed := func(l *lab) {
		os.Chmod(l.path("mainlog"), 0o640)
		if os.Getuid() != 0 {
			os.Chmod(l.path("mainlog"), 0)
			os.Chmod(l.path("state"), 0o500)
			return
		}
		const adm = 4 // Debian's
		if err := os.Chown(l.path("mainlog"), 0, adm); err != nil {
			t.Fatal(err)
		}
	}
	l := newLab(t, "")
	closed(l)
	all := l.asNobody()
	want(t, all, "log", Fail, "can't be read by user ")
	want(t, all, "state", Fail, "isn't writable for user ")
	want(t, all, "mail", Pass, "can run;")
	if os.Getuid() == 0 {
		want(t, all, "log", Fail,
			"-rw-r----- root:adm: run as root, or as a member of the group adm:\n    adduser nobody adm")

		os.Chmod(l.path("mainlog"), 0o644)
		l.write("mainlog.1", arrivals(1), 0o600)
		want(t, l.asNobody(), "log", Warn, "mainlog.1 can't be read by user nobody")

		os.Mkdir(l.path("closed"), 0o700)
		l.configure("")
		l.write("exiwatch.toml",
			fmt.Sprintf("log = %q\nstate = %q\n", l.path("closed/mainlog"), l.path("closed/state")), 0o644)
		all = l.asNobody()
		want(t, all, "log", Fail, "/closed is -rwx------ root:root: run as root.")
		want(t, all, "state", Fail, "permission denied")

		os.Chmod(l.path("exiwatch.toml"), 0o600)
		want(t, l.asNobody(), "configuration", Fail, "permission denied")
	}
}

// TestRootLooksForTheDaemon: root may read all; what counts is whether the user can whose the state folder is.
func TestRootLooksForTheDaemon(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root looks for another")
	}
	const nobody, adm = 65534, 4 // Debian's
	l := newLab(t, "")
	os.Chown(l.path("state"), nobody, nobody)
	want(t, l.run(), "log", Pass, "readable by user nobody")
	os.Chmod(l.path("mainlog"), 0o640)
	os.Chown(l.path("mainlog"), 0, adm)
	want(t, l.run(), "log", Fail, "can't be read by user nobody, who owns the state folder: "+l.path("mainlog")+
		" is -rw-r----- root:adm")
	want(t, l.run(), "log", Fail, "\n    adduser nobody adm")
}

// TestLongLogSelector: what is to be copied fits into a terminal, in Exim's way.
func TestLongLogSelector(t *testing.T) {
	got := continued(strings.Fields("+smtp_protocol_error +smtp_syntax_error +tls_certificate_verified +tls_peerdn " +
		"+subject"))
	const want = "+smtp_protocol_error \\\n        +smtp_syntax_error \\\n        +tls_certificate_verified \\\n" +
		"        +tls_peerdn +subject"
	if got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}

// TestFullDisk: a disk without room or inodes is told of before mails wait.
func TestFullDisk(t *testing.T) {
	for _, test := range []struct {
		options string
		status  Status
		says    string
	}{
		{"size=512k", Fail, "KiB are free"},
		{"size=50m", Warn, "MiB are free"},
		{"size=200m,nr_inodes=5", Fail, "inodes are free"},
		{"size=200m,nr_inodes=5000", Warn, "inodes are free"},
	} {
		t.Run(test.options, func(t *testing.T) {
			dir, mounted := smalldisk.Mount(t, test.options)
			if !mounted {
				return
			}
			l := newLab(t, "")
			l.Config.State = dir
			want(t, l.run(), "state", test.status, test.says)
			l.Config.State = dir + "/a/b"
			want(t, l.run(), "state", test.status, test.says)
		})
	}
}

// TestLargeLog: of a log larger than the sample only the end is read, from the first whole line on.
func TestLargeLog(t *testing.T) {
	l := newLab(t, "")
	one := strings.SplitAfterN(arrivals(1), "\n", 3)[2]
	l.log(without(` T="`, ` for`) + strings.Repeat(one, sampleSize/len(one)+1000))
	all := l.run()
	n := sampleSize / len(one)
	if sampleSize%len(one) == 0 {
		t.Fatal("the sample must begin within a line")
	}
	want(t, all, "lines", Pass, fmt.Sprintf("%d lines, %d arrivals", n, n))
	want(t, all, "selectors", Warn, "+arguments not seen")
}

// TestLogsOfARealExim: with its log selectors off and on, one after the other.
func TestLogsOfARealExim(t *testing.T) {
	for set, missing := range map[string]string{
		"debian": "+subject +received_recipients +arguments", "subject": "+received_recipients +arguments",
		"cpanel": "", "all": "", "injected": "",
	} {
		text, err := os.ReadFile("../../fixtures/logs/" + set + ".log")
		if err != nil {
			t.Fatal(err)
		}
		l := newLab(t, "")
		l.log(string(text))
		all := l.run()
		if missing == "" {
			want(t, all, "selectors", Pass, "Exim logs subject")
		} else {
			want(t, all, "selectors", Warn, missing+" not seen in 82 arrivals")
		}
		if set == "injected" {
			want(t, all, "lines", Warn, "3 injected")
		} else {
			want(t, all, "lines", Warn, "1 overflowed")
		}
	}
}

// TestSecrets: files of passwords and tokens are for the daemon alone; so are files with URLs of
// [[notify]], and a configuration with a webhook's URL.
func TestSecrets(t *testing.T) {
	l := newLab(t, "")
	password := l.write("password", "secret\n", 0o604)
	l.configure(fmt.Sprintf("[mail]\nvia = \"smtp://127.0.0.1:1\"\nuser = \"u\"\npassword_file = %q\n", password))
	want(t, l.run(), "secrets", Warn, password+" holds a secret, and every user of this machine can read it")
	want(t, l.run(), "secrets", Warn, "    chmod 0640 "+password)
	os.Chmod(password, 0o600)
	want(t, l.run(), "secrets", Pass, password+": readable only by root")

	chat := l.write("chat", "ntfy://ntfy.example.com/secret\n", 0o604)
	l.configure(fmt.Sprintf("[[notify]]\nurl_file = %q\n", chat))
	want(t, l.run(), "secrets", Warn, chat+" holds a secret, and every user of this machine can read it")

	token := l.write("token", "secret\n", 0o600)
	l.configure(fmt.Sprintf("[webhook]\nurl = \"https://alerts.example.com/secret\"\ntoken_file = %q\n", token))
	want(t, l.run(), "secrets", Warn, "exiwatch.toml holds a secret")
	os.Chmod(l.File, 0o640)
	want(t, l.run(), "secrets", Pass, token+", "+l.File+": readable only by root")
	if os.Getuid() != 0 {
		return
	}
	const nobody, adm = 65534, 4 // Debian's
	os.Chmod(token, 0o640)
	os.Chown(token, 0, adm)
	want(t, l.run(), "secrets", Warn, "the group adm can read it")
	os.Chown(token, 0, nobody)
	want(t, l.run(), "secrets", Warn, "the group nogroup can read it")
	os.Chown(l.path("state"), nobody, nobody)
	want(t, l.run(), "secrets", Pass, "readable only by root")
}

// TestUnsafeState: what the daemon refuses is said with what mends it.
func TestUnsafeState(t *testing.T) {
	l := newLab(t, "")
	os.Chmod(l.path("state"), 0o770)
	want(t, l.run(), "state", Fail, "is writable for others, -rwxrwx---")
	want(t, l.run(), "state", Fail, "then: chmod go-w "+l.path("state"))
	os.Chmod(l.path("state"), 0o700)
	os.Symlink("/etc/passwd", l.path("state/key"))
	want(t, l.run(), "state", Fail, "/key is a symbolic link")
	want(t, l.run(), "state", Fail, "Find out who made it, then: rm ")
}

// TestCheckpoints: one of a newer version keeps the daemon from starting. One that was broken may have cost alerts.
func TestCheckpoints(t *testing.T) {
	l := newLab(t, "")
	l.write("state/checkpoint.json", `{"version":1}`, 0o600)
	want(t, l.run(), "state", Pass, "no daemon runs")
	l.write("state/checkpoint.json", `{"version":2,"logs":[]}`, 0o600)
	want(t, l.run(), "state", Fail, "was written by a newer exiwatch: it has version 2, and this program reads 1")
	want(t, l.run(), "state", Fail, "Install the newer exiwatch again")
	l.write("state/checkpoint.json", `{"version":1}`, 0o600)
	broken := l.write("state/checkpoint.json.broken", `{"versi`, 0o600)
	l.touch(broken, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	want(t, l.run(), "state", Warn, "the checkpoint of 2026-11-23 10:00:00 was broken; it is now "+broken)
	want(t, l.run(), "state", Warn, "exiwatch replay --since 2026-11-23T10:00:00Z\n")
	want(t, l.run(), "state", Warn, "rm "+broken)
}
