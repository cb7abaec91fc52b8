package mailer

import (
	"testing"
	"time"
)

func TestWindowInWords(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		5 * time.Minute: {"5m", "5 minutes"}, time.Hour: {"1h", "1 hour"},
		90 * time.Minute: {"1h30m", "1 hour and 30 minutes"},
		10 * time.Second: {"10s", "10 seconds"}, 7 * 24 * time.Hour: {"7d", "7 days"},
		26*time.Hour + time.Second: {"1d2h1s", "1 day, 2 hours and 1 second"},
	} {
		if brief(d) != want[0] || long(d) != want[1] {
			t.Errorf("%v is %q and %q, want %q", d, brief(d), long(d), want)
		}
	}
}

func TestBetween(t *testing.T) {
	day := at0.Add(24 * time.Hour)
	for _, test := range []struct {
		first, last time.Time
		want        string
	}{
		{at0, at0, "at 2026-11-02 03:12:40 +0100"},
		{at0, at0.Add(time.Minute).UTC(), "from 2026-11-02 03:12:40 to 03:13:40 +0100"},
		{at0, day, "from 2026-11-02 03:12:40 to 2026-11-03 03:12:40 +0100"},
	} {
		if got := between(test.first, test.last); got != test.want {
			t.Errorf("between = %q, want %q", got, test.want)
		}
	}
}

func TestRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", 999 * time.Millisecond: "", time.Second: "1s", 61 * time.Second: "1m1s", time.Hour: "1h",
		time.Hour + 59*time.Second: "1h", 50*time.Hour + 59*time.Minute: "2d2h",
	} {
		if got := brief(rough(d)); got != want {
			t.Errorf("rough(%v) = %q, want %q", d, got, want)
		}
	}
}
