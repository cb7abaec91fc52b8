package config

import (
	"cmp"
	"io/fs"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"exiwatch/internal/escape"
)

// Web says where to serve the live page: on either Path or Listen.
type Web struct {
	Path   string
	Mode   fs.FileMode
	GID    int            // -1: the process's own
	Listen netip.AddrPort // on loopback
	URL    string         // where people reach it, for links; "": nowhere but here
}

// web is a Web as written.
type web struct {
	Listen string `toml:"listen"`
	Mode   string `toml:"mode"`
	Group  string `toml:"group"`
	URL    string `toml:"url"`
}

// web checks [web]. It returns nil without one. It accepts only a port of loopback: users on other machines need a
// tunnel.
func (w *web) web(wrong *flaws) *Web {
	if w == nil {
		return nil
	}
	c := &Web{GID: -1, URL: w.URL}
	u, err := url.Parse(w.URL)
	wrong.unless(w.URL == "" || err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" &&
		(u.Scheme == "https" || u.Scheme == "http") && escape.Text(w.URL) == w.URL, "web.url")
	path, isPath := strings.CutPrefix(w.Listen, "unix:")
	if isPath {
		wrong.unless(filepath.IsAbs(path), "web.listen")
		c.Path, c.Mode = path, wrong.mode("web.mode", w.Mode)
		if w.Group != "" {
			c.GID = wrong.group("web.group", w.Group)
		}
		return c
	}
	c.Listen = wrong.port("web.listen", w.Listen)
	address := c.Listen.Addr()
	wrong.unlessf(address == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || address == netip.IPv6Loopback(), "web.listen",
		"others could connect there; expected 127.0.0.1 or [::1], which exiwatch open makes reachable by ssh")
	const unixOnly = `needs listen = "unix:/PATH"; a token protects a port`
	wrong.unlessf(w.Mode == "", "web.mode", unixOnly)
	wrong.unlessf(w.Group == "", "web.group", unixOnly)
	return c
}

// DefaultMetrics is the default address of the metrics. Prometheus has assigned all of its exporters' ports, 9100 to
// 9999.
const DefaultMetrics = "127.0.0.1:19628"

// metrics is [metrics] as written.
type metrics struct {
	Listen string `toml:"listen"`
}

// address parses the address. It is the zero value without [metrics].
func (m *metrics) address(wrong *flaws) (a netip.AddrPort) {
	if m != nil {
		a = wrong.port("metrics.listen", cmp.Or(m.Listen, DefaultMetrics))
	}
	return a
}

// port parses an IP address and a port.
func (f *flaws) port(path, text string) netip.AddrPort {
	a, err := netip.ParseAddrPort(text)
	f.unless(err == nil && a.Port() != 0, path)
	return a
}
