package browser

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "`folder` for pictures of the pages")

const rules = `
[[rule]]
name = "bulk sender"
limit = 20
window = "5m"
[[rule]]
name = "stolen password"
key = "auth"
count = "hosts"
limit = 2
window = "1h"
[[rule]]
name = "busy host"
key = "host"
limit = 500
window = "1h"
`

// outbreak writes what a usual day and one account out of hand look like, and waits until all of it is counted.
func (h *host) outbreak() {
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		h.send(3, letter{account: name + "@lab.test", subject: "Minutes of the board", address: "192.0.2.1"})
	}
	for _, address := range []string{"203.0.113.7", "203.0.113.77", "198.51.100.9"} {
		for _, subject := range []string{"Your parcel 1", "Your parcel 2", "Invoice overdue", `Account "closed"`,
			"Glückwunsch"} {
			h.send(5, letter{account: "mallory@lab.test", subject: subject, address: address, helo: "ylmf-pc"})
		}
	}
	h.waitFor("", "87 authenticated")
}

// TestPageFollowsTheLog within a second of a line, most of the time: the machine may be busy.
func TestPageFollowsTheLog(t *testing.T) {
	h := startHost(t, rules)
	tab := newTab(t, 1280, 900)
	tab.open(h.url)
	tab.until("nobody sends", `document.querySelector("h1").textContent === "Nobody is sending in bulk."`)
	var took []time.Duration
	for i := range 5 {
		name := string(rune('a'+i)) + "lice@lab.test"
		began := time.Now()
		h.send(21, letter{account: name, subject: "Your parcel"})
		tab.until("the page names who sends", `document.getElementById("open").textContent.includes("`+name+`")`)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("from a line in the log to the page: %v", took)
	if median := took[len(took)/2]; median > time.Second {
		t.Errorf("it takes %v, want a second at most", median)
	}
	if got := eval[string](tab, "document.title"); got != "5 are sending in bulk · exiwatch" {
		t.Errorf("the title is %q", got)
	}
	if got := eval[int](tab, `document.querySelectorAll("#arrivals canvas").length`); got != 1 {
		t.Errorf("%d charts are drawn, want 1", got)
	}
}

// TestFocusStaysWhereItIs while the page changes around it.
func TestFocusStaysWhereItIs(t *testing.T) {
	h := startHost(t, rules)
	h.outbreak()
	tab := newTab(t, 1280, 900)
	tab.open(h.url)
	tab.until("mallory is told of", `document.getElementById("open").textContent.includes("mallory")`)
	tab.do("focus", "#ranking tbody a")
	was := eval[string](tab, "document.activeElement.getAttribute('href')")
	h.send(30, letter{account: "zoe@lab.test", subject: "x"})
	tab.until("zoe is told of", `document.getElementById("ranking").textContent.includes("zoe")`)
	if got := eval[string](tab, "document.activeElement.getAttribute('href')"); got != was ||
		!strings.Contains(got, "mallory") {
		t.Errorf("the focus is on %q, was on %q", got, was)
	}
	tab.do("click", "#pause")
	h.send(30, letter{account: "yan@lab.test", subject: "x"})
	h.waitFor("alerts", "yan@lab.test")
	if eval[bool](tab, `document.body.textContent.includes("yan")`) {
		t.Error("a page that was told to pause goes on")
	}
	tab.do("click", "#pause")
	tab.until("it goes on", `document.body.textContent.includes("yan")`)
}

// TestEveryLink leads to a page without an error, and back.
func TestEveryLink(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	h.outbreak()
	tab := newTab(t, 1280, 900)
	seen := map[string]bool{h.url: true}
	for queue := []string{h.url}; len(queue) > 0; queue = queue[1:] {
		tab.open(queue[0])
		if status := eval[int](tab, `performance.getEntriesByType("navigation")[0].responseStatus`); status != 200 {
			t.Errorf("%s is answered %d", queue[0], status)
		}
		if n := eval[int](tab, `document.querySelectorAll("h1").length`); n != 1 {
			t.Errorf("%s has %d first headings", queue[0], n)
		}
		for _, link := range eval[[]string](tab, `[...document.querySelectorAll("a[href]")].map((a) => a.href)`) {
			link, _, _ = strings.Cut(link, "#")
			path, query, _ := strings.Cut(link, "?")
			kind := path // of tables in other orders, and of searches, one is enough
			if strings.Contains(query, "sort=") || strings.HasSuffix(path, "/find") {
				kind += "?"
			}
			if !strings.HasPrefix(link, h.url) {
				t.Errorf("%s leads to %s", queue[0], link)
			} else if !seen[link] && !(kind != path && seen[kind]) {
				seen[kind] = true
				seen[link] = true
				queue = append(queue, link)
			}
		}
	}
	t.Logf("%d pages", len(seen))
	if len(seen) < 15 {
		t.Errorf("only %d pages are linked", len(seen))
	}
}

// TestWithoutScript: all is there, and is loaded anew.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	h.outbreak()
	h.waitFor("health", "up to date")
	tab := newTab(t, 1280, 900)
	tab.run(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	for path, words := range map[string][]string{
		"": {"mallory@lab.test is sending in bulk right now.", "Glückwunsch",
			"of 20 messages in 5 minutes", "Made at"},
		"alerts": {"mallory@lab.test", "open"},
		"health": {"up to date", "mainlog"},
		"who?key=account&value=mallory@lab.test": {"Over a limit right now.", "203.0.113.77", "203.0.113.0/24",
			"two.test", "ylmf-pc", "1uAbCd-"},
	} {
		tab.run(chromedp.Navigate(h.url + path))
		text := eval[string](tab, "document.body.textContent")
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("/%s lacks %q:\n%s", path, word, text)
			}
		}
		if eval[int](tab, `document.querySelectorAll("meta[http-equiv=refresh]").length`) != 1 {
			t.Errorf("/%s isn't loaded anew", path)
		}
		if strings.HasPrefix(path, "who") || path == "" {
			if eval[int](tab, `document.querySelectorAll("svg.columns path").length`) == 0 {
				t.Errorf("/%s has no chart", path)
			}
		}
		if eval[bool](tab, `document.getElementById("pause").checkVisibility()`) {
			t.Errorf("/%s has a button that does nothing", path)
		}
	}
}

