package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/window"
)

// relayingExim is a configuration of an Exim that relays for others.
const relayingExim = `primary_hostname = mx.lab.test
domainlist local_domains = @ : Lab.test : *.lists.lab.test : +more
domainlist more = lsearch;/etc/localdomains : mysql;servers=db/mail/exim/secret; SELECT 1
domainlist relay_to_domains = branch.test
hostlist relay_from_hosts = <; 127.0.0.1 ; ::1 ; 10.0.0.0/8 ; 198.51.100.0/24 ; 2001:db8::7 ; 0.0.0.0/0 ; *.lab.test
`

// withExim puts a program in front of all others that is called exim4.
func withExim(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "exim4"), "#!/bin/sh\n"+script)
	if err := os.Chmod(filepath.Join(dir, "exim4"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// TestInitAsksExim: what Exim relays for stands in [count]; what only Exim can look up in a comment, without passwords.
func TestInitAsksExim(t *testing.T) {
	exims := map[string]string{"fake": "case \"$2\" in config) cat <<'.'\n" + relayingExim + ".\n;; " +
		"*) echo 'exim_user = mailer'; echo 'primary_hostname = mx.lab.test';; esac\n"}
	if real, err := exec.LookPath("/usr/sbin/exim4"); err == nil {
		file := filepath.Join(t.TempDir(), "exim.conf")
		writeFile(t, file, relayingExim)
		exims["real"] = "exec " + real + " -C " + file + " \"$@\"\n"
	}
	for name, script := range exims {
		t.Run(name, func(t *testing.T) {
			withExim(t, script)
			log := filepath.Join(t.TempDir(), "mainlog")
			writeFile(t, log, shopLog)
			text, stderr, status := exiwatch(t, "", "init", "--yes", "--since", "2026-11-01", "-o", "-", log)
			for _, want := range []string{
				"inside = ['198.51.100.0/24', '2001:db8::7']", "local_domains = ['mx.lab.test', 'lab.test', 'branch.test']",
				"\n# Exim also relays for hosts that inside can't name: *.lab.test, 0.0.0.0/0\n",
				"look up: *.lists.lab.test, lsearch;/etc/localdomains, mysql;servers…",
				"\nname   = \"relaying host, hour\"\nkey    = \"host\"\nonly   = [\"relayed\"]\n",
			} {
				if status != exitDone || !strings.Contains(text, want) {
					t.Errorf("status %d, no %q in\n%s%s", status, want, stderr, text)
				}
			}
			if strings.Contains(text, "secret") {
				t.Errorf("a password is told:\n%s", text)
			}
			if c, err := config.Parse("init", []byte(text)); err != nil || len(c.Scopes[""].Inside) != 2 {
				t.Errorf("%v: %v", err, c.Scopes)
			}
			set := filepath.Join(t.TempDir(), "exiwatch.toml")
			writeFile(t, set, "[count]\ninside = [\"192.0.2.0/24\"]\nlocal_domains = [\"own.test\"]\n")
			if _, stderr, status := exiwatch(t, "", "init", "--yes", "-o", set, log); status != exitDone {
				t.Fatal(stderr)
			}
			text = read(t, set)
			if strings.Contains(text, "198.51.100.0") || strings.Contains(text, "branch.test") {
				t.Errorf("what was set is changed:\n%s", text)
			}
		})
	}
}

// relayingWeeks is a log of two weeks. Every day a host sends so many messages in a row, and alice, with a login, one,
// of which so many recipients are refused.
func relayingWeeks(host string, relayed, refused int) string {
	var b strings.Builder
	n := 0
	for day := range 14 {
		at := time.Date(2026, 11, 1+day, 9, 0, 0, 0, time.UTC)
		line := func(items string) {
			fmt.Fprintf(&b, "%s 1xW%03d-%06d-01 %s\n", at.Format(time.DateTime), n%1000, n, items)
		}
		for range relayed {
			n, at = n+1, at.Add(time.Second)
			line("<= app@lab.test H=app.lab.test [" + host + "] P=esmtp S=900")
			line(`=> bob@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.9] C="250 OK"`)
			line("Completed")
		}
		n, at = n+1, at.Add(time.Hour)
		line("<= alice@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:alice S=900")
		for i := range refused {
			line(fmt.Sprintf("** gone%d@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.9]: "+
				"SMTP error from remote mail server after RCPT TO:<gone%d@example.org>: 550 unknown", i, i))
		}
		line("Completed")
	}
	return b.String()
}

// TestLimitsOfRelayingHosts: where hosts relay, init and --suggest propose limits for them, and init always one for
// refused recipients.
func TestLimitsOfRelayingHosts(t *testing.T) {
	withExim(t, "exit 1\n")
	log := filepath.Join(t.TempDir(), "mainlog")
	writeFile(t, log, relayingWeeks("10.1.2.3", 200, 40))
	suggested, stderr, status := exiwatch(t, "", "replay", "--suggest", "--config", "/dev/null", "--timezone", "UTC", log)
	const hour = "[[rule]]\nname   = \"relaying host, hour\"\nkey    = \"host\"\ncount  = \"messages\"\nlimit  = 300\n" +
		"window = \"1h\"\nonly   = [\"relayed\"]\n"
	if status != exitDone || !strings.Contains(suggested, hour) {
		t.Errorf("status %d, --suggest has no\n%s:\n%s%s", status, hour, stderr, suggested)
	}
	if _, err := config.Parse("suggested", []byte(suggested)); err != nil {
		t.Error(err)
	}
	limits := func(args ...string) (all []string) {
		t.Helper()
		text, stderr, status := exiwatch(t, "", append(args, "--yes", "--since", "2026-11-01", "--timezone", "UTC", "-o",
			"-", log)...)
		c, err := config.Parse("init", []byte(text))
		if status != exitDone || err != nil {
			t.Fatalf("status %d, %v: %s%s", status, err, stderr, text)
		}
		for _, r := range c.Rules {
			if r.Key == window.Host || r.Count == window.Bounces {
				all = append(all, r.String())
			}
		}
		return all
	}
	if got, want := limits("init"), []string{`host 300/5m {only=["relayed"]}`, `host 300/1h {only=["relayed"]}`,
		`host 300/1d {only=["relayed"]}`, `account bounces 60/1h {only=["authenticated" "local" "loopback" "relayed"]}`,
	}; !slices.Equal(got, want) {
		t.Errorf("init proposes %q, want %q", got, want)
	}

	// Nobody relays, and too few are refused.
	writeFile(t, log, relayingWeeks("198.51.100.7", 200, 1))
	if suggested, _, _ = exiwatch(t, "", "replay", "--suggest", "--config", "/dev/null", log); strings.Contains(suggested,
		"relay") {
		t.Errorf("--suggest where nobody relays:\n%s", suggested)
	}
	if got, want := limits("init"), []string{`account bounces 20/1h {only=["authenticated" "local" "loopback"]}`}; !slices.Equal(got, want) {
		t.Errorf("init proposes %q, want %q", got, want)
	}
}
