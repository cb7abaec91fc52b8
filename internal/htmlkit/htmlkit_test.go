package htmlkit

import (
	"strings"
	"testing"
	"time"
)

func TestBarOfACountAgainstItsLimit(t *testing.T) {
	for _, test := range []struct {
		count, limit int64
		want         Bar
	}{
		{0, 20, Bar{0, 100, "", ""}},
		{10, 20, Bar{50, 100, "", ""}},
		{15, 20, Bar{75, 100, "near", ""}},
		{20, 20, Bar{100, 100, "near", ""}},
		{30, 20, Bar{100, 66.7, "over", ""}},
		{40, 20, Bar{100, 50, "over", "2×"}},
		{779, 20, Bar{100, 2.6, "over", "38×"}},
	} {
		if got := NewBar(test.count, test.limit); got != test.want {
			t.Errorf("NewBar(%d, %d) = %v, want %v", test.count, test.limit, got, test.want)
		}
	}
}

// TestColumnsStandUponEachOther: the second series begins where the first one ends, and the limit is within the chart.
func TestColumnsStandUponEachOther(t *testing.T) {
	c := &Columns{
		From: time.Date(2026, 11, 1, 12, 0, 0, 0, time.FixedZone("", 3600)), Step: time.Minute, Limit: 9,
		Series: []Series{{"a", "one", []int64{1, 2}}, {"b", "two", []int64{9, 3}}},
	}
	if c.Top() != 10 {
		t.Fatalf("Top() = %d, want 10", c.Top())
	}
	if got, want := c.Path(0), "M0.0 180.0H500.0L500.0 160.0H1000.0L1000.0 200.0H500.0L500.0 200.0H0.0Z"; got != want {
		t.Errorf("Path(0) = %s, want %s", got, want)
	}
	if got, want := c.Path(1), "M0.0 0.0H500.0L500.0 100.0H1000.0L1000.0 160.0H500.0L500.0 180.0H0.0Z"; got != want {
		t.Errorf("Path(1) = %s, want %s", got, want)
	}
	if n, at := c.Peak(); n != 10 || !at.Equal(c.From) {
		t.Errorf("Peak() = %d, %v", n, at)
	}
	if c.LimitY() != 20 || c.Marks()[0] != "12:00" || c.Marks()[4] != "12:02" {
		t.Errorf("LimitY() = %v, Marks() = %v", c.LimitY(), c.Marks())
	}
	if d := c.Drawing(); d.From%86400 != 12*3600 {
		t.Errorf("a script sees the first span at %d, want noon by the log's clock", d.From)
	}
	var b strings.Builder
	if err := New("x").ExecuteTemplate(&b, "columns", c); err != nil || !strings.Contains(b.String(), `class="limit"`) {
		t.Errorf("%v: %s", err, b.String())
	}
	b.Reset()
	if err := New("x").ExecuteTemplate(&b, "spark", NewSpark([]int64{0, 1, 40})); err != nil ||
		!strings.Contains(b.String(), "M6 20v-20h2v20z") {
		t.Errorf("%v: %s", err, b.String())
	}
	b.Reset()
	if err := New("x").ExecuteTemplate(&b, "bar", NewBar(40, 20)); err != nil ||
		!strings.Contains(b.String(), `x1="50"`) {
		t.Errorf("%v: %s", err, b.String())
	}
}

// TestNothingFromElsewhere: the style sheet names no other resource.
func TestNothingFromElsewhere(t *testing.T) {
	for _, word := range []string{"url(", "@import", "http:", "https:", "expression"} {
		if strings.Contains(CSS, word) {
			t.Errorf("the style sheet has %q", word)
		}
	}
}

// TestLogarithmicScale: the limit's line stays visible where the count is far over it.
func TestLogarithmicScale(t *testing.T) {
	of := func(most int64) *Columns {
		return &Columns{Step: time.Minute, Limit: 20, Series: []Series{{"a", "one", []int64{1, most}}}}
	}
	if c := of(199); c.IsLog() || c.Drawing().Log || c.LimitY() != 179.9 {
		t.Errorf("199: logarithmic %t, limit at %v", c.IsLog(), c.LimitY())
	}
	for _, most := range []int64{200, 1_000_000} {
		if c := of(most); !c.IsLog() || !c.Drawing().Log || c.LimitY() > 160 {
			t.Errorf("%d: logarithmic %t, limit at %v of 200", most, c.IsLog(), c.LimitY())
		}
	}
}
