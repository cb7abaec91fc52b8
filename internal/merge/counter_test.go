package merge

import (
	"testing"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// newCounter makes a counter by the rules of a configuration.
func newCounter(t testing.TB, configuration string, events Events) *Counter {
	t.Helper()
	c, err := NewCounter(configtest.Parse(t, configuration).Rules, events)
	testkit.Must(t, err)
	return c
}
