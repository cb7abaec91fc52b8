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

// DefaultSocket is the default path of the socket.
const DefaultSocket = "/run/exiwatch/sender.sock"

// Socket says where Exim asks, and who may ask.
type Socket struct {
	Path     string
	Mode     fs.FileMode
	UID, GID int            // -1: the process's own
	Listen   netip.AddrPort // on loopback; the zero value: none
	Key      window.Key     // key of values without a name; one that a rule has, if possible
}

// socket is a Socket as written.
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

// eximGroups are Exim's groups: Debian's, then Exim's own and Red Hat's, then cPanel's.
var eximGroups = []string{"Debian-exim", "exim", "mailnull"}

// NewSocket is the Socket of an empty [socket].
func NewSocket(rules []window.Rule) *Socket {
	s, err := (&socket{}).socket(rules)
	if err != nil {
		panic(err) // constants that a test covers
	}
	return s
}

// socket checks [socket]. It returns nil without one.
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

// modeOf parses a socket's permissions. It returns DefaultSocketMode for "".
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

// ownerOf finds a user's number. It returns -1 for "".
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

// groupOf finds a group's number. For "" it returns Exim's, or -1 without an Exim.
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

// socketKey is the configured key. Without one, it is sender if a rule counts by it, else account, else the first
// rule's key. A configured sender also becomes account if a rule counts by account and none by sender: $sender_address
// is the name of most accounts.
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

// CountsBy reports whether a rule has the key.
func CountsBy(rules []window.Rule, k window.Key) bool {
	return slices.ContainsFunc(rules, func(r window.Rule) bool { return r.Key == k })
}
