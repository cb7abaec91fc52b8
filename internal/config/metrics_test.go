package config

import (
	"strings"
	"testing"
)

func TestWhereMetricsAreServed(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "invalid AddrPort",
		"[metrics]":                             DefaultMetrics,
		"[metrics]\nlisten = '127.0.0.1:1'":     "127.0.0.1:1",
		"[metrics]\nlisten = '192.0.2.1:19628'": "192.0.2.1:19628",
		"[metrics]\nlisten = '[::]:19628'":      "[::]:19628",
	} {
		if c, err := Parse("c.toml", []byte(text)); err != nil || c.Metrics.String() != want {
			t.Errorf("Parse(%q): metrics at %v, %v, want %s", text, c.Metrics, err, want)
		}
	}
	for _, listen := range []string{":19628", "127.0.0.1", "127.0.0.1:0", "localhost:19628", "127.0.0.1:x",
		"unix:/run/m", "19628"} {
		if _, err := Parse("c.toml", []byte("[metrics]\nlisten = '"+listen+"'")); err == nil ||
			!strings.Contains(err.Error(), "metrics.listen") {
			t.Errorf("listen = %q: %v, want an error that names it", listen, err)
		}
	}
}
