package config

import (
	"net/netip"
	"strings"
	"testing"
)

func TestWeb(t *testing.T) {
	for _, test := range []struct {
		text string
		want *Web
		err  string
	}{
		{"", nil, ""},
		{"[web]\nlisten = \"unix:/run/w.sock\"", &Web{Path: "/run/w.sock", Mode: 0o660, GID: -1}, ""},
		{"[web]\nlisten = \"unix:/run/w.sock\"\nmode = \"0600\"\ngroup = \"root\"",
			&Web{Path: "/run/w.sock", Mode: 0o600, GID: 0}, ""},
		{"[web]\nlisten = \"127.0.0.1:8025\"", &Web{Listen: netip.MustParseAddrPort("127.0.0.1:8025"), GID: -1}, ""},
		{"[web]\nlisten = \"[::1]:8025\"", &Web{Listen: netip.MustParseAddrPort("[::1]:8025"), GID: -1}, ""},
		{"[web]", nil, "web.listen: missing; expected"},
		{"[web]\nlisten = \"0.0.0.0:8025\"", nil, "others could connect"},
		{"[web]\nlisten = \"[::]:8025\"", nil, "others could connect"},
		{"[web]\nlisten = \"192.0.2.1:8025\"", nil, "others could connect"},
		{"[web]\nlisten = \"[::ffff:127.0.0.1]:8025\"", nil, "others could connect"},
		{"[web]\nlisten = \":8025\"", nil, "expected \"unix:"},
		{"[web]\nlisten = \"localhost:8025\"", nil, "expected \"unix:"},
		{"[web]\nlisten = \"127.0.0.1:0\"", nil, "expected \"unix:"},
		{"[web]\nlisten = \"unix:web.sock\"", nil, "expected \"unix:"},
		{"[web]\nlisten = \"unix:/w\"\nmode = \"rw\"", nil, "web.mode"},
		{"[web]\nlisten = \"unix:/w\"\ngroup = \"no such group\"", nil, "web.group"},
		{"[web]\nlisten = \"127.0.0.1:8025\"\ngroup = \"root\"", nil, "a token protects a port"},
	} {
		c, err := Parse("x.toml", []byte(test.text))
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q: %v, want %q", test.text, err, test.err)
			}
			continue
		}
		if err != nil || (c.Web == nil) != (test.want == nil) || c.Web != nil && *c.Web != *test.want {
			t.Errorf("%q: %+v, %v, want %+v", test.text, c.Web, err, test.want)
		}
	}
}
