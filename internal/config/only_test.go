package config

import (
	"slices"
	"testing"
)

// TestNamesAreReadAgain: what only and ignore name is written so that it reads as the same.
func TestNamesAreReadAgain(t *testing.T) {
	only := []string{"authenticated", "local", "bounces", "all", "192.0.2.0/24", "192.0.2.1", "2001:db8::/32",
		"2001:db8::1"}
	ignore := []string{"sender:*@lists.example.com", "user:mailnull", "host:192.0.2.0/24", "network:192.0.*"}
	var wrong flaws
	c := count{Only: only, Ignore: ignore}.count("count", &wrong)
	if wrong.first != nil {
		t.Fatal(wrong.first)
	}
	if got := c.OnlyNames(); !slices.Equal(got, only) {
		t.Errorf("only is %q, want %q", got, only)
	}
	for i := range ignore {
		if got := c.Ignore[i].String(); got != ignore[i] {
			t.Errorf("ignore is %q, want %q", got, ignore[i])
		}
	}
}

// TestLowestLimit is that of rules that count messages.
func TestLowestLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"": 20,
		"[[rule]]\nlimit = 50\n[[rule]]\nkey = \"host\"\nlimit = 30\n[[rule]]\ncount = \"recipients\"\nlimit = 5\n": 30,
		"[[rule]]\ncount = \"recipients\"\nlimit = 5\n":                                                             0,
	} {
		c, err := Parse("", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.LowestLimit(); got != want {
			t.Errorf("LowestLimit of %q = %d, want %d", text, got, want)
		}
	}
}
