package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpen prints the address with the token of the state folder, or says what is missing.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	socket, token := filepath.Join(dir, "web.sock"), strings.Repeat("ab23", 8)
	configure := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, fmt.Appendf(nil, "state = %q\n%s", filepath.Join(dir, name+".state"), text),
			0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none, port := configure("none", ""), configure("port", "[web]\nlisten = \"127.0.0.1:8025\"\n")
	six, onSocket := configure("six", "[web]\nlisten = \"[::1]:8025\"\n"),
		configure("socket", "[web]\nlisten = \"unix:"+socket+"\"\n")
	others := configure("others", "[web]\nlisten = \"0.0.0.0:8025\"\n")
	broken := configure("broken", "[web]\nlisten = \"127.0.0.1:8025\"\n")
	for name, text := range map[string]string{"six": token + "\n", "broken": "../../etc/passwd\n"} {
		state := filepath.Join(dir, name+".state")
		if err := os.Mkdir(state, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, "web-token"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		config string
		status int
		want   []string
	}{
		{none, exitFailure, []string{"error: the configuration has no live page", "hint: add [web]"}},
		{port, exitFailure, []string{"no such file", "hint: the daemon makes it"}},
		{broken, exitFailure, []string{"holds no token"}},
		{others, exitFailure, []string{"others could connect there"}},
		{onSocket, exitFailure, []string{"there is no socket " + socket, "hint: is the daemon running"}},
		{six, exitDone, []string{"http://[::1]:8025/" + token + "/\n", "ssh -N -L 127.0.0.1:8025:[::1]:8025 ",
			"http://127.0.0.1:8025/" + token + "/"}},
	} {
		stdout, stderr, status := exiwatch(t, "", "open", "--config", test.config)
		for _, want := range test.want {
			if status != test.status || !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s: status %d, want %d, and %q in:\n%s%s", filepath.Base(test.config), status, test.status,
					want, stdout, stderr)
			}
		}
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stdout, stderr, status := exiwatch(t, "", "open", "--config", onSocket)
	if status != exitDone || !strings.Contains(stdout, "ssh -N -L 127.0.0.1:8025:"+socket+" ") ||
		!strings.Contains(stdout, "http://127.0.0.1:8025/\n") {
		t.Errorf("status %d:\n%s%s", status, stdout, stderr)
	}
}
