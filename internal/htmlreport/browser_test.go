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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/htmlreport"
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

// asking is a page without its policy, which lets no other script in, and with a script: the body of an async function.
func asking(page, script string) string {
	page = policies.ReplaceAllString(page, "")
	return strings.Replace(page, "</body>", "<script>(async () => {"+script+`})().then((said) => {
  const pre = document.createElement("pre");
  pre.id = "answer";
  pre.textContent = JSON.stringify(said);
  top.document.body.append(pre);
});</script></body>`, 1)
}

var answers = regexp.MustCompile(`(?s)<pre id="answer">(.*?)</pre>`)

// answer reads what the script of asking returned.
func answer[T any](t *testing.T, document string) (said T) {
	t.Helper()
	text := answers.FindStringSubmatch(document)
	if text == nil {
		t.Fatal("the script said nothing")
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(text[1])), &said); err != nil {
		t.Fatalf("%v: %s", err, text[1])
	}
	return said
}

// TestAxeFindsNothing: axe-core finds no violation of its rules for access, in either theme, wide and narrow, with all
// cards and rows open; and nothing is wider than the screen.
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
	full := about(t, "alice@lab.test")
	full.Document.Overflowed, full.Document.Suspicious, full.Document.Injected = 1, 1, 1
	pages := map[string]string{"full": written(t, full), "storm": written(t, storm(t, openCards+3))}
	for theme, flag := range themes {
		for _, width := range []int{1280, 640, 400, 320} {
			for name, page := range pages {
				if (name == "storm") != (theme == "dark" && width < 1280 || width == 640) {
					continue // each is seen somewhere
				}
				page = asking(page, string(axe)+`
document.querySelectorAll("details").forEach((d) => d.open = true);
const r = await axe.run(document);
return {
  violations: r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ")), passes: r.passes.length,
  contrast: r.passes.some(p => p.id == "color-contrast"), dark: matchMedia("(prefers-color-scheme: dark)").matches,
  width: innerWidth, scroll: document.documentElement.scrollWidth,
};`)
				frame := fmt.Sprintf(`<!DOCTYPE html><iframe width="%d" height="900" srcdoc="%s"></iframe>`, width,
					html.EscapeString(page))
				document, _ := b.open(t, frame, flag)
				result := answer[struct {
					Violations     []string
					Passes         int
					Contrast, Dark bool
					Width, Scroll  int
				}](t, document)
				if len(result.Violations) > 0 || result.Passes < 20 || !result.Contrast ||
					result.Dark != (theme == "dark") || result.Width != width || result.Scroll > width {
					t.Errorf("%s, %s, %d: %+v", name, theme, width, result)
				}
			}
		}
	}
}

// openCards is how many incidents stand open, and openRanks how many rows of a ranking.
const openCards, openRanks = 30, 15

// storm is a page of n incidents, of accounts with long names. Those that come later are less far over.
func storm(t *testing.T, n int) *htmlreport.Page {
	return told(t, []window.Rule{rule(t, "account 3/5m"), rule(t, "account recipients 4/1h"), rule(t, "host 5/1h")}, 0,
		func(add func(*window.Arrival)) {
			for i := range n {
				for j := range 6 + (n-i)%40 {
					a := window.Arrival{At: at0.Add(time.Duration(i)*time.Hour + time.Duration(j)*time.Second),
						MessageID: fmt.Appendf(nil, "1xV%03d-000001-01", j), Recipients: 1, Bytes: int64(1000 * (i + 1))}
					account := fmt.Appendf(nil, "employee.%d@a-department-of.customer-%d.hosting-provider.example", i, i)
					for _, key := range []window.Key{window.Account, window.Auth, window.Sender} {
						a.Values[key] = account
					}
					a.Values[window.Subject] = fmt.Appendf(nil, "Invoice of parcel %d", i)
					a.Values[window.Topic] = []byte("invoice of parcel #")
					a.Values[window.Host] = fmt.Appendf(nil, "2001:db8::%x", i)
					add(&a)
				}
			}
		})
}

// wide makes a window of the size that a report of hundreds of incidents has twenty of.
const wide = "--window-size=1280,800"

// TestTwentyScreens: a report is not much longer, however many incidents and rows it has.
func TestTwentyScreens(t *testing.T) {
	page := asking(written(t, storm(t, 300)), `return [document.documentElement.scrollHeight, innerWidth,
  document.querySelectorAll(".incidents tbody tr").length, document.querySelectorAll(".alerts details").length];`)
	document, _ := newBrowser(t).open(t, page, wide)
	said := answer[[4]int](t, document)
	if said[0] > 20*800 || said[0] < 5*800 || said[1] != 1280 || said[2] < 150 || said[2] != said[3] {
		t.Errorf("height, width, rows and cards: %v", said)
	}
}

// visible are functions for scripts of tests: rows of a table that are shown, and whether an element is.
const visible = `
const rows = (table) => [...document.querySelectorAll(table + " tbody tr")].filter((r) => r.checkVisibility());
const column = (n) => rows(".incidents").map((r) => Number(r.cells[n].dataset.by));
const shows = (id) => document.getElementById(id).checkVisibility();
const settled = () => new Promise((done) => setTimeout(done, 100));
`

