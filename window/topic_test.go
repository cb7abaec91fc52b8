package window

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for _, tt := range []struct{ subject, want string }{
		{"", "(empty)"},
		{" \t", "(empty)"},
		{"Meeting", "meeting"},
		{"  two \t words\u00a0here ", "two words here"},
		{"ÄRGER über Öl", "ärger über öl"},

		// Reply prefixes.
		{"Re: Hello", "hello"},
		{"RE:RE: Fwd: AW: hello", "hello"},
		{"Re[2]: hello", "hello"},
		{"Re(12): hello", "hello"},
		{"RE : bonjour", "bonjour"},
		{"Antw: WG: SV: hej", "hej"},
		{"回复：你好", "你好"},
		{"Re:", "(empty)"},
		{"re hello", "re hello"},
		{"Reminder: pay", "reminder: pay"},
		{"Fwd[a]: x", "fwd[a]: x"},
		{"Hello Re: x", "hello re: x"},

		// Emoji, and what shows nothing.
		{"⚡ You won 9425 EUR 🔥", "you won # eur"},
		{"You 👨‍👩‍👧🏽 won ✔️ 1 EUR", "you won # eur"},
		{"🇩🇪🔥", "(emoji)"},
		{"Re: 🎁", "(emoji)"},
		{"1️⃣ 2⃣ offers #️⃣", "offers"},
		{"ab🔥12", "ab #"},
		{"Vi\u200bag\u00adra\u202e", "viagra"},
		{"\u200b", "(empty)"},
		{"a ≥ b → c", "a b c"},
		{"1 + 1 = 2", "# + # = #"},
		{"© Möbel™", "möbel"},
		{"(emoji)", "(emoji)"},

		// Numbers.
		{"Invoice 4711", "invoice #"},
		{"Invoice #4711", "invoice #"},
		{"Invoice #", "invoice #"},
		{"You won $1,200.50!", "you won $#!"},
		{"You won $9!", "you won $#!"},
		{"2026-11-01 14:30", "# #"},
		{"1--2", "#--#"},
		{"٣٤ رسائل", "# رسائل"},
		{"注文番号12345のお知らせ", "注文番号#のお知らせ"},

		// Ids.
		{"Ticket ab12cd closed", "ticket # closed"},
		{"build deadbeef ready", "build # ready"},
		{"a facade, a decade", "a facade, a decade"},
		{"ref 550E8400-e29b-41d4-a716-446655440000 ok", "ref # ok"},
		{"ref abcdefab-abcd-abcd-abcd-abcdefabcdef ok", "ref # ok"},
		{"ref abcdefab-abcd-abcd-abcd-abcdefabcdefa", "ref #-abcd-abcd-abcd-#"},
		{"ref abcdefab-", "ref #-"},

		// The cut at 100 bytes.
		{"große Prei\uFFFD", "große prei"},
		{"große \uFFFD\uFFFD", "große"},
		{"Re: \uFFFD", "(empty)"},
		{"a\uFFFDb", "a\uFFFDb"},

		// Lower case of another length would let the result grow, or make ASCII of what was none.
		{"ȺȺ", "ȺȺ"},
		{"\u212aabcdef12", "\u212a#"},
		{"a\xffb\xff", "a?b"},
	} {
		if got := string(FoldSubject([]byte(tt.subject), nil)); got != tt.want {
			t.Errorf("FoldSubject(%q) = %q, want %q", tt.subject, got, tt.want)
		}
	}
}

func TestFoldAppendsBehindWhatLooksLikeANumber(t *testing.T) {
	dst := []byte("Re: #.")
	if got := string(FoldSubject([]byte(" 5 Re: x"), dst)); got != "Re: #.# re: x" {
		t.Errorf("FoldSubject onto %q = %q, want %q", dst, got, "Re: #.# re: x")
	}
}

func TestFoldAllocatesNothing(t *testing.T) {
	subject := []byte("Re: Fwd: ÄRGER with 550E8400-e29b-41d4-a716-446655440000 and 1,200.50 on 2026-11-01")
	dst := make([]byte, 0, len(subject))
	if n := testing.AllocsPerRun(100, func() { dst = FoldSubject(subject, dst[:0]) }); n != 0 {
		t.Errorf("FoldSubject allocates %v times a call, want 0", n)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Re: x 1", "1.2-a3 #.#", "re[2x]: re[2]: \uFFFD", "\u212aabc12 İ٣a", "1234\xffabcd",
		"1\ufe0f\u20e3 🔥re: 👍🏽", "a\u200b1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := FoldSubject([]byte(s), nil)
		if twice := FoldSubject(once, nil); !bytes.Equal(once, twice) {
			t.Errorf("FoldSubject(%q) = %q, but FoldSubject of that = %q", s, once, twice)
		}
		if len(once) > len(s) && string(once) != emojiAlone && string(once) != noText {
			t.Errorf("FoldSubject(%q) = %q, %d bytes longer", s, once, len(once)-len(s))
		}
		if !utf8.Valid(once) {
			t.Errorf("FoldSubject(%q) = %q, not valid UTF-8", s, once)
		}
		if cut := FoldSubject([]byte(strings.ToValidUTF8(s, "")+"\uFFFD"), nil); !bytes.Equal(cut,
			FoldSubject([]byte(strings.ToValidUTF8(s, "")), nil)) {
			t.Errorf("FoldSubject(%q) differs when cut inside a character: %q", s, cut)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	subject := []byte("Re: Your invoice 2026-1101 of 1,200.50 EUR is ready, please pay until 2026-11-01")
	dst := make([]byte, 0, len(subject))
	b.ReportAllocs()
	b.SetBytes(int64(len(subject)))
	for b.Loop() {
		dst = FoldSubject(subject, dst[:0])
	}
}
