package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// from is an arrival from a host, so many seconds after noon.
func from(host string, seconds int) *window.Arrival {
	w := &window.Arrival{At: time.Date(2026, 11, 23, 12, 0, seconds, 0, time.UTC)}
	if host != "" {
		w.Values[window.Host] = []byte(host)
	}
	return w
}

// TestSplit: of an address network and host are found again, in the form of either reader.
func TestSplit(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7":                  "192.0.2.0/24 192.0.2.7",
		"0.0.0.0":                    "0.0.0.0/24 0.0.0.0",
		"255.255.255.255":            "255.255.255.0/24 255.255.255.255",
		"::ffff:192.0.2.7":           "192.0.2.0/24 192.0.2.7",
		"2001:db8::1:2":              "2001:db8::/64 2001:db8::1:2",
		"2001:db8:1:2:ffff:ffff:0:1": "2001:db8:1:2::/64 2001:db8:1:2:ffff:ffff:0:1",
		"::1":                        "::/64 ::1",
		"":                           " ",
		"192.0.2":                    " ",
		"192.0.2.7.":                 " ",
		"192.0.2.256":                " ",
		"192.0..7":                   " ",
		"1922.0.2.7":                 " ",
		"192.0.2.7:25":               " ",
		"mail.lab.test":              " ",
	} {
		var part [network6]byte
		n, host := split(part[:], []byte(address))
		network, again := joined(part[:n], host)
		if got := network + " " + again; got != want {
			t.Errorf("of %q %q, want %q", address, got, want)
		}
	}
}

// TestUncounted: rows have their class, network and span, and the host if it is one alone.
func TestUncounted(t *testing.T) {
	var u Uncounted
	for i := range 5 {
		u.Add(ClassRelayed, from("198.51.100.7", 60*i))
		u.Add(ClassRelayed, from(fmt.Sprintf("2001:db8::%d", i%3), i))
	}
	u.Add(ClassRelayed, from("2001:db8:1::25", 7))
	u.Add(ClassRelayed, from("198.51.100.7", -86400))
	u.Add(ClassLocal, from("", 0))
	u.Add(ClassLocal, from("", 1))
	var got []string
	for _, row := range u.Rows(0) {
		got = append(got, fmt.Sprint(row.Messages, " ", row))
	}
	want := []string{
		"6 relayed or incoming, 198.51.100.0/24, all from 198.51.100.7, within 25 h",
		"5 relayed or incoming, 2001:db8::/64, within 4 s",
		"2 local, within 1 s",
		"1 relayed or incoming, 2001:db8:1::/64, all from 2001:db8:1::25",
	}
	if diff := cmp.Diff(want, got); diff != "" || u.Total() != 14 {
		t.Errorf("%d arrivals (-want +got):\n%s", u.Total(), diff)
	}
	rest := u.Rows(1)
	if len(rest) != 2 || rest[1].Class != ClassOthers || rest[1].Messages != 8 {
		t.Errorf("one row and the others: %+v", rest)
	}
	if text, err := json.Marshal(rest[0]); err != nil ||
		string(text) != `{"class":"relayed or incoming","network":"198.51.100.0/24","messages":6}` {
		t.Errorf("it is %s, %v", text, err)
	}
}

// TestUncountedWithoutTheRelayed: what is relayed later isn't uncounted, however often and in whatever order that is
// noted.
func TestUncountedWithoutTheRelayed(t *testing.T) {
	var u, relayed, more Uncounted
	for i := range 5 {
		u.Add(ClassRelayed, from("198.51.100.7", i))
		u.Add(ClassRelayed, from("10.1.2.3", i))
		relayed.Add(ClassRelayed, from("10.1.2.3", i))
	}
	for i := range 2 {
		more.Add(ClassRelayed, from("198.51.100.8", i))
	}
	relayed.Join(&more)
	for range 2 {
		u.Subtract(&relayed)
	}
	rows := u.Rows(0)
	if len(rows) != 1 || rows[0].Network != "198.51.100.0/24" || rows[0].Messages != 3 || u.Total() != 3 {
		t.Errorf("it has %d: %+v", u.Total(), rows)
	}
}

// TestClassIsReadAgain: JSON gives back each class, and no other.
func TestClassIsReadAgain(t *testing.T) {
	for class := Counted; class <= ClassOthers; class++ {
		text, err := json.Marshal(class)
		var got Class
		if err == nil {
			err = json.Unmarshal(text, &got)
		}
		if err != nil || got != class {
			t.Errorf("of %s there is %s, %v", text, got, err)
		}
	}
	if err := json.Unmarshal([]byte(`"some"`), new(Class)); err == nil {
		t.Error("another word is a class")
	}
}

