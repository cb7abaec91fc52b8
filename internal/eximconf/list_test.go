package eximconf

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// forms are Exim lists of all forms, with the items of each.
var forms = []struct {
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
	for _, test := range forms {
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
	for _, test := range forms {
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
