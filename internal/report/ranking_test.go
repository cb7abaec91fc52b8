package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func ranked(r *Ranking, n int, weight func(*Row) int64) string {
	var out strings.Builder
	for _, row := range r.Top(n, weight) {
		fmt.Fprintf(&out, "%s=%d ", row.Value, weight(&row))
	}
	return strings.TrimSpace(out.String())
}

// TestRankingOrder: most first, ties by value downwards as sort -gr has them, whatever order they came in.
func TestRankingOrder(t *testing.T) {
	adds := []struct {
		value             string
		recipients, bytes int64
	}{
		{"b", 1, 10}, {"a", 1, 10}, {"b", 1, 10}, {"Z", 9, 1}, {"", 0, 0}, {"ä", 1, 10}, {"b", 1, 10}, {"a", 1, 10},
		{"c", 2, 50},
	}
	for turn := range adds {
		var r Ranking
		for i := range adds {
			add := adds[(i+turn)%len(adds)]
			r.Add([]byte(add.value), add.recipients, add.bytes)
		}
		for _, test := range []struct {
			n      int
			weight func(*Row) int64
			want   string
		}{
			{0, Messages, "b=3 a=2 ä=1 c=1 Z=1 =1"},
			{2, Messages, "b=3 a=2"},
			{3, func(r *Row) int64 { return r.Recipients }, "Z=9 b=3 c=2"},
			{100, func(r *Row) int64 { return r.Bytes }, "c=50 b=30 a=20 ä=10 Z=1 =0"},
		} {
			if got := ranked(&r, test.n, test.weight); got != test.want {
				t.Errorf("Top(%d), turn %d = %s, want %s", test.n, turn, got, test.want)
			}
		}
		if r.Len() != 6 {
			t.Errorf("Len = %d, want 6", r.Len())
		}
	}
}

func TestEmptyRanking(t *testing.T) {
	var r Ranking
	if rows := r.Top(0, Messages); rows == nil || len(rows) != 0 || r.Len() != 0 {
		t.Errorf("Top of nothing = %v, want an empty list", rows)
	}
}

// TestRankingKeepsItsOwnBytes: the parser uses its buffers again.
func TestRankingKeepsItsOwnBytes(t *testing.T) {
	var r Ranking
	buffer := []byte("alice")
	r.Add(buffer, 1, 1)
	r.AddDistinct(buffer, buffer)
	copy(buffer, "bobby")
	r.Add(buffer, 1, 1)
	r.AddDistinct(buffer, []byte("1"))
	r.AddDistinct(buffer, []byte("2"))
	r.AddDistinct(buffer, []byte("2"))
	if got := ranked(&r, 0, Distinct); got != "bobby=2 alice=1" {
		t.Errorf("by distinct = %s, want bobby=2 alice=1", got)
	}
}

// TestPrintRow prints what uniq -c does.
func TestPrintRow(t *testing.T) {
	for _, test := range []struct {
		count int64
		value string
		want  string
	}{
		{1, "x", "      1 x\n"},
		{1234567, "x y", "1234567 x y\n"},
		{123456789, "", "123456789 \n"},
		{2, "\x1b[2Ja\nb", "      2 \\x1b[2Ja\\nb\n"},
		{3, "Grüße", "      3 Grüße\n"},
	} {
		var out bytes.Buffer
		PrintRow(&out, test.count, test.value)
		if out.String() != test.want {
			t.Errorf("PrintRow(%d, %q) = %q, want %q", test.count, test.value, out.String(), test.want)
		}
	}
}

// TestRankingsJoined are what one would have been, whatever grows meanwhile.
func TestRankingsJoined(t *testing.T) {
	var one Ranking
	var parts [3]Ranking
	for i := range 30_000 {
		value := fmt.Appendf(nil, "%d%s", i*i%7001, strings.Repeat("x", i%300))
		if i == 77 {
			value = bytes.Repeat(value, 100_000) // longer than a block
		}
		other := fmt.Append(nil, i%13)
		part := &parts[i*7%len(parts)]
		one.Add(value, int64(i), 1)
		one.AddDistinct(value, other)
		if i%2 == 0 {
			part.Add(value, int64(i), 1)
		} else {
			part.AddAll([]Item{{Value: value, Recipients: int64(i), Bytes: 1}})
		}
		part.AddDistinct(value, other)
	}
	var joined Ranking
	for i := range parts {
		joined.Join(&parts[i])
	}
	if joined.Len() != one.Len() || joined.Total() != one.Total() {
		t.Fatalf("%d values, %d arrivals; want %d, %d", joined.Len(), joined.Total(), one.Len(), one.Total())
	}
	for name, weight := range map[string]func(*Row) int64{"messages": Messages, "recipients": Recipients,
		"distinct": Distinct} {
		for _, n := range []int{0, 1, 10, 2000} {
			if ranked(&joined, n, weight) != ranked(&one, n, weight) {
				t.Errorf("the first %d by %s differ", n, name)
			}
		}
	}
}

// TestEmptyValueIsTheLast of its block, and comes again.
func TestEmptyValueIsTheLast(t *testing.T) {
	var r Ranking
	for range 2 {
		r.AddAll([]Item{{Value: []byte{}}})
	}
	if rows := r.Top(0, Messages); len(rows) != 1 || rows[0].Messages != 2 {
		t.Errorf("%v, want one value with 2 messages", rows)
	}
}
