package mailer

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1 kB", 1200: "1.2 kB", 9949: "9.9 kB", 9950: "10 kB", 63000: "63 kB",
		999_499: "999 kB", 999_500: "1 MB", 1_234_567_890: "1.2 GB", 1 << 62: "4.6 EB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestWindowInWords(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		5 * time.Minute: {"5m", "5 minutes"}, time.Hour: {"1h", "1 hour"}, 90 * time.Minute: {"1h30m", "1 hour and 30 minutes"},
		10 * time.Second: {"10s", "10 seconds"}, 7 * 24 * time.Hour: {"7d", "7 days"},
		26*time.Hour + time.Second: {"1d2h1s", "1 day, 2 hours and 1 second"},
	} {
		if brief(d) != want[0] || long(d) != want[1] {
			t.Errorf("%v is %q and %q, want %q", d, brief(d), long(d), want)
		}
	}
}

func TestSpan(t *testing.T) {
	day := at0.Add(24 * time.Hour)
	for _, test := range []struct {
		first, last time.Time
		want        string
	}{
		{at0, at0, "at 2026-11-02 03:12:40 +0100"},
		{at0, at0.Add(time.Minute).UTC(), "from 2026-11-02 03:12:40 to 03:13:40 +0100"},
		{at0, day, "from 2026-11-02 03:12:40 to 2026-11-03 03:12:40 +0100"},
	} {
		if got := span(test.first, test.last); got != test.want {
			t.Errorf("span = %q, want %q", got, test.want)
		}
	}
}
