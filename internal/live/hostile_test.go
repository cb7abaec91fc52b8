package live

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"exiwatch/window"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// hostile are values that somebody may log.
var hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x9b31m", "\x1bP1$r\x1b\\", "a\r\nb\tc", "a\x00b\x7f",
	"\xff\xfe broken \xc3",
	"\u202eright to left\u202c", "\u2066isolate\u2069", "zero\u200bwidth\u200d", "\ufeffmark", "e" +
		strings.Repeat("\u0301", 200),
	strings.Repeat("会議の資料", 60), strings.Repeat("👩‍👩‍👧‍👦", 20), strings.Repeat("🇩🇪", 40), "❤\ufe0f1\ufe0f\u20e3" +
		strings.Repeat("👍🏽", 40),
	strings.Repeat("한", 50) + "\u1112\u1161\u11ab", "नमस्ते क्षत्रिय", "ﷺ" + strings.Repeat("﷽", 30),
	"עברית عربى 123", "𝕏𐍈",
	strings.Repeat("x", 10_000), strings.Repeat("\x1b[1m", 2500), strings.Repeat("ａ", 5000),
	"\u00ad\u034f\u115f\u3164", "", " ", "\\x1b[31m",
	"\U000e0041\U000e0042", "\u0600\u06dd", "\u2028\u2029", "͏͏͏", "\ue000",
}

// checkScreen fails unless each line fits, and holds nothing but what can be seen and the library's styles.
func checkScreen(t *testing.T, b *bench, what string) {
	t.Helper()
	lines := strings.Split(b.screen(), "\n")
	if len(lines) != b.model.height {
		t.Errorf("%s: the screen has %d lines, want %d", what, len(lines), b.model.height)
	}
	for _, line := range lines {
		if w := lipgloss.Width(line); w > b.model.width {
			t.Errorf("%s: %d cells wide, want at most %d: %q", what, w, b.model.width, line)
		}
		plain := styling.ReplaceAllString(line, "")
		if w := widthOf(plain); w > b.model.width {
			t.Errorf("%s: %d cells wide rune by rune, want at most %d: %q", what, w, b.model.width, line)
		}
		for _, r := range plain {
			if !unicode.IsPrint(r) {
				t.Errorf("%s: %U in %q", what, r, line)
			}
		}
	}
}

// TestHostileValues: whatever is logged, no line is broken, and nothing reaches the terminal that isn't text.
func TestHostileValues(t *testing.T) {
	for _, size := range [][2]int{{60, 20}, {80, 24}, {121, 30}} {
		b := newBench(t, true)
		for i, v := range hostile {
			a := newArrival(start, i, v, v, v)
			for k := range a.Values {
				a.Values[k] = []byte(v)
			}
			a.Values[window.RecipientDomain] = []byte(v)
			a.Values[window.Topic] = window.FoldSubject([]byte(strings.ToValidUTF8(v, "?")), nil)
			copy(a.MessageID, v)
			for range 30 - i%3 {
				b.arrive(a)
			}
		}
		b.model.log = hostile[0]
		b.size(size[0], size[1])
		for _, key := range keys {
			checkScreen(t, b, fmt.Sprintf("%v, ranking by %v", size, key))
			b.press("end")
			checkScreen(t, b, fmt.Sprintf("%v, ranking by %v, its end", size, key))
			b.press("home")
			for range b.model.answer.values {
				if key != window.Account || size[0] > minWidth {
					break
				}
				b.press("enter")
				checkScreen(t, b, fmt.Sprintf("%v, %v %q", size, key, b.model.query.value))
				b.press("end")
				checkScreen(t, b, fmt.Sprintf("%v, %v %q, its end", size, key, b.model.query.value))
				b.press("esc", "down")
			}
			b.press("tab")
		}
		b.press("/")
		for _, v := range hostile {
			b.model.typed = ""
			b.tell(tea.PasteMsg{Content: v})
			checkScreen(t, b, fmt.Sprintf("%v, filter %q", size, v))
			b.tell(problem(v))
			b.model.typing = false
			checkScreen(t, b, fmt.Sprintf("%v, problem %q", size, v))
			b.model.typing = true
		}
	}
}

