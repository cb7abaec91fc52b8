package config

import (
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"
)

// Web says where the live page is served: on one of Path and Listen.
type Web struct {
	Path   string
	Mode   fs.FileMode
	GID    int            // -1: that of the process
	Listen netip.AddrPort // on loopback
}

// web is a Web as it is written.
type web struct {
	Listen string `toml:"listen"`
	Mode   string `toml:"mode"`
	Group  string `toml:"group"`
}

const unixPrefix = "unix:"

// web checks what is written; nil if nothing is.
func (w *web) web() (*Web, error) {
	if w == nil {
		return nil, nil
	}
	path, isPath := strings.CutPrefix(w.Listen, unixPrefix)
	if !isPath {
		return w.port()
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("web.listen %q: want a path that begins with /, such as unix:/run/exiwatch/web.sock",
			w.Listen)
	}
	c := &Web{Path: path, GID: -1}
	var err error
	if c.Mode, err = modeOf(w.Mode); err != nil {
		return nil, fmt.Errorf("web.%w", err)
	}
	if w.Group != "" {
		if c.GID, err = groupOf(w.Group); err != nil {
			return nil, fmt.Errorf("web.%w", err)
		}
	}
	return c, nil
}

// port takes nothing but a port of loopback: whoever is elsewhere comes through a tunnel.
func (w *web) port() (*Web, error) {
	address, err := netip.ParseAddrPort(w.Listen)
	switch {
	case w.Listen == "":
		return nil, fmt.Errorf("web.listen is missing: want unix:/run/exiwatch/web.sock or 127.0.0.1:8025")
	case err != nil || address.Port() == 0:
		return nil,
			fmt.Errorf("web.listen %q: want unix:/PATH, or an address of loopback and a port, such as 127.0.0.1:8025",
				w.Listen)
	case address.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) && address.Addr() != netip.IPv6Loopback():
		return nil,
			fmt.Errorf("web.listen %q: others could connect there; want 127.0.0.1 or [::1], to which exiwatch open gives the way from elsewhere", w.Listen)
	case w.Mode != "" || w.Group != "":
		return nil, fmt.Errorf("web: mode and group go with listen = \"unix:/…\"; a port has a token")
	}
	return &Web{Listen: address, GID: -1}, nil
}
