package check

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lists are Exim lists of all forms, with the items of each.
var lists = []struct {
	list  string
	items []string
}{
	{"", nil},
	{":", []string{""}},
	{": :", []string{"", ""}},
	{"a", []string{"a"}},
	{"a:b", []string{"a", "b"}},
	{" a : b : ", []string{"a", "b"}},
	{": 127.0.0.1 : ::::1", []string{"", "127.0.0.1", "::1"}},
	{"127.0.0.1 : 2001::db8::::/32", []string{"127.0.0.1", "2001:db8::/32"}},
	{"<; 127.0.0.1 ; ::1", []string{"127.0.0.1", "::1"}},
	{"<; 127.0.0.1 ; ::1 ; 192.0.2.0/24", []string{"127.0.0.1", "::1", "192.0.2.0/24"}},
	{"<;a;;b;c", []string{"a;b", "c"}},
	{"<, 10.0.0.0/8, 192.0.2.1", []string{"10.0.0.0/8", "192.0.2.1"}},
	{"<| a | b", []string{"a", "b"}},
	{"<;", nil},
	{"< a : b", []string{"< a", "b"}},
	{"!192.0.2.9 : 192.0.2.0/24", []string{"!192.0.2.9", "192.0.2.0/24"}},
	{"lsearch;/etc/relay : *.lab.test", []string{"lsearch;/etc/relay", "*.lab.test"}},
}

func TestItems(t *testing.T) {
	for _, test := range lists {
		if got := items(test.list); !slices.Equal(got, test.items) {
			t.Errorf("items(%q) = %q, want %q", test.list, got, test.items)
		}
	}
	for list, want := range map[string][]string{
		`"10.0.0.0/8 : 192.0.2.1"`:                     {"10.0.0.0/8", "192.0.2.1"},
		`${if exists{/etc/a:b}{/etc/a}{}} : 192.0.2.1`: {"${if exists{/etc/a:b}{/etc/a}{}}", "192.0.2.1"},
		`10.0.0.1 : ${lookup{x}lsearch{/etc/x}{$value`: {"10.0.0.1", "${lookup{x}lsearch{/etc/x}{$value"},
		`}{ : 10.0.0.1`: {"}{", "10.0.0.1"},
	} {
		if got := items(list); !slices.Equal(got, want) {
			t.Errorf("items(%q) = %q, want %q", list, got, want)
		}
	}
}

// TestItemsAsExim: a real Exim takes the same lists apart in the same way.
func TestItemsAsExim(t *testing.T) {
	exim, err := exec.LookPath("/usr/sbin/exim4")
	if err != nil {
		t.Skip(err)
	}
	for _, test := range lists {
		out, err := exec.Command(exim, "-be", "${reduce{"+test.list+"}{}{$value[$item]}}").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		for _, item := range test.items {
			want += "[" + item + "]"
		}
		if got := strings.TrimSuffix(string(out), "\n"); got != want {
			t.Errorf("Exim makes %s of %q, want %s", got, test.list, want)
		}
	}
}

// TestHosts: names are followed, negated items left out, and what would have to be looked up is told.
func TestHosts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "relay")
	if err := os.WriteFile(file, []byte("# ours\n192.0.2.77   # printer\n\n!198.51.100.9\n198.51.100.0/24\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	n := named{
		"inner": "10.0.0.0/8 : +deeper", "deeper": "<; 2001:db8::/32 ; ::1", "loop": "192.0.2.1 : +loop", "empty": "",
	}
	for list, want := range map[string]string{
		":":                                  "[] true []",
		"@[]":                                "[] true []",
		"127.0.0.0/8 : ::::1":                "[] true []",
		"localhost":                          "[] true []",
		"+inner : 192.0.2.1":                 "[10.0.0.0/8 2001:db8::/32 192.0.2.1] true []",
		"+loop : 192.0.2.1":                  "[192.0.2.1] false [+loop]",
		"+empty":                             "[] false []",
		"+nowhere":                           "[] false [+nowhere]",
		"+ignore_unknown : 192.0.2.1":        "[192.0.2.1] false []",
		"!192.0.2.9 : 192.0.2.9 : 192.0.2.8": "[192.0.2.8] false []",
		"! 192.0.2.0/24 : 192.0.2.9":         "[] false []",
		"192.0.2.9 : !192.0.2.9":             "[192.0.2.9] false [every other host (the list ends with a negated item)]",
		"192.0.2.5/24":                       "[192.0.2.0/24] false []",
		"::ffff::192.0.2.5":                  "[] false [:ffff:192.0.2.5]",
		"<; ::ffff:192.0.2.5":                "[192.0.2.5] false []",
		"*":                                  "[] false [*]",
		"lsearch;/etc/x : *.lab.test : mail.lab.test : ^mx": "[] false [lsearch;/etc/x *.lab.test mail.lab.test ^mx]",
		"192.0.2.1 : ${lookup{a:b}lsearch{/etc/x}}":         "[192.0.2.1] false [${lookup{a:b}lsearch{/etc/x}}]",
		file:               "[192.0.2.77 198.51.100.0/24] false []",
		file + ".nowhere":  "[] false [" + file + ".nowhere]",
		filepath.Dir(file): "[] false [" + filepath.Dir(file) + "]",
	} {
		h := new(hostList)
		n.add(h, items(list), maxNesting)
		if got := fmt.Sprint(texts(h.networks), h.loopback, h.skipped); got != want {
			t.Errorf("hosts(%q) = %s, want %s", list, got, want)
		}
	}
}
