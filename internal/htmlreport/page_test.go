package htmlreport_test

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/htmlreport"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small is a page of a few days with an outbreak: every part of a page has something in it.
func small(t *testing.T) *htmlreport.Page {
	return toldWith(t, bobBounces, []window.Rule{rule(t, "account 3/5m"), rule(t, "host hosts 9/1h")}, 2,
		func(add func(*window.Arrival)) {
			send := func(at time.Time, account, subject string, n int) {
				for i := range n {
					a := window.Arrival{At: at.Add(time.Duration(i) * time.Second),
						MessageID: fmt.Appendf(nil, "1xV%03d-000001-01", i), Recipients: 2, Bytes: 5000}
					text := strings.ReplaceAll(subject, "N", fmt.Sprint(i))
					a.Values[window.Account], a.Values[window.Subject], a.Values[window.Topic] = []byte(account),
						[]byte(text), window.FoldSubject([]byte(text), nil)
					a.Values[window.Host] = fmt.Appendf(nil, "192.0.2.%d", i%4)
					if account == "alice" {
						a.Values[window.Auth] = []byte(account)
					}
					add(&a)
				}
			}
			send(at0, "alice", "Lunch", 1)
			send(at0.Add(time.Hour), "bob", "Your parcel N", 8)
			send(at0.Add(3*time.Hour), "alice", "Lunch", 2)
			send(at0.Add(72*time.Hour), "alice", "Invoice N", 5)
			send(at0.Add(73*time.Hour), "carol", "Hello", 1)
		})
}

// bobBounces has bob's messages refused by many hosts, for more reasons than are shown, and by a block list.
func bobBounces(c *window.Counters, a *window.Alert) {
	if a.Value != "bob" {
		return
	}
	a.Fates.Known, a.Fates.Delivered, a.Fates.Queued = true, 1200, 3
	for i, text := range []string{"550 blocked using zen.spamhaus.org", "550 User unknown", "451 Greylisted", "550 No"} {
		for host := range 6 - i {
			c.AddFate(a, window.Refused, fmt.Appendf(nil, "mx%d.lab.test", host), []byte(text))
		}
	}
	c.AddFate(a, window.Deferred, nil, []byte("451 Greylisted"))
}

var (
	styles   = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	scripts  = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	policies = regexp.MustCompile(`content="default-src[^"]*"`)
)

