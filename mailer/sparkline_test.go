package mailer

import (
	"bytes"
	"image/png"
	"testing"
	"time"

	"exiwatch/window"
)

func TestSpark(t *testing.T) {
	for _, test := range []struct {
		bars []int64
		want string
	}{
		{[]int64{0, 0}, "▁▁"},
		{[]int64{0, 1, 2, 3, 4, 5, 6, 7}, "▁▂▃▄▅▆▇█"},
		{[]int64{0, 1, 1000, 999, 500}, "▁▂██▅"}, // one of a thousand isn't none
		{[]int64{1 << 62, 1}, "█▂"},
	} {
		if got := (&sparkline{bars: test.bars}).text(); got != test.want {
			t.Errorf("%v: %s, want %s", test.bars, got, test.want)
		}
	}
}

func TestChartIsLabelledTruthfully(t *testing.T) {
	for _, test := range []struct {
		rule           string
		apart          time.Duration
		scale, over    string
		from, to, bars string
	}{
		{"account 2/10s", time.Second, "Messages per 10 seconds, at most 3.", "Over the limit since 03:12:42.",
			"03:12:20", "03:12:50", "Bar chart: 0 0 3"},
		{"account 2/5m", time.Minute, "Messages per minute, at most 1.", "Over the limit since 03:14:40.", "03:04",
			"03:15", "Bar chart: 0 0 0 0 0 0 0 0 1 1 1"},
		{"account 2/1h", 20 * time.Minute, "Messages per 5 minutes, at most 1.", "Over the limit since 03:52:40.",
			"01:50", "03:55", "Bar chart: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 1 0 0 0 1"},
		{"account 2/7d", 48 * time.Hour, "Messages per day, at most 1.", "Over the limit since 2026-11-06 03:12:40.",
			"2026-10-23", "2026-11-07", "Bar chart: 0 0 0 0 0 0 0 0 0 0 1 0 1 0 1"},
	} {
		l := begin(t, director, test.rule)
		var alert *window.Alert
		for i := range 3 {
			if opened, _ := l.count(at0.Add(time.Duration(i)*test.apart),
				values{window.Account: "a"}); len(opened) > 0 {
				alert = opened[0]
			}
		}
		c := sparklineOf(alert)
		if c.Scale != test.scale || c.Over != test.over || c.From != test.from || c.To != test.to ||
			c.Alt() != test.bars {
			t.Errorf("%s: %q %q from %s to %s, %q; want %+v", test.rule, c.Scale, c.Over, c.From, c.To, c.Alt(), test)
		}
	}
}

// TestPictureShowsTheBars looks at the pixels of each bar.
func TestPictureShowsTheBars(t *testing.T) {
	for _, bars := range [][]int64{{0, 5, 10, 1, 0}, {1, 1}, make([]int64, 60)} {
		c := &sparkline{bars: bars, opened: 2}
		data, err := c.png()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil || img.Bounds().Dx() != pictureWidth || img.Bounds().Dy() != pictureHeight {
			t.Fatalf("%v of %v", img.Bounds(), err)
		}
		const full = pictureHeight - 2*margin - ground
		for i, n := range bars {
			left, right := c.slot(i)
			paint := palette[beforeColor]
			if i >= c.opened {
				paint = palette[overColor]
			}
			got := 0
			for y := range pictureHeight {
				if img.At((left+right)/2, y) == paint {
					got++
				}
			}
			if want := height(n, 10, full); len(bars) == 5 && got != want || n == 0 && got != 0 {
				t.Errorf("%v: bar %d is %d pixels high", bars, i, got)
			}
		}
		if len(data) > 2000 {
			t.Errorf("%v: %d bytes", bars, len(data))
		}
	}
}
