package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/check"
)

// TestCheckBlindRealExim: of a real Exim that logs no ids, sets +all, and relays for hosts that no rule counts, check
// says so, whoever runs it.
func TestCheckBlindRealExim(t *testing.T) {
	need(t, "exim4", "swaks")
	e := startEximWith(t, "  server_set_id = $auth2\n", "", "log_selector = +subject", "log_selector = +all",
		"acl_smtp_rcpt = accept", "hostlist relay_from_hosts = <; 127.0.0.1 ; ::1 ; 192.0.2.0/24\n"+
			"hostlist inner = !10.0.0.9 : 10.0.0.0/8 : 2001::db8::::/32\nacl_smtp_rcpt = check_rcpt",
		"begin routers",
		"begin acl\ncheck_rcpt:\n  accept hosts = +inner : *.lab.test\n         control = submission\n"+
			"  accept hosts = 203.0.113.0/24\n         domains = lab.test\n  accept\nbegin routers")
	settings := e.write("exiwatch.toml", fmt.Sprintf("log = %q\nstate = %q\ntimezone = \"UTC\"\n[count]\nonly = "+
		"[\"authenticated\", \"local\"]\n[mail]\nvia = \"sendmail:/bin/true\"\n",
		e.mainlog(), filepath.Join(e.dir, "state")))
	e.send("alice@lab.test", "Lunch")
	for range 6 {
		swaks := exec.Command("swaks", "--server", e.address(), "--from", "news-bounces+bob=example.com@lists.lab.test",
			"--to", "bob@example.com")
		if out, err := swaks.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	e.until("Exim has logged them", func() bool { return strings.Count(e.log(), " <= ") == 7 })

	// exim4 is a program that reads our configuration.
	bin := filepath.Join(e.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	real, err := exec.LookPath("exim4")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s -C %s \"$@\"\n", real, filepath.Join(e.dir, "exim.conf"))
	if err := os.WriteFile(filepath.Join(bin, "exim4"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))

	out, stderr, status := exiwatch(t, "", "check", "--json", "--config", settings)
	var all []check.Result
	if err := json.Unmarshal([]byte(out), &all); err != nil || status != exitDone {
		t.Fatalf("status %d, %v: %s%s", status, err, out, stderr)
	}
	rows := make(map[string]check.Result) // the first one of each name
	for _, r := range all {
		if _, ok := rows[r.Check]; !ok {
			rows[r.Check] = r
		}
	}
	for name, want := range map[string][]string{
		"selectors":     {"+smtp_mailauth (by +all)", " = +all -smtp_mailauth"},
		"authenticator": {"no id for logins with plain (1 arrival)", "\n    plain: server_set_id = $auth2"},
		"loopback":      {"6 arrivals over loopback without a login", `ignore = ["sender:*-bounces*@lists.lab.test"]`},
		"counted": {"1 of 7 arrivals count. No rule counts: 6 loopback, 127.0.0.0/24",
			`only = ["authenticated", "local", "loopback"]`},
		"relay": {"relays for 192.0.2.0/24, 10.0.0.0/8, 2001:db8::/32", "not evaluated: *.lab.test",
			`only = ["authenticated", "local", "relayed", "loopback"]`, `inside = ["192.0.2.0/24", "2001:db8::/32"]`},
	} {
		r := rows[name]
		for _, text := range want {
			if r.Status != check.Warn || !strings.Contains(r.Detail+"\n"+r.Hint, text) {
				t.Errorf("%+v doesn't warn %q", r, text)
			}
		}
	}
}
