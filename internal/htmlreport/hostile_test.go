package htmlreport_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"exiwatch/internal/htmlreport"
	"exiwatch/internal/report"
	"exiwatch/internal/suggest"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// hostile are values that try to be more than a value.
var hostile = []string{
	"<script>alert(1)</script>", "</title><script>alert(1)</script>", "</style><style>*{display:none}",
	"</bdi></td></tr></table></section>", `<img src=x onerror="alert(1)">`,
	`" onmouseover="alert(1)`, `' onmouseover='alert(1)`, "`onmouseover=alert(1)`", "--><script>", "<!--",
	"<![CDATA[", "<?xml", "]]>", "javascript:alert(1)",
	"data:text/html,<b>", "&lt;b&gt;", "&#60;b&#62;", "&#x3c;script&#x3e;", "&quot;", "&", "&amp", "<", ">",
	"{{.Document}}", "{{", "}}", `{{template "card"}}`, "%s%n%d",
	"<a href='//evil.test'>", "<svg/onload=alert(1)>", "<svg><title>", "</svg>", "<base href=//evil.test>",
	"<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=//evil.test>",
	"<iframe srcdoc='<b>'>", "<plaintext>", "<textarea>", "<noscript>", "<template>", "</main></body></html>",
	"expression(alert(1))", "url(//evil.test)", "@import '//evil.test'",
	"http://evil.test/", "//evil.test", "ZgotmplZ", "a\r\nb", "a\x00b", "\x0b\x0c", "a\u0085b", "a\u2028b\u2029",
	"\u202etset.live@ecila", "\u2066a\u2069\u200f", "\u200b\u200c\u200d\ufeff",
	"e" + strings.Repeat("\u0301", 99), "\U000e0041\U000e0042", "שלום", "مرحبا 5 > 3", "\x1b[2J\x1b]0;title\x07",
	"\xff\xfe\xc0\x80", "\xed\xa0\x80", "\ufffd", `\`, `\"`, `"`, "'", "0", "true",
	strings.Repeat("a", 3000), strings.Repeat("<", 500), strings.Repeat(`"`, 200), strings.Repeat("\u202e", 200), strings.Repeat("ä ", 999),
}

// about makes a page in which the value stands wherever one can.
func about(t *testing.T, value string) *htmlreport.Page {
	t.Helper()
	account, host := rule(t, "account 3/5m"), rule(t, "host 3/5m")
	account.Name = value
	refused := func(c *window.Counters, a *window.Alert) {
		line := []byte(strings.ReplaceAll(value, "\n", " "))
		a.Fates.Known = true
		for _, other := range []string{"", "2", "3", "4"} {
			c.AddFate(a, window.Refused, append([]byte(other), line...), line)
		}
	}
	p := toldWith(t, refused, []window.Rule{account, host}, 10, func(add func(*window.Arrival)) {
		for i := range 9 {
			a := window.Arrival{At: at0.Add(time.Duration(i) * time.Minute), MessageID: []byte(value), Recipients: 2,
				Bytes: 3000}
			for k := range a.Values {
				a.Values[k] = []byte(value)
			}
			a.Values[window.RecipientDomain] = []byte("lab.test")
			add(&a)
		}
	})
	p.Selected, p.Logs, p.Version = "--subject "+value, []string{value}, "1.0"
	p.Document.Malformed, p.Document.MalformedLines = 1, []report.MalformedLine{{File: value, Line: 1, Column: 2, Why: "odd"}}
	n := int64(2)
	p.Suggestions = &suggest.Suggestions{AlertsPerWeek: 1, AlertsAllowed: 1, Rules: []suggest.Suggestion{{
		Rule: value, Key: "account", Count: "messages", Window: "5m", Limit: 3, Alerts: &n, Values: 1, DailyPeaks: 1, Highest: 5, HighestValue: value, Suggested: &n, Opened: &n,
		By: []suggest.By{{Value: value, Alerts: 2}}, NoLonger: []suggest.By{{Value: value, Alerts: 1}},
		LikelyAbuse: []suggest.Abuse{{Value: value, Peak: 9}},
	}}}
	return p
}

// TestValuesStayInTheirFields: whatever the values are, the page is the one that a harmless value makes, but for the
// value, which can be read.
func TestValuesStayInTheirFields(t *testing.T) {
	if len(hostile) < 60 {
		t.Fatal("too few")
	}
	pages := map[string]string{"plain": written(t, about(t, "plain"))}
	for i, value := range hostile {
		pages[fmt.Sprint(i)] = written(t, about(t, value))
	}
	said := judge(t, pages)
	plain := said["plain"]
	if len(plain.Unclosed) > 0 || len(plain.Values) < 25 || len(plain.Frame) < 300 {
		t.Fatalf("%d values in %d pieces, unclosed: %q", len(plain.Values), len(plain.Frame), plain.Unclosed)
	}
	for i, value := range hostile {
		got := said[fmt.Sprint(i)]
		if diff := cmp.Diff(plain.Frame, got.Frame); diff != "" || len(got.Unclosed) > 0 {
			t.Errorf("%.60q makes another page, unclosed %q (-want +got):\n%s", value, got.Unclosed, diff)
		}
		if len(got.Values) != len(plain.Values) {
			t.Errorf("%.60q: %d values, want %d", value, len(got.Values), len(plain.Values))
		}
		for _, shown := range got.Values {
			hidden := func(r rune) bool { return !unicode.IsPrint(r) }
			if strings.ContainsFunc(shown, hidden) || len([]rune(shown)) > 170 {
				t.Errorf("%.60q is shown as %q", value, shown)
			}
		}
	}
	checkLoadsNothing(t, plain)
}

// checkLoadsNothing looks for what a browser would fetch or run, besides the page's own script.
func checkLoadsNothing(t *testing.T, said judgement) {
	t.Helper()
	scripts := 0
	for _, piece := range said.Frame {
		if piece == "<script>" {
			scripts++
			continue
		}
		for _, word := range []string{"<script", "<link", "<img", "<iframe", "<object", "<base", " src=", " style=", " on", "http-equiv='refresh'"} {
			if strings.HasPrefix(piece, "<") && strings.Contains(piece, word) {
				t.Errorf("%s", piece)
			}
		}
		if strings.Contains(piece, " href=") && !strings.Contains(piece, " href='#") {
			t.Errorf("%s leads elsewhere", piece)
		}
	}
	if scripts != 1 {
		t.Errorf("%d scripts, want the page's own", scripts)
	}
}
