package config

import (
	"cmp"
	"net/netip"
)

// DefaultMetrics is the default address of the metrics. Prometheus has assigned all of its exporters' ports, 9100 to
// 9999.
const DefaultMetrics = "127.0.0.1:19628"

// metrics is [metrics] as written.
type metrics struct {
	Listen string `toml:"listen"`
}

// address parses the address. It is the zero value without [metrics].
func (m *metrics) address() (a netip.AddrPort, err error) {
	if m == nil {
		return a, nil
	}
	if a, err = netip.ParseAddrPort(cmp.Or(m.Listen, DefaultMetrics)); err != nil || a.Port() == 0 {
		return a, &flaw{path: "metrics.listen"}
	}
	return a, nil
}
