package browser

import (
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

// past writes a rotated file of three days ago, in which 120 accounts have sent: the nth one n messages.
func (h *host) past() {
	h.t.Helper()
	at := time.Now().UTC().AddDate(0, 0, -3)
	var text strings.Builder
	n := 0
	for account := 1; account <= 120; account++ {
		for range account {
			n++
			fmt.Fprintf(&text, "%s 1uOld0-%06d-00 <= a%03d@lab.test H=(pc) [198.51.100.%d] P=esmtpsa "+
				"A=plain:a%03[3]d@lab.test S=%[5]d T=\"Old news %[3]d\" for x@one.test\n",
				at.Add(time.Duration(n)*time.Second).Format(time.DateTime), n, account, account%20, 100+account)
		}
	}
	if err := os.WriteFile(filepath.Join(h.dir, "mainlog.1"), []byte(text.String()), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// names are the values of the table that the page shows.
func (tab *tab) names() []string {
	tab.t.Helper()
	return eval[[]string](tab, `[...document.querySelectorAll("#found tbody th .value")].map((e) => e.textContent)`)
}

// TestSearch: by name, span and key; sorted, in pages, and back again. Each address is a link to what it shows.
func TestSearch(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	h.past()
	h.outbreak()
	tab := newTab(t, 1280, 900)
	tab.open(h.url + "find")
	eval[any](tab, `document.getElementById("q").focus()`)
	tab.run(chromedp.KeyEvent("MALLORY"))
	h.send(30, letter{account: "zoe@lab.test", subject: "x"})
	h.waitFor("", "zoe@lab.test")
	tab.run(chromedp.KeyEvent("\r"))
	tab.arrives("mallory is found", `!!document.querySelector("#found tbody")?.textContent.includes("mallory@lab.test")`)
	if got := tab.names(); len(got) != 2 { // the account, and the envelope sender
		t.Errorf("found %q", got)
	}
	eval[any](tab, `(() => { const q = document.getElementById("q"); q.value = ""; document.getElementById("key").value = "account";
		document.getElementById("span").value = "all"; setTimeout(() => document.querySelector("#ask button").click()); })()`)
	tab.arrives("the rotated file is read", `!!document.querySelector("#found tbody")?.textContent.includes("a120@lab.test")`)
	if got := tab.names(); len(got) != 50 || got[0] != "a120@lab.test" {
		t.Errorf("%d values, the first is %s", len(got), got[0])
	}
	if got := eval[string](tab, `document.querySelector("#found tbody td").textContent`); got != "120" {
		t.Errorf("a120 has %s messages, want 120", got)
	}
	byMessages := eval[string](tab, "location.href")
	tab.click("#found thead th:nth-child(1) a", "sorted by name", `document.querySelector("#found thead th").getAttribute("aria-sort") === "ascending"`)
	if got := tab.names(); got[0] != "a001@lab.test" || !slices.IsSorted(got) {
		t.Errorf("sorted by name: %q", got)
	}
	tab.click("#found .pager a[rel=next]", "the second page", `document.querySelector("#found tbody th .value").textContent === "a051@lab.test"`)
	tab.click("#found .pager a[rel=next]", "the last page", `document.querySelector("#found tbody th .value").textContent === "a101@lab.test"`)
	tab.run(chromedp.NavigateBack(), chromedp.NavigateBack(), chromedp.NavigateBack())
	tab.arrives("what was there before", `document.querySelector("#found tbody th .value")?.textContent === "a120@lab.test"`)
	if got := eval[string](tab, "location.href"); got != byMessages {
		t.Errorf("back at %s, was at %s", got, byMessages)
	}
	day := time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly)
	tab.open(h.url + "find?key=subject&from=" + day + "T00:00&within=account&value=a120@lab.test")
	tab.arrives("subjects of one account", `!!document.querySelector("#found tbody")?.textContent.includes("Old news 120")`)
	if got := tab.names(); len(got) != 1 {
		t.Errorf("subjects of a120: %q", got)
	}
	for query, want := range map[string]string{
		"key=account&q=nobody&span=all": "Nothing has that name", "key=account&from=soon": "is no time",
		"key=host&q=" + strings.Repeat("x", 300): "too long", "key=account&from=2001-01-01&until=2001-01-02": "No message in this time",
		"": "Choose what to search for",
	} {
		tab.open(h.url + "find?" + query)
		tab.arrives(query, fmt.Sprintf(`document.getElementById("found").textContent.includes(%q)`, want))
	}
}

// click follows a link, and waits until the page that it leads to shows something.
func (tab *tab) click(selector, what, expression string) {
	tab.t.Helper()
	// The expression has its value before the page is left.
	eval[any](tab, fmt.Sprintf("void setTimeout(() => document.querySelector(%q).click())", selector))
	tab.arrives(what, expression)
	tab.arrives("the page is live", `document.getElementById("pulse").textContent === "Live"`)
}

// TestSearchWithoutScript: the page is loaded anew until the logs are read.
func TestSearchWithoutScript(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	h.past()
	h.outbreak()
	tab := newTab(t, 400, 900)
	tab.run(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	tab.run(chromedp.Navigate(h.url + "find?key=account&span=all"))
	tab.arrives("the rotated file is read", `!!document.body?.innerText.includes("a120@lab.test")`)
	if eval[int](tab, `document.querySelectorAll("meta[http-equiv=refresh]").length`) != 0 {
		t.Error("a result is loaded anew")
	}
}

// TestAlertsAreSorted, searched and linked.
func TestAlertsAreSorted(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	h.outbreak()
	h.send(60, letter{account: "zoe@lab.test", subject: "x"})
	h.waitFor("alerts", "zoe@lab.test")
	tab := newTab(t, 1280, 900)
	who := `[...document.querySelectorAll("#all tbody th .value")].map((e) => e.textContent)`
	tab.open(h.url + "alerts?sort=who")
	up := eval[[]string](tab, who)
	tab.open(h.url + "alerts?sort=who&order=down")
	down := eval[[]string](tab, who)
	slices.Reverse(down)
	if len(up) < 2 || !slices.Equal(up, down) || !slices.IsSorted(up) {
		t.Errorf("sorted up %q, and down, turned round, %q", up, down)
	}
	tab.open(h.url + "alerts?q=ZOE")
	if got := eval[[]string](tab, who); len(got) != 1 || got[0] != "zoe@lab.test" {
		t.Errorf("of zoe: %q", got)
	}
	link := eval[string](tab, `document.querySelector("#all .self").href`)
	tab.open(link)
	linked := `!!document.querySelector(".linked")?.textContent.includes("zoe@lab.test")`
	tab.until(link+" leads to the incident", linked)
	h.send(17, letter{account: "zoe@lab.test", subject: "y"})
	tab.arrives("more messages of zoe", `document.getElementById("all").textContent.includes("77")`)
	tab.until(link+" leads to the incident when its row has changed", linked)
	tab.open(h.url + "?rule=2&sort=who")
	if got := eval[string](tab, `document.getElementById("choice").selectedOptions[0].textContent`); got != "busy host (host, hour)" && got != "busy host (host, 1 hour)" {
		t.Errorf("the rule is %q", got)
	}
}
