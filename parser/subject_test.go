package parser

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// decoded gives the text of a subject, whose bytes are of the charset if nothing else.
func decoded(charset encoding.Encoding, subject string) []byte {
	if isText([]byte(subject)) {
		return []byte(subject)
	}
	var d subjectDecoder
	d.setFallback(charset)
	return d.decode([]byte(subject))
}

// cutBase64 gives an encoded word of as many bytes as Exim logs.
func cutBase64(charset, text string) string {
	word := "=?" + charset + "?B?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?="
	return word[:maxSubject]
}

func TestSubjectDecoded(t *testing.T) {
	for _, test := range []struct{ subject, want string }{
		{"=?utf-8?q?caf=C3=A9?=", "café"},
		{"=?UTF-8?Q?a_b=5Fc?=", "a b_c"},
		{"=?utf-8?B?Y2Fmw6k=?=", "café"},
		{"=?utf-8?b?Y2Fmw6k?=", "café"},
		{"=?iso-8859-1?q?caf=E9?= and more", "café and more"},
		{"Fwd: =?iso-8859-15?Q?5_=A4?=!", "Fwd: 5 €!"},
		{"=?UTF-8*de?Q?gr=C3=BCn?=", "grün"},

		// Charsets.
		{"=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"=?Windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"},
		{"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"=?gb18030?B?xOO6ww==?=", "你好"},
		{"=?GB2312?Q?=C4=E3=BA=C3?=", "你好"},
		{"=?big5?B?p0Gmbg==?=", "你好"},
		{"=?cp932?B?k/qWew==?=", "日本"},
		{"=?ks_c_5601-1987?B?x9Gxuc==?=", "한국"},
		{"=?hz-gb-2312?Q?~{VPND~}?=", "中文"},
		{"=?utf-16?B?BB8EQAQ4?=", "При"},
		{"=?utf-16le?B?HwRABDgE?=", "При"},
		{"=?utf-16?B?//4fBEAEOAQ=?=", "При"},
		{"=?cp437?Q?=81?=", "ü"},
		{"=?x-unknown?B?aGVsbG8=?=", "=?x-unknown?B?aGVsbG8=?="},
		{"=?iso-2022-kr?B?aGVsbG8=?=", "=?iso-2022-kr?B?aGVsbG8=?="},
		{"=?x?Q?a?= =?utf-8?Q?b?=", "=?x?Q?a?= b"},
		{"=?unknown-8bit?Q?caf=E9?=", "café"},
		{"=?us-ascii?Q?caf=C3=A9?=", "café"},
		{"=?utf-8?Q?caf=E9!?=", "café!"}, // it isn't what it says

		// Several words.
		{"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?=\n \t=?iso-8859-1?b?6Q==?=", "aé"},
		{"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"},
		{"=?utf-8?q?=C3?= =?utf-8?b?qQ==?=", "é"},
		{"=?gbk?q?=C4?= =?gbk?q?=E3?=", "你"},
		{"=?utf-8?q?=C3?= =?gbk?q?=C4=E3?=", "\uFFFD你"},
		{"=?utf-8?q?=C3?= x", "\uFFFD x"},

		// What Exim's cut leaves.
		{cutBase64("UTF-8", "Приглашение на ежегодную конференцию"), "Приглашение на ежегодную конференци"},
		{cutBase64("utf-8", "Ваш отчёт за октябрь готов, откройте его"), "Ваш отчёт за октябрь готов, откройте "},
		{cutBase64("utf-16be", strings.Repeat("ab", 40)), strings.Repeat("\u6162", 32)},
		{"=?UTF-8?Q?caf=C3=A9=E2=82", "café"},
		{"=?UTF-8?Q?caf=C3=A9=E", "café"},
		{"=?UTF-8?Q?caf=C3=A9=", "café"},
		{"=?UTF-8?Q?caf=C3=A9?", "café"},
		{"=?iso-2022-jp?B?GyRCRnxLX", "日"},
		{"=?utf-8?q?a?= =?utf-8?b?4", "a"},
		{"=?utf-8?b?4", "=?utf-8?b?4"},
		{"=?utf-8?q?" + strings.Repeat("x", 83) + "?= =?ut", strings.Repeat("x", 83)},
		{"=?utf-8?q?" + strings.Repeat("x", 86) + "?= =", strings.Repeat("x", 86)},
		{strings.Repeat("x", 96) + " =?u", strings.Repeat("x", 96) + " =?u"},
		{"=?utf-8?q?a?= =?ut", "a =?ut"}, // it wasn't cut
		{"=?utf-8?q??=", ""},

		// No encoded words.
		{"why =? because", "why =? because"},
		{"=?utf-8?x?a?=", "=?utf-8?x?a?="},
		{"=??q?a?=", "=??q?a?="},
		{"=?utf-8?q", "=?utf-8?q"},
		{"=?" + strings.Repeat("x", 70) + "?q?a?=", "=?" + strings.Repeat("x", 70) + "?q?a?="},
		{"=?utf-8?q?1=2_=zz?=", "1=2 =zz"},
		{"=?utf-8?b?Y2 F\n*mw6k=?=", "café"},
		{"=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", "=?utf-8?q?a?="}, // once
		{"=?utf-8?q?=0A=00=1B?=", "\n\x00\x1b"},

		// Bytes of no named charset.
		{"Gl\xfcckwunsch", "Glückwunsch"},
		{"caf\xe9", "café"},
		{"caf\xe9 =?utf-8?q?=C3=A9?=", "café é"},
		{"Счёт \xd0", "Счёт \uFFFD"},
		{strings.Repeat("x", 99) + "\xe9", strings.Repeat("x", 99) + "\uFFFD"},
		{"5 \x80", "5 €"},
	} {
		if got := string(decoded(nil, test.subject)); got != test.want {
			t.Errorf("%q is decoded to %q, want %q", test.subject, got, test.want)
		}
	}
}

func TestSubjectOfACharset(t *testing.T) {
	for _, test := range []struct{ charset, subject, want string }{
		{"windows-1255", "\xf9\xec\xe5\xed", "שלום"},
		{"KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"},
		{"gbk", "\xc4\xe3\xba\xc3", "你好"},
		{"gbk", "\xc4\xe3\xba", "你\uFFFD"},
		{"windows-1251", "Привет", "Привет"}, // UTF-8 is never anything else
		{"windows-1251", "=?iso-8859-1?q?=E9?= \xe9", "é й"},
		{"utf-8", "caf\xe9", "caf\uFFFD"},
	} {
		charset, ok := Charset(test.charset)
		if !ok {
			t.Fatalf("charset %q isn't known", test.charset)
		}
		if got := string(decoded(charset, test.subject)); got != test.want {
			t.Errorf("%q in %s is %q, want %q", test.subject, test.charset, got, test.want)
		}
	}
	for _, name := range []string{"", "martian", "replacement", "iso-2022-kr", "utf-7"} {
		if _, ok := Charset(name); ok {
			t.Errorf("charset %q is known", name)
		}
	}
}

// TestSubjectsOfManyCharsets: a log that names a new charset in each line fills no memory.
func TestSubjectsOfManyCharsets(t *testing.T) {
	var d subjectDecoder
	d.setFallback(nil)
	for i := range 10 * maxCharsets {
		d.decode([]byte("=?" + strings.Repeat("x", i%60+1) + string(rune('a'+i%26)) + "?q?a?="))
	}
	if n := len(d.named); n == 0 || n > maxCharsets {
		t.Errorf("%d charsets are kept, want at most %d", n, maxCharsets)
	}
	if got := string(d.decode([]byte("=?koi8-r?q?=F0?="))); got != "П" {
		t.Errorf("then KOI8-R is %q", got)
	}
}

// encodedSubjects are such as a log is full of.
var encodedSubjects = []string{
	`=?UTF-8?B?0J/RgNC40LPQu9Cw0YjQtdC90LjQtSDQvdCwINC10LbQtdCz0L7QtNC90YPRjiDQutC+0L3RhNC10YDQtdC90YbQuN`,
	`=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_dem_Urlaub_und_viele_sch=C3=B6ne_Tage_w=C3=BCnscht_die_ganze_Familie?=`,
	`=?koi8-r?B?8NLJ18XU?= =?gb18030?B?xOO6ww==?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=`,
	`=?x-unknown?B?aGVsbG8=?=`,
	`\371\354\345\355 \362\345\354\355`,
}

// encodedLines gives an arrival of each of them.
func encodedLines() (lines [][]byte) {
	for _, subject := range encodedSubjects {
		lines = append(lines, []byte(head0+`a@b H=(x) [203.0.113.1] P=esmtpa A=login:a S=800 T="`+subject+`" for c@d`))
	}
	return lines
}

func TestDecodingAllocatesNothing(t *testing.T) {
	lines := encodedLines()
	r := NewReader(time.UTC, time.Time{}, func(*Entry) {})
	allocs := testing.AllocsPerRun(20, func() {
		for i, line := range lines {
			r.Line(Place{"mainlog", int64(i)}, line)
		}
	})
	if allocs > 0 {
		t.Errorf("%.0f allocations for %d lines, want none", allocs, len(lines))
	}
}

func BenchmarkEncodedSubjects(b *testing.B) {
	lines := encodedLines()
	r := NewReader(time.UTC, time.Time{}, func(*Entry) {})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Line(Place{"mainlog", int64(i)}, lines[i%len(lines)])
		i++
	}
}

// FuzzSubject: whatever stands in a subject, its text is valid UTF-8 of a bounded length, the same at any time; and
// text stays as it is.
func FuzzSubject(f *testing.F) {
	for _, s := range encodedSubjects {
		f.Add("windows-1251", appendUnescaped(nil, []byte(s)))
	}
	for _, name := range []string{"gb18030", "iso-2022-jp", "utf-16", "hz-gb-2312", "big5", "euc-jp", "shift_jis",
		"euc-kr", "x-mac-cyrillic"} {
		f.Add(name, []byte("\xc4\xe3 =?"+name+"?q?=1B$B=C4~{=A0=E2=82?= =?"+name+"?B?//4fBEAEOAQ"))
	}
	f.Fuzz(func(t *testing.T, name string, subject []byte) {
		charset, _ := Charset(name)
		var d subjectDecoder
		d.setFallback(charset)
		got := bytes.Clone(d.decode(subject))
		if got == nil || !utf8.Valid(got) || len(got) > mostText*len(subject) {
			t.Errorf("%q is decoded to %q", subject, got)
		}
		if isText(subject) && !bytes.Equal(got, subject) {
			t.Errorf("the text %q is decoded to %q", subject, got)
		}
		if again := d.decode(subject); !bytes.Equal(again, got) {
			t.Errorf("%q is decoded to %q, then to %q", subject, got, again)
		}
	})
}
