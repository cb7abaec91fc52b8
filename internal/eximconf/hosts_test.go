package eximconf

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestHosts: names are followed, negated items left out, and what would have to be looked up is told.
func TestHosts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "relay")
	if err := os.WriteFile(file, []byte("# ours\n192.0.2.77   # printer\n\n!198.51.100.9\n198.51.100.0/24\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	n := lists{
		"inner": "10.0.0.0/8 : +deeper", "deeper": "<; 2001:db8::/32 ; ::1", "loop": "192.0.2.1 : +loop", "empty": "",
	}
	for list, want := range map[string]string{
		":":                                  "[] true []",
		"@[]":                                "[] true []",
		"127.0.0.0/8 : ::::1":                "[] true []",
		"localhost":                          "[] true []",
		"+inner : 192.0.2.1":                 "[10.0.0.0/8 2001:db8::/32 192.0.2.1/32] true []",
		"+loop : 192.0.2.1":                  "[192.0.2.1/32] false [+loop]",
		"+empty":                             "[] false []",
		"+nowhere":                           "[] false [+nowhere]",
		"+ignore_unknown : 192.0.2.1":        "[192.0.2.1/32] false []",
		"!192.0.2.9 : 192.0.2.9 : 192.0.2.8": "[192.0.2.8/32] false []",
		"! 192.0.2.0/24 : 192.0.2.9":         "[] false []",
		"192.0.2.9 : !192.0.2.9":             "[192.0.2.9/32] false [every other host (the list ends with a negated item)]",
		"192.0.2.5/24":                       "[192.0.2.0/24] false []",
		"::ffff::192.0.2.5":                  "[] false [:ffff:192.0.2.5]",
		"<; ::ffff:192.0.2.5":                "[192.0.2.5/32] false []",
		"*":                                  "[] false [*]",
		"lsearch;/etc/x : *.lab.test : mail.lab.test : ^mx": "[] false [lsearch;/etc/x *.lab.test mail.lab.test ^mx]",
		"192.0.2.1 : ${lookup{a:b}lsearch{/etc/x}}":         "[192.0.2.1/32] false [${lookup{a:b}lsearch{/etc/x}}]",
		file:               "[192.0.2.77/32 198.51.100.0/24] false []",
		file + ".nowhere":  "[] false [" + file + ".nowhere]",
		filepath.Dir(file): "[] false [" + filepath.Dir(file) + "]",
	} {
		h := new(HostList)
		n.addHosts(h, items(list), maxNesting)
		if got := fmt.Sprint(h.Networks, h.Loopback, h.Skipped); got != want {
			t.Errorf("hosts(%q) = %s, want %s", list, got, want)
		}
	}
}
