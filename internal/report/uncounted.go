package report

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"exiwatch/window"
)

// A Class is a kind of arrival in an Uncounted. The zero value is for arrivals that a rule counts.
type Class uint8

const (
	Counted            Class = iota
	ClassAuthenticated       // these are also words of only in [count]:
	ClassLocal
	ClassLoopback
	ClassBounces
	ClassHandedBack // by a filter that this Exim had given the message to
	ClassRelayed    // from another host, without a login
	ClassOthers     // rows of any class that are left out
)

var classNames = [...]string{"counted", "authenticated", "local", "loopback", "bounces", "handed back",
	"relayed or incoming", "others"}

func (c Class) String() string { return classNames[c] }

// MarshalText gives the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name.
func (c *Class) UnmarshalText(name []byte) error {
	i := slices.Index(classNames[:], string(name))
	if i < 0 {
		return fmt.Errorf("%q is no class of arrivals", name)
	}
	*c = Class(i)
	return nil
}

// maxUncounted is how many rows an Uncounted gives.
const maxUncounted = 1000

// An Uncounted counts the arrivals that no rule counts, by class and network. Their order does not matter. Its zero
// value is empty.
//
// Note: it holds each network until it is read, as a Ranking holds each host. To drop networks earlier would make the
// rows depend on the order.
type Uncounted struct{ rows hashTable }

// The fields of a record, besides messages. Its text is the class and the network's part of the address.
const (
	firstSeen = iota + 1 // Unix time
	lastSeen
	hostPart // the rest of the sending host's address; severalHosts
)

// severalHosts stands for more than one host, and for none.
const severalHosts = -1

// An UncountedRow is a class and a network with the number of their messages.
type UncountedRow struct {
	Class    Class  `json:"class"`
	Network  string `json:"network"` // the /24 or /64 of the sending hosts; "" where there is none
	Messages int64  `json:"messages"`

	Host   string        `json:"-"` // the sending host, if it is one alone
	Within time.Duration `json:"-"` // from the first message to the last one
}

// Add adds an arrival of a class. It uses only the host of its values.
func (u *Uncounted) Add(class Class, w *window.Arrival) {
	at := w.At.Unix()
	key := [1 + network6]byte{byte(class)}
	n, host := split(key[1:], w.Values[window.Host])
	u.add(key[:1+n], 1, at, at, host)
}

func (u *Uncounted) add(key []byte, n, first, last, host int64) {
	r, _ := u.rows.find(key, hashOf(key))
	if r.field(messages) == 0 {
		r.set(firstSeen, first)
		r.set(lastSeen, last)
		r.set(hostPart, host)
	}
	r.add(messages, n)
	r.set(firstSeen, min(r.field(firstSeen), first))
	r.set(lastSeen, max(r.field(lastSeen), last))
	if r.field(hostPart) != host {
		r.set(hostPart, severalHosts)
	}
}

// Join moves the arrivals of other into u.
func (u *Uncounted) Join(other *Uncounted) {
	for _, r := range other.rows.all() {
		u.add(r.text(), r.field(messages), r.field(firstSeen), r.field(lastSeen), r.field(hostPart))
	}
	*other = Uncounted{}
}

// Subtract takes the arrivals of other out of u, which has them: rules count them after all. What rows say besides
// their numbers stays as it was. It empties other.
func (u *Uncounted) Subtract(other *Uncounted) {
	for _, o := range other.rows.all() {
		r, _ := u.rows.find(o.text(), hashOf(o.text()))
		r.add(messages, -min(o.field(messages), r.field(messages)))
	}
	*other = Uncounted{}
}

// Total is the number of arrivals.
func (u *Uncounted) Total() int64 { return u.rows.sum(messages) }

// Rows gives the n rows with the most messages, most first, and after them one of ClassOthers for the rest. n is at
// most maxUncounted; 0 means maxUncounted.
func (u *Uncounted) Rows(n int) []UncountedRow {
	if n <= 0 || n > maxUncounted {
		n = maxUncounted
	}
	rows := make([]UncountedRow, 0, u.rows.size)
	for _, r := range u.rows.all() {
		if r.field(messages) > 0 {
			rows = append(rows, uncountedRow(r))
		}
	}
	slices.SortFunc(rows, func(a, b UncountedRow) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Class, b.Class),
			cmp.Compare(a.Network, b.Network))
	})
	if len(rows) <= n {
		return rows
	}
	others := UncountedRow{Class: ClassOthers}
	for _, row := range rows[n:] {
		others.Messages += row.Messages
	}
	return append(rows[:n], others)
}

func uncountedRow(r record) UncountedRow {
	network, host := joined(r.text()[1:], r.field(hostPart))
	return UncountedRow{
		Class: Class(r.text()[0]), Network: network, Host: host, Messages: r.field(messages),
		Within: time.Duration(r.field(lastSeen)-r.field(firstSeen)) * time.Second,
	}
}

