package config

import (
	"cmp"
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
func NewSocket(rules []window.Rule) *Socket { return new(socket).socket(rules, new(flaws)) }

// socket checks [socket]. It returns nil without one.
func (w *socket) socket(rules []window.Rule, wrong *flaws) *Socket {
	if w == nil {
		return nil
	}
	s := &Socket{Path: cmp.Or(w.Path, DefaultSocket), UID: -1, GID: -1}
	wrong.unless(filepath.IsAbs(s.Path), "socket.path")
	s.Mode = wrong.mode("socket.mode", w.Mode)
	if w.Owner != "" {
		s.UID = numberOf(w.Owner, func(u *user.User) string { return u.Uid }, user.Lookup, user.LookupId)
		wrong.unlessf(s.UID >= 0, "socket.owner", "there is no such user")
	}
	if w.Group != "" {
		s.GID = wrong.group("socket.group", w.Group)
	}
	for _, name := range eximGroups {
		if w.Group == "" && s.GID < 0 {
			s.GID = numberOf(name, gid, user.LookupGroup)
		}
	}
	if w.Listen != "" {
		var err error
		s.Listen, err = netip.ParseAddrPort(w.Listen)
		wrong.unless(err == nil && s.Listen.Addr().IsLoopback(), "socket.listen")
	}
	s.Key = socketKey(w.Key, rules, wrong)
	return s
}

// mode parses a socket's permissions. It returns DefaultSocketMode for "".
func (f *flaws) mode(path, text string) fs.FileMode {
	if text == "" {
		return DefaultSocketMode
	}
	bits, err := strconv.ParseUint(text, 8, 32)
	f.unless(err == nil && bits <= 0o777, path)
	return fs.FileMode(bits)
}

// group finds the number of a group by its name or number.
func (f *flaws) group(path, name string) int {
	id := numberOf(name, gid, user.LookupGroup, user.LookupGroupId)
	f.unlessf(id >= 0, path, "there is no such group")
	return id
}

func gid(g *user.Group) string { return g.Gid }

// numberOf is the number of the user or group that one of the lookups finds; -1 if none does.
func numberOf[T any](name string, id func(T) string, lookups ...func(string) (T, error)) int {
	for _, lookup := range lookups {
		if found, err := lookup(name); err == nil {
			if n, err := strconv.Atoi(id(found)); err == nil {
				return n
			}
		}
	}
	return -1
}

// socketKey is the configured key. Without one, it is sender if a rule counts by it, else account, else the first
// rule's key. A configured sender also becomes account if a rule counts by account and none by sender: $sender_address
// is the name of most accounts.
func socketKey(name string, rules []window.Rule, wrong *flaws) window.Key {
	k, err := window.ParseKey(cmp.Or(name, window.Sender.String()))
	wrong.unlessf(err == nil, "socket.key", "%s", words.Suggest(name, keyNames))
	switch {
	case CountsBy(rules, k):
	case k == window.Sender && CountsBy(rules, window.Account):
		return window.Account
	case name == "":
		return rules[0].Key
	}
	return k
}

// CountsBy reports whether a rule has the key.
func CountsBy(rules []window.Rule, k window.Key) bool {
	return slices.ContainsFunc(rules, func(r window.Rule) bool { return r.Key == k })
}