// TestByKeyboard: the first key leads past the head, and what has the focus is seen to have it.
func TestByKeyboard(t *testing.T) {
	h := startHost(t, rules)
	h.outbreak()
	tab := newTab(t, 1280, 900)
	tab.open(h.url)
	tab.run(chromedp.KeyEvent("\t"))
	if got := eval[string](tab, "document.activeElement.className"); got != "skip" {
		t.Fatalf("the first key leads to %q", got)
	}
	if left := eval[float64](tab, "document.activeElement.getBoundingClientRect().left"); left < 0 {
		t.Errorf("the link that has the focus is out of sight, at %v", left)
	}
	tab.run(chromedp.KeyEvent("\r"))
	tab.until("the focus is on the content", `document.activeElement.id === "main"`)
	// Chromium scrolls to it in the next frame, if at all. Behind the next keys that would be too late.
	eval[any](tab, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`)
	onSomebody := `!!document.activeElement.getAttribute("href")?.startsWith("who")`
	for seen := 0; seen < 6 || !eval[bool](tab, onSomebody); seen++ {
		if seen == 30 {
			t.Fatal("30 keys lead to no page of anybody")
		}
		tab.run(chromedp.KeyEvent("\t"))
		tab.until("the focus is on something that is outlined and seen", `(() => {
			const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
			return ["A", "SELECT", "BUTTON"].includes(e.tagName) && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 &&
				box.top >= 0 && box.bottom <= innerHeight + 1;
		})()`)
	}
	tab.run(chromedp.KeyEvent("\r"))
	tab.until("a page of somebody is open", `location.pathname.endsWith("/who")`)
}

// axe is what axe-core says of a page.
type axe struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

var pages = []string{"", "alerts", "health", "find?key=any&q=lab", "find", "who?key=account&value=mallory@lab.test",
	"who?key=host&value=203.0.113.77", "who?key=account&value=nobody"}

// TestAxeFindsNothing in either theme, wide or narrow; and nothing is wider than the screen. Without -shots each
// theme is seen at one width.
func TestAxeFindsNothing(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	h.outbreak()
	h.waitFor("health", "not there")
	h.axeFindsNothing(pages, []string{"first", "alerts", "health", "found", "find", "account", "host", "nobody"})
}

// axeFindsNothing looks at pages, whose pictures get names.
func (h *host) axeFindsNothing(pages, names []string) {
	h.t.Helper()
	script, err := os.ReadFile("testdata/axe-core/axe.min.js")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 400, 320} {
			if *shots == "" && (theme == "light") != (width == 1280) && width != 320 {
				continue
			}
			tab := newTab(h.t, width, 900)
			tab.run(command(emulation.SetEmulatedMedia,
				emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme",
					Value: theme}}}))
			for i, path := range pages {
				tab.open(h.url + path)
				what := fmt.Sprintf("/%s, %s, %d wide", path, theme, width)
				tab.axe(string(script), what, width)
				if *shots != "" {
					tab.shot(filepath.Join(*shots, names[i]+"-"+theme+"-"+map[int64]string{1280: "wide", 400: "400px",
						320: "320px"}[width]+".png"))
				}
			}
		}
	}
}

// axe runs axe-core on the page, and looks whether it fits into the screen.
func (tab *tab) axe(script, what string, width int64) {
	tab.t.Helper()
	if got := eval[int64](tab, "document.documentElement.scrollWidth"); got > width {
		tab.t.Errorf("%s: the page is %d wide: %s", what, got, eval[string](tab,
			`[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML.slice(0, 100)).slice(0, 3).join("; ")`))
	}
	tab.run(chromedp.Evaluate[chromedp.Void](script))
	var found []axe
	if err := json.Unmarshal([]byte(eval[string](tab, "axe.run().then((r) => JSON.stringify(r.violations))")),
		&found); err != nil {
		tab.t.Fatal(err)
	}
	for _, v := range found {
		tab.t.Errorf("%s: %s (%s): %s\n%+v", what, v.ID, v.Impact, v.Help, v.Nodes)
	}
}

// shot takes a picture of the whole page.
func (tab *tab) shot(name string) {
	tab.t.Helper()
	picture, err := chromedp.Run(tab.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(name, picture, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}
