package escape

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"Grüße, 你好 👍 שלום", "Grüße, 你好 👍 שלום"},
		{"a\nb\rc\td", `a\nb\rc\td`},
		{"\x00\x1b[2J\x7f", `\x00\x1b[2J\x7f`},
		{"\u009b31m\u0085", `\u{9b}31m\u{85}`},
		{"\x9b31m\xff", `\x9b31m\xff`},
		{"\xed\xa0\x80", `\xed\xa0\x80`}, // a surrogate
		{"a\u202eb\u2066c\u200ed\u061c", `a\u{202e}b\u{2066}c\u{200e}d\u{61c}`},
		{"a\u200bb\u200cc\u200dd\u2060e\ufeff", `a\u{200b}b\u{200c}c\u{200d}d\u{2060}e\u{feff}`},
		{"\u2028\u2029", `\u{2028}\u{2029}`},
		{"\U000e0041\U000e0100", `\u{e0041}\u{e0100}`}, // tags; a variation selector that hides text
		{"\u3164\u115f\u00ad", `\u{3164}\u{115f}\u{ad}`},
		{"☎\ufe0f", "☎\ufe0f"},
		{"a\u00a0b\u3000c", "a b c"},
		{"broken \ufffd", "broken \ufffd"},
		{`LAB\alice`, `LAB\alice`},
		{"e\u0301\u0301\u0301\u0301\u0301\u0301x\u0301", "e\u0301\u0301\u0301\u0301" + `\u{301}\u{301}` + "x\u0301"},
		{"\u0301a \u0301", `\u{301}a \u{301}`},
		{"สวัสดี น้ำ", "สวัสดี น้ำ"},
		{"नमस्ते", "नमस्ते"},
	} {
		if got := Text(test.in); got != test.want {
			t.Errorf("Text(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\nb\x1b[2J\u202e\xff")
	f.Add(strings.Repeat("\u0301", 20) + "e\ufe0f \u0301\U000e0041")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unprintable) {
			t.Errorf("Text(%q) = %q", s, got)
		}
		if again := Text(got); again != got {
			t.Errorf("Text(%q) = %q, and again %q", s, got, again)
		}
		marks := 0
		for _, r := range got {
			if marks++; !unicode.IsMark(r) {
				marks = 0
			}
			if marks > maxMarks {
				t.Fatalf("Text(%q) = %q: a pile of marks", s, got)
			}
		}
		if !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) &&
			!strings.ContainsFunc(s, unprintable) && got != s {
			t.Errorf("Text(%q) = %q: it needed none", s, got)
		}
	})
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"", 3, ""}, {"abc", 1, "…"}} {
		if got := Truncate(test.in, test.n); got != test.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", test.in, test.n, got, test.want)
		}
	}
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
