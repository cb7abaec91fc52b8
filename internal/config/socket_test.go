package config

import (
	"net/netip"
	"strings"
	"testing"

	"exiwatch/window"
)

func TestSocket(t *testing.T) {
	if c := Default(); c.Socket != nil {
		t.Errorf("a socket that nobody asked for: %+v", c.Socket)
	}
	c, err := Parse("c.toml", []byte("[socket]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s := *c.Socket; s.Path != "/run/exiwatch/sender.sock" || s.Mode != 0o660 || s.UID != -1 ||
		s.Listen.IsValid() || s.Key != window.Account {
		t.Errorf("the default is %+v", s)
	}
	if got := *NewSocket(c.Rules); got != *c.Socket {
		t.Errorf("NewSocket = %+v, want %+v", got, *c.Socket)
	}
	c, err = Parse("c.toml",
		[]byte("socket = {path = '/x', mode = '600', owner = 'root', group = '7', listen = '[::1]:2525', key = 'host'}"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Socket{"/x", 0o600, 0, 7, netip.MustParseAddrPort("[::1]:2525"), window.Host}); *c.Socket != want {
		t.Errorf("Socket = %+v, want %+v", *c.Socket, want)
	}
}

// TestSocketKey: a value without a name is somebody whom a rule counts, if there is one like it.
func TestSocketKey(t *testing.T) {
	for _, test := range []struct{ rules, key, want string }{
		{"", "", "account"}, {"", "sender", "account"}, {"", "host", "host"}, {"", "account", "account"},
		{"sender", "", "sender"}, {"account sender", "", "sender"}, {"account sender", "sender", "sender"},
		{"account sender host", "host", "host"},
		{"host auth", "", "host"}, {"host auth", "auth", "auth"}, {"host", "sender", "sender"},
	} {
		var text strings.Builder
		for key := range strings.FieldsSeq(test.rules) {
			text.WriteString("[[rule]]\nkey = '" + key + "'\n")
		}
		text.WriteString("[socket]\n")
		if test.key != "" {
			text.WriteString("key = '" + test.key + "'\n")
		}
		c, err := Parse("c.toml", []byte(text.String()))
		if err != nil || c.Socket.Key.String() != test.want {
			t.Errorf("%+v: %+v, %v", test, c.Socket, err)
		}
	}
}
