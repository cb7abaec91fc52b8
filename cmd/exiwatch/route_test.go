package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRoute(t *testing.T) {
	file := filepath.Join(t.TempDir(), "exiwatch.toml")
	writeFile(t, file, `[mail]
to = ["root", "admin@lab.test"]
cc = ["boss"]
[[rule]]
name = "bulk\u001b"
[[rule]]
key = "host"
to = ["network"]
[[notify]]
name = "physics"
url = "ntfy://ntfy.lab.test/topic"
[[route]]
match = "account:*@physics.lab.test"
to = ["ann@physics.lab.test"]
notify = ["physics"]
only = true
[[route]]
match = "host:192.0.2.0/24"
cc = ["pc"]
`)
	for arg, want := range map[string]string{
		"a@Physics.lab.test": "to      ann@physics.lab.test\nnotify  physics\nby      route 1 (account:*@physics.lab.test)\n",
		"auth=a@lab.test": "to      root, admin@lab.test\ncc      boss\nby      no route matches\n" +
			"\nIf the rule host 20/5m begins it:\nto      network\ncc      boss\nby      no route matches\n",
		"[192.0.2.7]": "to      root, admin@lab.test\ncc      boss, pc\nby      route 2 (host:192.0.2.0/24)\n" +
			"\nIf the rule host 20/5m begins it:\nto      network\ncc      boss, pc\nby      route 2 (host:192.0.2.0/24)\n",
	} {
		if got, stderr, status := exiwatch(t, "", "route", "--config", file, arg); got != want || status != exitDone {
			t.Errorf("route %s: %d %s\n%s\nwant\n%s", arg, status, stderr, got, want)
		}
	}
	for _, args := range [][]string{{}, {"a", "b"}, {"acount=a"}} {
		_, stderr, status := exiwatch(t, "", append([]string{"route", "--config", file}, args...)...)
		if status != exitUsage || !strings.Contains(stderr, "hint:") {
			t.Errorf("route %q: %d %s", args, status, stderr)
		}
	}
}
