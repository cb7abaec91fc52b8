package config

import (
	"cmp"
	"net/netip"
)

// DefaultMetrics is where metrics are served unless the configuration says otherwise. Of the ports that Prometheus
// allots to exporters, 9100 to 9999, none is left.
const DefaultMetrics = "127.0.0.1:19628"

// metrics is where they are served, as it is written.
type metrics struct {
	Listen string `toml:"listen"`
}

// address is the zero value if nothing is written.
func (m *metrics) address() (a netip.AddrPort, err error) {
	if m == nil {
		return a, nil
	}
	if a, err = netip.ParseAddrPort(cmp.Or(m.Listen, DefaultMetrics)); err != nil || a.Port() == 0 {
		return a, &flaw{path: "metrics.listen"}
	}
	return a, nil
}
