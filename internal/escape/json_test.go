package escape

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// inJSON is what the encoder makes of a string, without its quotes and the LF.
func inJSON(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	if err := NewJSON(&b).Encode(s); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

func TestJSON(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"Grüße, 你好 👍 שלום <a&b>", "Grüße, 你好 👍 שלום <a&b>"},
		{"\x1b[2J\x7f", `\u001b[2J\u007f`},
		{"seven..\x7f", `seven..\u007f`},
		{"\u0080\u009b31m\u009f", `\u0080\u009b31m\u009f`},
		{"\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e", `\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e`},
		{"\u2066\u2067\u2068\u2069", `\u2066\u2067\u2068\u2069`},
		{"\u2028\u2029", `\u2028\u2029`},
		{"a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"\U000e0041", `\udb40\udc41`}, // a tag
		{"a\u00a0b\u3000c", "a\u00a0b\u3000c"},
		{`\u009b`, `\\u009b`},
		{"\xff\u202e", `\ufffd\u202e`},
	} {
		if got := inJSON(t, test.in); got != test.want {
			t.Errorf("%q is written %s, want %s", test.in, got, test.want)
		}
	}
}

// TestJSONInOnePiece: a value longer than any buffer, indented, has its characters whole.
func TestJSONInOnePiece(t *testing.T) {
	for shift := range 4 {
		value := []string{strings.Repeat("x", shift) + strings.Repeat("\u202e", 300_000)}
		var b bytes.Buffer
		e := NewJSON(&b)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || !slices.Equal(got, value) {
			t.Fatalf("shift %d: %.100q, %v", shift, b.Bytes(), err)
		}
		if strings.ContainsRune(b.String(), '\u202e') {
			t.Fatalf("shift %d: a character is left as it is", shift)
		}
	}
}

// FuzzJSON: what is written is JSON, reads back as it was, and has nothing raw that a terminal obeys.
func FuzzJSON(f *testing.F) {
	f.Add("a\u009b31m\u202e\u2028\x7f\U000e0041")
	f.Add("1234567\x7f\xc2\u0085\xe2\x80")
	f.Fuzz(func(t *testing.T, s string) {
		text := inJSON(t, s)
		var back string
		if err := json.Unmarshal([]byte(`"`+text+`"`), &back); err != nil || back != string([]rune(s)) {
			t.Fatalf("%q is written %s, which reads %q, %v", s, text, back, err)
		}
		for _, r := range text {
			if !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
				t.Errorf("%q is written %q", s, text)
			}
		}
		if size := func() (n int) {
			for _, r := range s {
				n += SizeInJSON(r)
			}
			return n
		}(); len(text) > size || !utf8.ValidString(text) {
			t.Errorf("%q takes %d bytes, more than %d", s, len(text), size)
		}
	})
}
