package summary

import (
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/replay"
)

// TestMissing: numbers that the row of cycled files passes over. Other names tell nothing.
func TestMissing(t *testing.T) {
	for _, test := range []struct{ row, want string }{
		{"mainlog", ""},
		{"mainlog.4.gz mainlog.3.gz mainlog.2.gz mainlog.1 mainlog", ""},
		{"mainlog.4.gz mainlog.1 mainlog", "mainlog.3 mainlog.2"},
		{"mainlog.2.gz mainlog", "mainlog.1"},
		{"mainlog-20261127.gz mainlog-20261129 mainlog", ""},
		{"/a.7/mainlog.02 /a.7/mainlog.01 /a.7/mainlog", ""},
	} {
		var sources []replay.Source
		for name := range strings.FieldsSeq(test.row) {
			sources = append(sources, replay.Source{Name: name})
		}
		if got := missing(sources); !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s: %q is missing, want %q", test.row, got, test.want)
		}
	}
}
