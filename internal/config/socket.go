package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// DefaultSocket is where Exim asks unless the configuration says otherwise.
const DefaultSocket = "/run/exiwatch/sender.sock"

// Socket says who may ask, and where.
type Socket struct {
	Path     string
	Mode     fs.FileMode
	UID, GID int            // -1: those of the process
	Listen   netip.AddrPort // on loopback; the zero value: not
	Key      window.Key     // of a value without a name: one that a rule has, if possible
}

// socket is a Socket as it is written.
type socket struct {
	Path   string `toml:"path"`
	Mode   string `toml:"mode"`
	Owner  string `toml:"owner"`
	Group  string `toml:"group"`
	Listen string `toml:"listen"`
	Key    string `toml:"key"`
}

// DefaultSocketMode lets Exim's group ask.
const DefaultSocketMode = 0o660

// eximGroups are Exim's groups where Debian, Exim itself and Red Hat, and cPanel install it.
var eximGroups = []string{"Debian-exim", "exim", "mailnull"}

// NewSocket is the one of an empty [socket].
func NewSocket(rules []window.Rule) *Socket {
	s, err := (&socket{}).socket(rules)
	if err != nil {
		panic(err) // constants that a test covers
	}
	return s
}

// socket checks what is written; nil if nothing is.
func (w *socket) socket(rules []window.Rule) (s *Socket, err error) {
	if w == nil {
		return nil, nil
	}
	s = &Socket{Path: cmp.Or(w.Path, DefaultSocket)}
	if !filepath.IsAbs(s.Path) {
		return nil, &flaw{path: "socket.path"}
	}
	if s.Mode, err = modeOf(w.Mode); err != nil {
		return nil, &flaw{"socket.mode", err}
	}
	if s.UID, err = ownerOf(w.Owner); err != nil {
		return nil, &flaw{"socket.owner", err}
	}
	if s.GID, err = groupOf(w.Group); err != nil {
		return nil, &flaw{"socket.group", err}
	}
	if w.Listen != "" {
		if s.Listen, err = netip.ParseAddrPort(w.Listen); err != nil || !s.Listen.Addr().IsLoopback() {
			return nil, &flaw{path: "socket.listen"}
		}
	}
	s.Key, err = socketKey(w.Key, rules)
	return s, err
}

// modeOf gives the permissions of a socket, DefaultSocketMode for none.
func modeOf(mode string) (fs.FileMode, error) {
	if mode == "" {
		return DefaultSocketMode, nil
	}
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil || bits > 0o777 {
		return 0, fmt.Errorf("expected %s", expected["socket.mode"])
	}
	return fs.FileMode(bits), nil
}

// ownerOf gives the number of a user, -1 for none.
func ownerOf(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			return -1, errors.New("there is no such user")
		}
	}
	return strconv.Atoi(u.Uid)
}

// groupOf gives the number of a group; that of Exim for none, -1 if there is no Exim.
func groupOf(name string) (int, error) {
	if name == "" {
		for _, name := range eximGroups {
			if g, err := user.LookupGroup(name); err == nil {
				return strconv.Atoi(g.Gid)
			}
		}
		return -1, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		if g, err = user.LookupGroupId(name); err != nil {
			return -1, errors.New("there is no such group")
		}
	}
	return strconv.Atoi(g.Gid)
}

// socketKey is the key that is named, or sender. In place of sender, if no rule counts by it, it is account if one
// counts by that: $sender_address is the name of most accounts. Where nothing is named and neither is counted it is
// that of the first rule.
func socketKey(name string, rules []window.Rule) (window.Key, error) {
	k, err := window.ParseKey(cmp.Or(name, window.Sender.String()))
	switch {
	case err != nil:
		return k, flawf("socket.key", "%s", words.Suggest(name, keyNames()))
	case CountsBy(rules, k):
		return k, nil
	case k == window.Sender && CountsBy(rules, window.Account):
		return window.Account, nil
	case name == "":
		return rules[0].Key, nil
	}
	return k, nil
}

// CountsBy tells whether a rule has the key.
func CountsBy(rules []window.Rule, k window.Key) bool {
	return slices.ContainsFunc(rules, func(r window.Rule) bool { return r.Key == k })
}