// TestUncountedInAnyOrder: the rows are the same in whatever order arrivals come and are joined, of more networks
// than have rows.
func TestUncountedInAnyOrder(t *testing.T) {
	const networks = maxUncounted + 200
	var arrivals []*window.Arrival
	for i := range networks {
		for k := range 1 + i%3 {
			arrivals = append(arrivals, from(fmt.Sprintf("10.%d.%d.%d", i/256, i%256, k+1), i*k))
		}
	}
	var want []UncountedRow
	for range 3 {
		rand.Shuffle(len(arrivals), func(i, k int) { arrivals[i], arrivals[k] = arrivals[k], arrivals[i] })
		var parts [3]Uncounted
		for i, a := range arrivals {
			parts[i%len(parts)].Add(ClassRelayed, a)
		}
		parts[2].Join(&parts[0])
		parts[2].Join(&parts[1])
		rows := parts[2].Rows(0)
		if want == nil {
			want = rows
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
	}
	sum := int64(0)
	for _, row := range want {
		sum += row.Messages
	}
	if len(want) != maxUncounted+1 || want[maxUncounted].Class != ClassOthers || sum != int64(len(arrivals)) {
		t.Errorf("%d rows of %d messages, want %d of %d", len(want), sum, maxUncounted+1, len(arrivals))
	}
}

// TestOnly: the line keeps what is named, and adds what is not.
func TestOnly(t *testing.T) {
	row := func(class Class, network string) UncountedRow {
		return UncountedRow{Class: class, Network: network, Messages: 9}
	}
	inside := []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}
	for _, test := range []struct {
		now  []string
		rows []UncountedRow
		want string
	}{
		{[]string{"authenticated", "local"}, []UncountedRow{row(ClassRelayed, "192.0.2.0/24")},
			`only = ["authenticated", "local", "192.0.2.0/24"]`},
		{[]string{"authenticated"}, []UncountedRow{row(ClassLoopback, "127.0.0.0/24"), row(ClassLocal, "")},
			`only = ["authenticated", "loopback", "local"]`},
		{[]string{"local"}, []UncountedRow{row(ClassLocal, "")}, ""},
		{[]string{"local", "192.0.0.0/16"}, []UncountedRow{row(ClassRelayed, "192.0.2.0/24")}, ""},
		{[]string{"local", "192.0.2.1/32"}, []UncountedRow{row(ClassRelayed, "192.0.2.0/24")},
			`only = ["local", "192.0.2.1/32", "192.0.2.0/24"]`},
		{[]string{"local"}, []UncountedRow{row(ClassBounces, ""), row(ClassHandedBack, "127.0.0.0/24"), row(ClassOthers,
			"")}, ""},
		{[]string{"local"}, []UncountedRow{row(ClassBounces, ""), row(ClassBounces, ""), row(ClassBounces, ""),
			row(ClassRelayed, "192.0.2.0/24")}, ""},
		{[]string{"all"}, []UncountedRow{row(ClassRelayed, "192.0.2.0/24")}, ""},
		{nil, []UncountedRow{row(ClassRelayed, "192.0.2.0/24")}, ""},
		{[]string{"local"}, []UncountedRow{row(ClassRelayed, "10.1.2.0/24")}, `only = ["local", "10.1.2.0/24"]`},
		{[]string{"relayed"}, []UncountedRow{row(ClassRelayed, "10.1.2.0/24"), row(ClassRelayed, "198.51.100.0/24")},
			""},
		{[]string{"relayed"}, []UncountedRow{row(ClassRelayed, "192.0.2.0/24")}, `only = ["relayed", "192.0.2.0/24"]`},
	} {
		before := slices.Clone(test.now)
		if got := Only(test.now, inside, test.rows); got != test.want || !slices.Equal(before, test.now) {
			t.Errorf("Only(%q, %v) = %q, want %q", before, test.rows, got, test.want)
		}
	}
}

func BenchmarkUncounted(b *testing.B) {
	var arrivals []*window.Arrival
	for i := range 4096 {
		arrivals = append(arrivals, from(fmt.Sprintf("%d.%d.%d.%d", 11+i%60, i*i%200, i%7, i%256), i))
	}
	var u Uncounted
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		u.Add(ClassRelayed, arrivals[i%len(arrivals)])
	}
}