// How many bytes of an address are its network's, a /24 or a /64.
const network4, network6 = 3, 8

// split writes the network's part of an address. It gives the part's length, 0 for what is no address, and the rest of
// the address as a number.
func split(network, address []byte) (n int, host int64) {
	if a, ok := ipv4(address); ok {
		network[0], network[1], network[2] = byte(a>>24), byte(a>>16), byte(a>>8)
		return network4, int64(a & 0xff)
	}
	ip, err := netip.ParseAddr(string(address))
	if err != nil {
		return 0, severalHosts
	}
	whole := ip.As16()
	if ip.Unmap().Is4() {
		return copy(network, whole[12:15]), int64(whole[15])
	}
	return copy(network, whole[:network6]), int64(binary.BigEndian.Uint64(whole[network6:]))
}

// joined writes the network that split found, and the host if there is only one.
func joined(part []byte, host int64) (network, address string) {
	rest := binary.BigEndian.AppendUint64(nil, uint64(host))
	if len(part) == network4 {
		rest = rest[len(rest)-1:]
	}
	ip, ok := netip.AddrFromSlice(slices.Concat(part, rest))
	if !ok {
		return "", ""
	}
	if host != severalHosts {
		address = ip.String()
	}
	return netip.PrefixFrom(ip, 8*len(part)).Masked().String(), address
}

// ipv4 parses an IPv4 address in three times the speed of netip.ParseAddr. Most addresses are of this form.
func ipv4(text []byte) (address uint32, ok bool) {
	if len(text) > len("255.255.255.255") {
		return 0, false
	}
	part, digits, dots := uint32(0), 0, 0
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9' && digits < 3:
			part, digits = part*10+uint32(c-'0'), digits+1
		case c == '.' && digits > 0 && part <= 255 && dots < 3:
			address, part, digits, dots = address<<8|part, 0, 0, dots+1
		default:
			return 0, false
		}
	}
	return address<<8 | part, dots == 3 && digits > 0 && part <= 255
}

// String describes the row without its count.
func (r UncountedRow) String() string {
	if r.Class == ClassOthers {
		return "in other classes and networks"
	}
	text := r.Class.String()
	if r.Network != "" {
		text += ", " + r.Network
	}
	if r.Host != "" {
		text += ", all from " + r.Host
	}
	if r.Within > 0 {
		text += ", within " + span(r.Within)
	}
	return text
}

// span writes a duration in one unit, rounded up.
func span(d time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case d > 2*24*time.Hour:
		unit, name = 24*time.Hour, "days"
	case d > 2*time.Hour:
		unit, name = time.Hour, "h"
	case d > 2*time.Minute:
		unit, name = time.Minute, "min"
	}
	return fmt.Sprintf("%d %s", (d+unit-1)/unit, name)
}

// maxOnly is for how many rows Only makes a line.
const maxOnly = 3

// Only gives the line for [count] that also counts the first rows: to what only names now it adds their classes, and
// the networks of those that are relayed, unless these are inside: what goes outside from there counts as "relayed". It
// is "" where that adds nothing, as where ignore keeps them from counting. ClassBounces and messages that a filter has
// handed back stay out of it. Without now, which is never empty, nobody knows the line.
func Only(now []string, inside []netip.Prefix, rows []UncountedRow) string {
	all := slices.Clone(now)
	for _, row := range rows[:min(len(rows), maxOnly)] {
		word := row.Class.String()
		switch row.Class {
		case ClassAuthenticated, ClassLocal, ClassLoopback:
		case ClassRelayed:
			word = row.Network
		default:
			continue
		}
		if word != "" && !slices.ContainsFunc(all, func(has string) bool { return covers(has, word, inside) }) {
			all = append(all, word)
		}
	}
	if len(now) == 0 || len(all) == len(now) {
		return ""
	}
	return OnlyLine(all)
}

// covers tells whether has, an element of only, counts all that word would; of a network inside, all that goes outside.
func covers(has, word string, inside []netip.Prefix) bool {
	if has == word || has == "all" {
		return true
	}
	network, err := netip.ParsePrefix(word)
	if err != nil {
		return false
	}
	if has == "relayed" {
		return network.Addr().IsPrivate() || slices.ContainsFunc(inside, network.Overlaps)
	}
	within, ok := prefixOf(has)
	return ok && within.Bits() <= network.Bits() && within.Contains(network.Addr())
}

// prefixOf parses a network, or an address as a network of one.
func prefixOf(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix, err == nil
}

// OnlyLine writes the elements of [count] only as a line of the configuration.
func OnlyLine(elements []string) string {
	quoted := make([]string, len(elements))
	for i, e := range elements {
		quoted[i] = strconv.Quote(e)
	}
	return fmt.Sprintf("only = [%s]", strings.Join(quoted, ", "))
}
