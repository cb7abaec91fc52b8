package tailer

import (
	"slices"
	"strings"
	"testing"
)

func TestMissing(t *testing.T) {
	for _, test := range []struct{ row, want string }{
		{"mainlog", ""},
		{"mainlog.4.gz mainlog.3.gz mainlog.2.gz mainlog.1 mainlog", ""},
		{"mainlog.4.gz mainlog.1 mainlog", "mainlog.3 to .2"},
		{"mainlog.3.gz mainlog.1 mainlog", "mainlog.2"},
		{"mainlog.2.gz mainlog", "mainlog.1"},
		{"mainlog.5 mainlog.3 mainlog.0 mainlog", "mainlog.4; mainlog.2 to .1"},
		{"mainlog.1.gz mainlog.0 mainlog", ""},
		{"mainlog.03.gz mainlog.02 mainlog.01 mainlog", ""},
		{"mainlog-20261127.gz mainlog-20261129 mainlog", ""},
		{"mainlog.20261127 mainlog.1 mainlog", ""},
		{"mainlog.2025 mainlog", ""}, // a year
		{"mainlog.old mainlog", ""},
	} {
		if got := Missing("mainlog", strings.Fields(test.row)); strings.Join(got, "; ") != test.want {
			t.Errorf("%s: %q is missing, want %q", test.row, got, test.want)
		}
	}
	if got := Missing("/a.7/mainlog", []string{"/a.7/mainlog.3", "/old/mainlog.1"}); !slices.Equal(got,
		[]string{"/a.7/mainlog.2"}) {
		t.Errorf("%q is missing", got)
	}
}