// TestSortsAndFinds: a click on a column's name sorts all rows, and what is typed leaves those that have it, or whose
// card has it.
func TestSortsAndFinds(t *testing.T) {
	page := asking(written(t, storm(t, 50)), visible+`
const said = {first: rows(".incidents").length};
const head = (n) => document.querySelectorAll(".incidents thead th")[n];
head(3).querySelector("button").click();
said.began = column(3);
said.order = [head(3).ariaSort, head(2).ariaSort];
head(3).querySelector("button").click();
said.again = column(3);
document.querySelector(".incidents").previousElementSibling.open = true;
said.all = rows(".incidents").length;
const find = (text) => {
  const input = document.querySelector("#alerts input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return rows(".incidents").map((r) => r.cells[0].innerText);
};
said.name = find(" EMPLOYEE.7@ ");
said.cards = [...document.querySelectorAll(".alerts li")].filter((c) => c.checkVisibility()).length;
said.status = document.querySelector("#alerts output").value;
said.subject = find("parcel 41");
location.hash = "#alert-3";
await settled();
said.linked = shows("alert-3");
said.none = find("nobody").length;
said.cleared = find("").length;
return said;`)
	document, console := newBrowser(t).open(t, page, wide)
	said := answer[struct {
		First, All, Cards, None, Cleared int
		Began, Again                     []int64
		Order                            [2]string
		Name, Subject                    []string
		Status                           string
		Linked                           bool
	}](t, document)
	slices.Reverse(said.Again)
	first, last := at0.Unix(), at0.Add(49*time.Hour).Unix()
	if !slices.IsSorted(said.Began) || !slices.IsSorted(said.Again) || len(said.Began) != openCards ||
		len(said.Again) != openCards || said.Began[0]/60 != first/60 || said.Again[openCards-1]/60 != last/60 ||
		said.Order != [2]string{"ascending", ""} {
		t.Errorf("sorted: %v, then %v; %q", said.Began, said.Again, said.Order)
	}
	const who = "employee.%d@a-department-of.customer-%d.hosting-provider.example"
	if want := []string{fmt.Sprintf(who, 7, 7)}; !slices.Equal(said.Name, want) || said.Cards != 1 ||
		said.Status != "1 of 50 rows" {
		t.Errorf("found %q, %d cards, %q", said.Name, said.Cards, said.Status)
	}
	if want := []string{fmt.Sprintf(who, 41, 41)}; !slices.Equal(said.Subject, want) {
		t.Errorf("by its subject: found %q", said.Subject)
	}
	if said.First != openCards || said.All != 50 || !said.Linked || said.None != 0 || said.Cleared != 50 ||
		len(console) > 0 {
		t.Errorf("%+v, console %q", said, console)
	}
}

// TestWholeWithoutItsScript: nothing is there that does nothing, and links open what hides their target.
func TestWholeWithoutItsScript(t *testing.T) {
	page := scripts.ReplaceAllString(written(t, storm(t, 50)), "")
	page = asking(page, visible+`
const said = {buttons: document.querySelectorAll("button, input, output").length, rows: rows(".incidents").length,
  cards: document.querySelectorAll(".alerts details").length, hidden: []};
for (const id of ["alert-2", "alert-45", "account-40"]) {
  said.hidden.push(shows(id));
  location.hash = "#" + id;
  await settled();
  said.hidden.push(shows(id));
}
return said;`)
	document, _ := newBrowser(t).open(t, page, wide)
	said := answer[struct {
		Buttons, Rows, Cards int
		Hidden               []bool
	}](t, document)
	if said.Buttons != 0 || said.Rows != openCards || said.Cards != 50 ||
		!slices.Equal(said.Hidden, []bool{false, true, false, true, false, true}) {
		t.Errorf("%+v", said)
	}
}

// TestPrinted: black on white whatever the theme, the cards open, and nothing to type in.
func TestPrinted(t *testing.T) {
	page := asking(written(t, storm(t, 40)), visible+`
const said = {screen: [shows("alert-1"), document.querySelector("#alerts input").checkVisibility()]};
for (const rule of document.styleSheets[0].cssRules) if (rule.media?.mediaText === "print") rule.media.mediaText = "all";
await settled();
const style = getComputedStyle(document.body);
said.paper = [shows("alert-1"), document.querySelector("#alerts input").checkVisibility(), shows("alert-35")];
said.colours = [style.color, style.backgroundColor,
  ...[...document.querySelectorAll(".over-text, a")].map((e) => getComputedStyle(e).color)];
said.sticky = [...document.querySelectorAll("*")].some((e) => /sticky|fixed/.test(getComputedStyle(e).position));
return said;`)
	document, _ := newBrowser(t).open(t, page, wide, themes["dark"])
	said := answer[struct {
		Screen, Paper []bool
		Colours       []string
		Sticky        bool
	}](t, document)
	if !slices.Equal(said.Screen, []bool{false, true}) || !slices.Equal(said.Paper, []bool{true, false, false}) ||
		said.Sticky {
		t.Errorf("%+v", said)
	}
	for i, colour := range said.Colours {
		if (colour == "rgb(0, 0, 0)") != (i != 1) || i == 1 && colour != "rgb(255, 255, 255)" {
			t.Errorf("colours %q", said.Colours)
			break
		}
	}
}
