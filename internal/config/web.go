package config

import (
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"
)

// Web says where to serve the live page: on either Path or Listen.
type Web struct {
	Path   string
	Mode   fs.FileMode
	GID    int            // -1: the process's own
	Listen netip.AddrPort // on loopback
}

// web is a Web as written.
type web struct {
	Listen string `toml:"listen"`
	Mode   string `toml:"mode"`
	Group  string `toml:"group"`
}

const unixPrefix = "unix:"

// web checks [web]. It returns nil without one.
func (w *web) web() (*Web, error) {
	if w == nil {
		return nil, nil
	}
	path, isPath := strings.CutPrefix(w.Listen, unixPrefix)
	if !isPath {
		return w.port()
	}
	if !filepath.IsAbs(path) {
		return nil, &flaw{path: "web.listen"}
	}
	c := &Web{Path: path, GID: -1}
	var err error
	if c.Mode, err = modeOf(w.Mode); err != nil {
		return nil, &flaw{"web.mode", err}
	}
	if w.Group != "" {
		if c.GID, err = groupOf(w.Group); err != nil {
			return nil, &flaw{"web.group", err}
		}
	}
	return c, nil
}

// port accepts only a port of loopback. Users on other machines need a tunnel.
func (w *web) port() (*Web, error) {
	address, err := netip.ParseAddrPort(w.Listen)
	switch {
	case err != nil || address.Port() == 0:
		return nil, &flaw{path: "web.listen"}
	case address.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) && address.Addr() != netip.IPv6Loopback():
		return nil, flawf("web.listen", "others could connect there; expected 127.0.0.1 or [::1], which exiwatch open "+
			"makes reachable by ssh")
	case w.Mode != "":
		return nil, errUnixOnly("web.mode")
	case w.Group != "":
		return nil, errUnixOnly("web.group")
	}
	return &Web{Listen: address, GID: -1}, nil
}

func errUnixOnly(path string) error {
	return flawf(path, `needs listen = "unix:/PATH"; a token protects a port`)
}