// TestGolden but for the style sheet, which is the live page's, and the script.
func TestGolden(t *testing.T) {
	got := policies.ReplaceAllString(styles.ReplaceAllString(written(t, small(t)), "<style>…</style>"), `content="…"`)
	got = scripts.ReplaceAllString(got, "<script>…</script>")
	const name = "testdata/small.html"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPolicyIsOfStyleAndScript: a browser takes the style sheet and the script, and nothing else.
func TestPolicyIsOfStyleAndScript(t *testing.T) {
	page := written(t, small(t))
	source := func(element *regexp.Regexp) string {
		sum := sha256.Sum256([]byte(element.FindStringSubmatch(page)[1]))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := `content="default-src 'none'; style-src ` + source(styles) + "; script-src " + source(scripts) +
		`; base-uri 'none'; form-action 'none'"`
	if got := html.UnescapeString(policies.FindString(page)); got != want {
		t.Errorf("the policy is %s, want %s", got, want)
	}
}

var (
	identifiers = regexp.MustCompile(` id="([^"]*)"`)
	links       = regexp.MustCompile(`href="#([^"]*)"`)
)

// TestLinksLeadSomewhere: each link's target is there once. A card leads to the ranks of what its alerts are about, and
// these lead back.
func TestLinksLeadSomewhere(t *testing.T) {
	page := written(t, small(t))
	targets := make(map[string]int)
	for _, id := range identifiers.FindAllStringSubmatch(page, -1) {
		targets[id[1]]++
	}
	all := links.FindAllStringSubmatch(page, -1)
	for _, link := range all {
		if targets[link[1]] != 1 {
			t.Errorf("#%s is there %d times", link[1], targets[link[1]])
		}
	}
	if len(all) < 10 {
		t.Errorf("only %d links", len(all))
	}
	card := regexp.MustCompile(`(?s)<div id="alert-1">.*?</details>`).FindString(page)
	if want := `<dd><a href="#account-1">Accounts</a></dd>`; !strings.Contains(card, want) {
		t.Errorf("bob's card has no %s:\n%s", want, card)
	}
	rank := regexp.MustCompile(`<tr id="account-1">.*`).FindString(page)
	if want := `<bdi>bob</bdi> <a href="#alert-1">1 incident</a>`; !strings.Contains(rank, want) {
		t.Errorf("bob's rank has no %s:\n%s", want, rank)
	}
}

// TestAlertsAboutHosts: an account's incident names the hosts that its alerts are about, in its row and its card.
func TestAlertsAboutHosts(t *testing.T) {
	rules := []window.Rule{rule(t, "account 3/5m"), rule(t, "host 2/5m")}
	page := written(t, told(t, rules, 9, func(add func(*window.Arrival)) {
		for i := range 6 {
			a := window.Arrival{At: at0.Add(time.Duration(i) * time.Second), MessageID: []byte("1xV001-000001-01")}
			a.Values[window.Account], a.Values[window.Auth] = []byte("alice"), []byte("alice")
			a.Values[window.Host] = fmt.Appendf(nil, "192.0.2.%d", i%2)
			add(&a)
		}
	}))
	const host = "<bdi>192.0.2.1</bdi>"
	for _, want := range []string{
		`<td class="num" data-name="alerts" data-by="3">`,
		`<span>opened (host 2/5m): ` + host,
		`<span>opened (account 3/5m)</span>`,
		host + ` <a href="#alert-1">1 incident</a>`,
		`<a href="#host-1">Hosts</a>`,
	} {
		if n := strings.Count(page, want); n != 1 {
			t.Errorf("%s is there %d times, want once", want, n)
		}
	}
}

// TestLogHostsOfAFleet: a card names the ten hosts in whose logs most of the messages are.
func TestLogHostsOfAFleet(t *testing.T) {
	page := written(t, told(t, []window.Rule{rule(t, "account 30/5m")}, 9, func(add func(*window.Arrival)) {
		for i := range 31 {
			a := window.Arrival{At: at0.Add(time.Duration(i) * time.Second), MessageID: []byte("1xV001-000001-01")}
			a.Values[window.Account] = []byte("alice")
			a.Values[window.LogHost] = fmt.Appendf(nil, "<mx>%d", i%12)
			add(&a)
		}
	}))
	for _, want := range []string{`<dt>Hosts that logged them</dt>`, `<bdi>&lt;mx&gt;0</bdi> <span class="faint">(3)</span>`,
		`<span class="faint">and 2 more</span>`} {
		if n := strings.Count(page, want); n != 1 {
			t.Errorf("%s is there %d times, want once, in %s", want, n, page)
		}
	}
}

// TestLongIncident: an incident whose alerts open again and again has one row, and a card of a bounded length.
func TestLongIncident(t *testing.T) {
	page := written(t, told(t, []window.Rule{rule(t, "account 1/10s")}, 1, func(add func(*window.Arrival)) {
		for i := range 80 {
			a := window.Arrival{At: at0.Add(time.Duration(i/2) * 25 * time.Second), MessageID: []byte("1xV001-000001-01")}
			a.Values[window.Account] = []byte("alice@lab.test")
			add(&a)
		}
	}))
	for _, want := range []string{
		`<td class="num" data-name="alerts" data-by="40">`,
		`<p class="faint">and 50 more events</p>`, // of forty that opened, and thirty-nine ends
		`<a href="#alert-1"><bdi>alice<wbr>@lab<wbr>.test`,
	} {
		if n := strings.Count(page, want); n != 1 {
			t.Errorf("%s is there %d times, want once", want, n)
		}
	}
}

// TestUncounted: the page says how many arrivals no rule counts, where they come from, and how to count them.
func TestUncounted(t *testing.T) {
	sum := report.Summary{Only: []string{"authenticated"}}
	gather := sum.NewCollector()
	for i := range 30 {
		a, w := parser.Arrival{Time: at0}, window.Arrival{At: at0}
		w.Values[window.Host] = fmt.Appendf(nil, "198.51.%d.7", 100-i%20)
		sum.Arrival(&a, &w)
		gather([]report.Reception{{Arrival: &a, Values: &w, Class: report.ClassRelayed}})
	}
	got := written(t, &htmlreport.Page{Document: sum.Document(9), Hours: sum.Hours(), Made: at0})
	for _, want := range []string{
		`<a href="#uncounted">30 messages</a> of 30 counted for no rule.`,
		`<th scope="row">relayed or incoming</th><td>198.51.100.0/24</td>`,
		`only = [&#34;authenticated&#34;, &#34;198.51.100.0/24&#34;,`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if n := strings.Count(got, "<td>198.51."); n != 20 { // network and host of ten rows
		t.Errorf("%d cells of networks and hosts, want 20", n)
	}
	if clean := written(t, small(t)); strings.Contains(clean, "uncounted") {
		t.Error("a page of which every arrival counts has the part, too")
	}
}

// TestNothingHappened: a log without arrivals, and one without alerts, make pages that say so.
func TestNothingHappened(t *testing.T) {
	rules := []window.Rule{rule(t, "account 3/5m")}
	empty := written(t, told(t, rules, 10, func(func(*window.Arrival)) {}))
	quiet := written(t, told(t, rules, 10, func(add func(*window.Arrival)) { add(&window.Arrival{At: at0}) }))
	for html, words := range map[string]string{empty: "No messages.", quiet: "Nobody sent in bulk."} {
		if !strings.Contains(html, words) || !strings.Contains(html, "No alert would have been mailed") {
			t.Errorf("it doesn't say %q:\n%s", words, scripts.ReplaceAllString(styles.ReplaceAllString(html, ""), ""))
		}
	}
	for name, said := range judge(t, map[string]string{"empty": empty, "quiet": quiet}) {
		if len(said.Unclosed) > 0 {
			t.Errorf("%s: unclosed %q", name, said.Unclosed)
		}
	}
}

// TestYearsOfLogs: a log whose clock was once wrong, and one of many years, have charts of a bounded size that lose
// nothing silently.
func TestYearsOfLogs(t *testing.T) {
	for _, test := range []struct {
		name  string
		days  []int
		words []string
	}{
		{"a wrong clock", []int{-20000, 0, 1, 2}, []string{"19,999 days without messages", "Mon 23 Nov"}},
		{"by weeks", every(100), []string{"Week of", "23 Nov 2026"}},
		{"years", every(3000), []string{"Week of", "in 323 weeks before these"}},
	} {
		html := written(t, told(t, nil, 10, func(add func(*window.Arrival)) {
			for _, day := range test.days {
				add(&window.Arrival{At: at0.AddDate(0, 0, day)})
			}
		}))
		for _, words := range test.words {
			if !strings.Contains(html, words) {
				t.Errorf("%s: no %q", test.name, words)
			}
		}
		if rects := strings.Count(html, "<rect"); rects > 240+106*24+6 || len(html) > 200_000 {
			t.Errorf("%s: %d rectangles in %d bytes", test.name, rects, len(html))
		}
	}
}

func every(days int) (all []int) {
	for day := range days {
		all = append(all, day)
	}
	return all
}

// TestNoLongerThanAMegabyte: however many alerts and rows there are, and however long what stands in them.
func TestNoLongerThanAMegabyte(t *testing.T) {
	p := told(t, []window.Rule{rule(t, "account 1/10s"), rule(t, "subject 1/10s"), rule(t, "sender 1/10s"),
		rule(t, "host 1/10s")}, 0, func(add func(*window.Arrival)) {
		for i := range 4000 {
			value := append(fmt.Appendf(nil, "%d ", i/2), strings.Repeat(`"`, 150)...)
			a := window.Arrival{At: at0.Add(time.Duration(i) * 21 * time.Minute), MessageID: value[:16]}
			if i%2 == 1 {
				a.At = a.At.Add(-21 * time.Minute)
			}
			for k := range a.Values {
				a.Values[k] = value
			}
			add(&a)
		}
	})
	html := written(t, p)
	if len(html) > 1_000_000 || len(html) < 300_000 {
		t.Errorf("%d bytes, want at most 1000000 and most of that", len(html))
	}
	if n := len(p.Document.Alerts); n != 8000 || !strings.Contains(html, "of 4,000 incidents: those that went furthest") {
		t.Errorf("it doesn't say that it leaves out some of the incidents of %d alerts", n)
	}
	if !strings.Contains(html, "more</p>") {
		t.Error("it doesn't say that it leaves out rows")
	}
}
