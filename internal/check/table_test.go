package check

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shown is a table with everything that one may have to show.
var shown = slices.Concat(
	pass("configuration", "/etc/exiwatch/exiwatch.toml, 2 rules"),
	fail("configuration", "exiwatch help config lists the keys.",
		"x.toml:1:1: unknown key \"limt\"\nx.toml:2:1: unknown key \"\x1b[31m\""),
	pass("log",
		"/var/log/a-very-long-path-that-has-no-blank-at-all/and-so-cannot-be-broken-anywhere/mainlog, readable by user root"),
	warn("selectors",
		"+subject adds the subjects.\nPut into Exim's configuration\n    log_selector = +tls_peerdn +tls_certificate_verified +smtp_protocol_error +subject\nand restart Exim.",
		"+subject not seen in 82 arrivals"),
	warn("lines",
		"exiwatch replay says more: Grüße, Ж, 文字 in words that are wrapped by what they take in characters and not in bytes.", "ünïcödé"),
)

func TestTable(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(table(shown, false))
	Sum{Pass: 2, Warn: 2, Fail: 1}.Print(&b)
	const golden = "testdata/table.txt"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(b.String()) {
		if utf8.RuneCountInString(line) > 80 && strings.Count(strings.TrimSpace(line), " ") > 0 &&
			!strings.Contains(line, "log_selector") && !strings.Contains(line, "a-very-long") {
			t.Errorf("%q is wider than a terminal", line)
		}
	}
}

// TestTableColour: colours stand around the status alone, and nothing else escapes.
func TestTableColour(t *testing.T) {
	plain, coloured := table(shown, false), table(shown, true)
	if strings.ContainsRune(plain, '\x1b') {
		t.Errorf("%q has an escape", plain)
	}
	if n := strings.Count(coloured, "\x1b"); n != 2*len(shown) {
		t.Errorf("%d escapes, want %d", n, 2*len(shown))
	}
	for _, escape := range []string{"\x1b[32m", "\x1b[33;1m", "\x1b[31;1m", "\x1b[m"} {
		coloured = strings.ReplaceAll(coloured, escape, "")
	}
	if coloured != plain {
		t.Error("without its colours the table is another")
	}
}
