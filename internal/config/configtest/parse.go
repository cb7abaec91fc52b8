// Package configtest makes configurations for tests.
package configtest

import (
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/testkit"
)

// Parse reads a configuration whose logs name no zone but UTC. Unless it says otherwise, each event makes a mail.
func Parse(t testing.TB, text string) config.Config {
	t.Helper()
	c, err := config.Parse("test.toml", []byte(text))
	testkit.Must(t, err)
	c.Zone = time.UTC
	if !strings.Contains(text, "max_per_hour") {
		c.Mail.MaxPerHour = 0
	}
	return c
}
