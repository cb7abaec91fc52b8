package check

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

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