// TestHostilePages: what an action says, and an account in the form, reach the terminal as text.
func TestHostilePages(t *testing.T) {
	b := newBench(t, true)
	b.size(60, 20)
	for _, v := range hostile {
		b.tell(said(v))
		checkScreen(t, b, fmt.Sprintf("%q is said", v))
		b.press("x")
		b.tell(said(v + "\n" + v))
		checkScreen(t, b, fmt.Sprintf("%q is said on a page", v))
		b.press("x")
		b.model.form = &exceptForm{account: v, fields: []formField{{"limit", v}}}
		b.tell(tea.PasteMsg{Content: v})
		checkScreen(t, b, fmt.Sprintf("%q in a form", v))
		b.press("esc")
	}
}

// TestWrapped: nothing of a text is lost, and words stay whole where they fit.
func TestWrapped(t *testing.T) {
	for text, want := range map[string]string{
		"to be or not": "to be |or not", "http://127.0.0.1/": "http://|127.0.0|.1/", "a\nb": "a|b",
		"会議の資料": "会議の|資料", " 1234567": " 123456|7", "": "",
	} {
		if got := strings.Join(wrapped(text, 7), "|"); got != want {
			t.Errorf("wrapped(%q, 7) = %q, want %q", text, got, want)
		}
	}
}

// TestCuts: a text takes what room there is, and no more.
func TestCuts(t *testing.T) {
	for _, test := range []struct {
		text       string
		width      int
		back, head string
	}{
		{"alice", 5, "alice", "alice"}, {"alice", 4, "ali…", "…ice"}, {"alice", 1, "…", "…"}, {"alice", 0, "", ""},
		{"", 3, "", ""},
		{"会議の", 6, "会議の", "会議の"}, {"会議の", 5, "会議…", "…議の"}, {"会議の", 4, "会…", "…の"}, {"会議の", 2, "…", "…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301", "e\u0301e\u0301e\u0301"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…", "…e\u0301"},
	} {
		if got := cut(test.text, test.width); got != test.back {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.width, got, test.back)
		}
		if got := cutFront(test.text, test.width); got != test.head {
			t.Errorf("cutFront(%q, %d) = %q, want %q", test.text, test.width, got, test.head)
		}
	}
}

// TestNumbers fit their columns.
func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		n           int64
		count, size string
	}{
		{0, "0", "0"}, {999, "999", "999"}, {1000, "1000", "1.0k"}, {9949, "9949", "9.9k"}, {9951, "9951", "10k"},
		{999_499, "999499", "999k"},
		{999_999, "999999", "1.0M"}, {1_000_000, "1000k", "1.0M"}, {12_345_678, "12345k", "12M"},
		{1 << 62, "4611P", "4.6E"},
	} {
		if got := number(test.n); got != test.count {
			t.Errorf("number(%d) = %q, want %q", test.n, got, test.count)
		}
		if got := size(test.n); got != test.size {
			t.Errorf("size(%d) = %q, want %q", test.n, got, test.size)
		}
	}
}

// TestBars: what is more than none shows, and nothing is longer than its column.
func TestBars(t *testing.T) {
	for _, test := range []struct {
		n, limit int64
		want     string
	}{
		{0, 20, "        "}, {1, 1000, "▏       "}, {10, 20, "████    "}, {11, 20, "████▍   "}, {20, 20, "████████"},
		{21, 20, "████████"},
		{39, 20, "████████"}, {40, 20, "██████×2"}, {20_000, 1, "██×20000"}, {1 << 62, 1, "██×4611P"},
	} {
		if got := limitBar(test.n, test.limit, barWidth); got != test.want {
			t.Errorf("limitBar(%d, %d) = %q, want %q", test.n, test.limit, got, test.want)
		}
	}
	if got := bar(5, 10, barWidth); got != "████    " {
		t.Errorf("bar(5, 10) = %q", got)
	}
}
