package browser

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"exiwatch/internal/fold"

	"github.com/google/go-cmp/cmp"
)

// hostileRules make an alert of each account.
const hostileRules = `
[[rule]]
limit = 2
window = "1h"
`

// TestHostileTextsAreText: whatever stands in subjects, HELOs, senders and accounts, the pages have the same elements
// as with plain words, nothing is executed, fetched or refused by the policy, and the browser has nothing to say.
func TestHostileTextsAreText(t *testing.T) {
	t.Parallel()
	hostile := corpus(t)
	if len(hostile) < 60 {
		t.Fatalf("the corpus has %d texts", len(hostile))
	}
	plain := make([]string, len(hostile))
	for i := range plain {
		// without digits, which would make them one topic
		plain[i] = "word" + string(rune('a'+i/8)) + string(rune('s'+i%8))
	}
	want, got := elements(t, plain, 1), elements(t, hostile, len(hostile))
	for i := range got {
		if w := want[min(i, len(want)-1)]; w != got[i] {
			t.Errorf("page %d has other elements: %s", i, cmp.Diff(w, got[i]))
		}
	}
}

func corpus(t *testing.T) (texts []string) {
	t.Helper()
	f, err := os.Open("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		texts = append(texts, lines.Text())
	}
	return texts
}

// skeleton is the elements of a page with the names of their attributes and their classes, but for what a chart draws.
const skeleton = `(() => {
	const parts = [];
	const walk = (e, depth) => {
		if (e.classList.contains("uplot")) return;
		const names = [...e.attributes].filter((a) => a.value !== "" || a.name !== "class").map((a) => a.name === "class" ? "class=" + a.value : a.name).sort();
		parts.push(" ".repeat(depth) + e.tagName + " " + names.join(" "));
		for (const c of e.children) walk(c, depth + 1);
	};
	walk(document.documentElement, 0);
	return parts.join("\n");
})()`

// elements gives the skeletons of the pages of a host on which each text is an account that sends in bulk; of the
// accounts' own pages, which are the same, the first ones.
func elements(t *testing.T, texts []string, accounts int) (all []string) {
	t.Helper()
	h := startHost(t, hostileRules)
	tab := newTab(t, 1280, 900)
	tab.open(h.url) // what comes now comes to a page that is open
	for _, text := range texts {
		h.send(3, letter{account: account(text), sender: "x" + strings.ReplaceAll(account(text), `"`, "'") + "@lab.test", helo: account(text), subject: text})
	}
	h.waitFor("alerts", fmt.Sprintf("%d open", len(texts)))
	h.waitFor("", "At least 30 are sending in bulk right now.")
	h.waitFor("", fmt.Sprintf("%d alerts are open in all", len(texts)))
	tab.until("all came to the page that is open", fmt.Sprintf(`document.body.textContent.includes("%d alerts are open in all")`, len(texts)))
	all = append(all, eval[string](tab, skeleton))
	paths := []string{"", "alerts", "who?key=host&value=192.0.2.7"}
	for _, text := range texts[:accounts] {
		paths = append(paths, "who?key=account&value="+url.QueryEscape(fold.Name(account(text))))
	}
	for i, path := range paths {
		tab.open(h.url + path)
		all = append(all, eval[string](tab, skeleton))
		if i < 3 {
			continue
		}
		for _, words := range []string{"Over a limit right now.", "3 messages"} {
			if text := eval[string](tab, "document.body.innerText"); !strings.Contains(text, words) {
				t.Errorf("%s lacks %q:\n%s", path, words, text)
			}
		}
	}
	if got := eval[int](tab, `performance.getEntriesByType("resource").filter((e) => new URL(e.name).host !== location.host).length`); got > 0 {
		t.Errorf("%d resources are from elsewhere", got)
	}
	return all
}

// account makes of a text what can be a name in Exim's log: one word, which doesn't hold what ends an item.
func account(text string) string {
	return strings.NewReplacer(" ", "/", ":", ";", "\\", "/").Replace(text)
}
