package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"exiwatch/mailer"
)

// recipe runs a program of docs/recipes.md with an event on its standard input. Its paths are in dir.
func recipe(t *testing.T, dir, name, event string) {
	t.Helper()
	m := regexp.MustCompile("(?s)```python " + name + "\n(.*?)```").FindStringSubmatch(read(t, "../../docs/recipes.md"))
	if m == nil {
		t.Fatalf("docs/recipes.md has no program %q", name)
	}
	text := strings.NewReplacer("/var/spool/exiwatch", dir, "/etc/exiwatch", dir).Replace(m[1])
	program := filepath.Join(dir, name)
	writeFile(t, program, text)
	cmd := exec.Command("python3", program)
	cmd.Stdin = strings.NewReader(event)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// TestRecipeSuspends: a verified login is suspended, and nobody else.
func TestRecipeSuspends(t *testing.T) {
	needPrograms(t, "python3")
	dir := t.TempDir()
	event := func(event, value, suspicious string) string {
		return `{"event": "` + event + `", "alert": {"id": "4711", "rule": "bulk sender", "value": "` + value +
			`", "suspicious": ` + suspicious + `}}`
	}
	recipe(t, dir, "suspend", `{"event": "test"}`)
	recipe(t, dir, "suspend", event("opened", "alice@lab.test", "0"))
	recipe(t, dir, "suspend", event("ended", "bob@lab.test", "0"))
	recipe(t, dir, "suspend", event("opened", "carol@lab.test", "1"))
	recipe(t, dir, "suspend", event("opened", "<dora@lab.test>", "0"))
	recipe(t, dir, "suspend", event("opened", "eve: yes", "0"))
	const want = "alice@lab.test: alert 4711\n"
	if got := read(t, filepath.Join(dir, "suspended")); got != want {
		t.Errorf("suspended holds %q, want %q", got, want)
	}
}

// TestRecipeChat: the chat service gets a text.
func TestRecipeChat(t *testing.T) {
	needPrograms(t, "python3")
	dir := t.TempDir()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
	}))
	defer server.Close()
	writeFile(t, filepath.Join(dir, "chat-url"), server.URL+"\n")
	recipe(t, dir, "chat", read(t, "../../mailer/testdata/notice.json"))
	test, err := mailer.Composer{Host: "mx.lab.test"}.TestNotice(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	recipe(t, dir, "chat", string(test.Data))
	server.Close()
	if len(got) != 2 || !strings.Contains(got[0], "opened: alice@lab.test sent 21 messages on mx.lab.test: Sie haben") ||
		!strings.Contains(got[1], "test: example-account@example.com sent 21 messages") {
		t.Errorf("the chat got %q", got)
	}
}
