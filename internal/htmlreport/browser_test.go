package htmlreport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/window"
)

// A browser is Debian's Chromium, all of whose requests go to a proxy of ours.
type browser struct {
	path  string
	proxy net.Listener

	mu       sync.Mutex
	requests []string // but for its maker's own
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	b := &browser{path: path}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, own := range []string{"google.com", "googleapis.com", "gvt1.com"} {
			if strings.HasSuffix(r.URL.Hostname(), own) {
				return
			}
		}
		b.mu.Lock()
		b.requests = append(b.requests, r.Method+" "+r.URL.String())
		b.mu.Unlock()
	}))
	t.Cleanup(proxy.Close)
	b.proxy = proxy.Listener
	return b
}

// open opens a file and gives the document as it is then, and what was said on the console.
func (b *browser) open(t *testing.T, page string, flags ...string) (document string, console []string) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "page.html")
	if err := os.WriteFile(name, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--proxy-server=" + b.proxy.Addr().String(),
		"--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--virtual-time-budget=30000", "--dump-dom",
	}
	cmd := exec.CommandContext(ctx, b.path, append(append(args, flags...), "file://"+name)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, strings.TrimSpace(line))
		}
	}
	return string(out), console
}

func (b *browser) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.requests
	b.requests = nil
	return asked
}

var themes = map[string]string{"light": "--blink-settings=preferredColorScheme=1",
	"dark": "--blink-settings=preferredColorScheme=0"}

// TestOpensFromADisk: without a request or a word on the console, whatever stands in it. A page that does ask is
// found out.
func TestOpensFromADisk(t *testing.T) {
	b := newBrowser(t)
	_, console := b.open(t,
		`<!DOCTYPE html><img src="http://elsewhere.test/x.png"><script>console.error("here")</script>`)
	if asked := b.asked(); len(asked) == 0 || len(console) == 0 {
		t.Fatalf("a page that asks for %q and says %q isn't found out", asked, console)
	}
	crowd := told(t, []window.Rule{rule(t, "account 1/5m")}, 0, func(add func(*window.Arrival)) {
		for i := range 2 * len(hostile) {
			a := window.Arrival{At: at0.Add(time.Duration(i) * time.Minute), MessageID: []byte("1xV001-000001-01")}
			for k := range a.Values {
				a.Values[k] = []byte(hostile[i/2])
			}
			add(&a)
		}
	})
	if n := len(crowd.Document.Alerts); n != len(hostile) {
		t.Fatalf("%d alerts, want one of each of %d", n, len(hostile))
	}
	pages := map[string]string{"small": written(t, small(t)), "hostile": written(t, crowd)}
	for name, page := range pages {
		_, console := b.open(t, page)
		if asked := b.asked(); len(asked) > 0 || len(console) > 0 {
			t.Errorf("%s: asks for %q, console %q", name, asked, console)
		}
	}
}

var axes = regexp.MustCompile(`(?s)<pre id="axe">(.*?)</pre>`)

// TestAxeFindsNothing: axe-core finds no violation of its rules for access, in either theme, wide and narrow; and
// nothing is wider than the screen.
func TestAxeFindsNothing(t *testing.T) {
	b := newBrowser(t)
	found, err := filepath.Glob("../*/testdata/axe-core/axe.min.js")
	if err != nil || len(found) != 1 {
		t.Fatalf("axe-core: %q, %v", found, err)
	}
	axe, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	script := "<script>" + string(axe) + `</script><script>
axe.run(document).then(r => {
  const pre = document.createElement("pre");
  pre.id = "axe";
  pre.textContent = JSON.stringify({
    violations: r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ")), passes: r.passes.length,
    contrast: r.passes.some(p => p.id == "color-contrast"), dark: matchMedia("(prefers-color-scheme: dark)").matches,
    width: innerWidth, scroll: document.documentElement.scrollWidth,
  });
  top.document.body.append(pre);
});</script></body>`
	full := about(t, "alice@lab.test")
	full.Document.Overflowed, full.Document.Suspicious, full.Document.Injected = 1, 1, 1
	page := policies.ReplaceAllString(written(t, full), "") // which lets no script in
	page = strings.Replace(page, "</body>", script, 1)
	for theme, flag := range themes {
		for _, width := range []int{1200, 400} {
			frame := fmt.Sprintf(`<!DOCTYPE html><iframe width="%d" height="900" srcdoc="%s"></iframe>`, width,
				html.EscapeString(page))
			document, _ := b.open(t, frame, flag)
			said := axes.FindStringSubmatch(document)
			if said == nil {
				t.Fatalf("%s, %d: axe-core said nothing", theme, width)
			}
			var result struct {
				Violations     []string
				Passes         int
				Contrast, Dark bool
				Width, Scroll  int
			}
			if err := json.Unmarshal([]byte(html.UnescapeString(said[1])), &result); err != nil {
				t.Fatal(err)
			}
			if len(result.Violations) > 0 || result.Passes < 20 || !result.Contrast ||
				result.Dark != (theme == "dark") || result.Width != width || result.Scroll > width {
				t.Errorf("%s, %d: %+v", theme, width, result)
			}
		}
	}
}
