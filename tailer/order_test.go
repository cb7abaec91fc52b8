package tailer

import (
	"slices"
	"strings"
	"testing"
)

// TestBefore: pairs are those that names order; "a<b" means that a comes first.
func TestBefore(t *testing.T) {
	for _, test := range []struct{ paths, want string }{
		{"mainlog mainlog.1 mainlog.2.gz", "mainlog.1<mainlog mainlog.2.gz<mainlog mainlog.2.gz<mainlog.1"},
		{"mainlog.01 mainlog.10.xz", "mainlog.10.xz<mainlog.01"},
		{"main.1.log main.log", "main.1.log<main.log"},
		{"main-20261122.log.zst main-20261121.log", "main-20261121.log<main-20261122.log.zst"},
		{"20261122-mainlog 20261121-mainlog", "20261121-mainlog<20261122-mainlog"},
		{"2026-11-22.log 2026-11-03.log", "2026-11-03.log<2026-11-22.log"},
		{"mainlog mainlog-20261121 mainlog.1", "mainlog-20261121<mainlog mainlog.1<mainlog"}, // of two kinds
		{"mainlog mainlog.old", "mainlog.old<mainlog"},
		{"mainlog.old mainlog.1", ""},
		{"mainlog.2 mainlog.2.gz", ""},
		{"mainlog other.log", ""},
		{"mainlog other.log.1 mainlog.1 other.log", "other.log.1<other.log mainlog.1<mainlog"},
		{"old/mainlog.1.gz log/mainlog", "old/mainlog.1.gz<log/mainlog"},
		{"a/mainlog a/mainlog.1 b/mainlog b/mainlog.1", "a/mainlog.1<a/mainlog b/mainlog.1<b/mainlog"},
		{"mainlog mainlog2 rejectlog.1", ""},
		{"000 001 010 020", ""},
		{"part1.log part2.log", ""},
		{"part-1.log part-2.log", ""},
		{"20261121 20261122", ""},
		{"- mainlog standard.1 /dev/fd/63 /dev/fd/64", ""},
		{"mainlog", ""},
		{"", ""},
	} {
		paths := strings.Fields(test.paths)
		var got []string
		for i, before := range Predecessors(paths) {
			for _, j := range before {
				got = append(got, paths[j]+"<"+paths[i])
			}
		}
		want := strings.Fields(test.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("of %s come %q, want %q", test.paths, got, want)
		}
	}
}
