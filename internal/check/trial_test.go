package check

import (
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
)

// TestTrialIsTold until it ends.
func TestTrialIsTold(t *testing.T) {
	c := checks{Setup: Setup{Config: configtest.Parse(t, "timezone = 'UTC'\n[mail]\ntrial_until = 2026-11-29")}}
	for at, want := range map[time.Time]string{
		time.Date(2026, 11, 29, 23, 59, 59, 0, time.UTC): "until 2026-11-30 00:00 UTC: alerts are counted and shown, but " +
			"nobody is told; then a summary of 2026-11-23 to 2026-11-29 is mailed",
		time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC): "",
	} {
		c.Now = at
		got := ""
		for _, r := range c.trial(t.Context()) {
			got += r.Detail
		}
		if got != want {
			t.Errorf("at %v: %q, want %q", at, got, want)
		}
	}
}
