package report

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"exiwatch/window"
)

// The classes of arrivals, as an Uncounted names them. The first four are words that [count] only takes.
const (
	ClassAuthenticated = "authenticated"
	ClassLocal         = "local"
	ClassLoopback      = "loopback"
	ClassBounces       = "bounces"
	ClassHandedBack    = "handed back"         // by a filter that had got the message from this Exim
	ClassRelayed       = "relayed or incoming" // from another host, without a login
	ClassOthers        = "others"              // of all classes: what has no row of its own
)

// maxUncounted is how many rows an Uncounted tells.
const maxUncounted = 1000

// An Uncounted tallies the arrivals that no rule counts, by class and network. The order in which they come does not matter.
// Its zero value is empty.
//
// Note: it holds each network until it is read, as a Ranking holds each host: to drop networks earlier would make the rows depend
// on the order.
type Uncounted struct {
	rows table
	key  []byte
}

// The fields of a record, besides messages.
const (
	firstSeen = iota + 1 // Unix time
	lastSeen
	hostBits // the lower half of the sending host's address; severalHosts
)

// severalHosts stands for more than one host, and for none.
const severalHosts = -1

// An UncountedRow is a class and a network with the number of their messages.
type UncountedRow struct {
	Class    string `json:"class"`
	Network  string `json:"network"` // the /24 or /64 of the sending hosts; "" where there is none
	Messages int64  `json:"messages"`

	Host   string        `json:"-"` // the sending host, if it is one alone
	Within time.Duration `json:"-"` // from the first message to the last one
}

// Add adds an arrival of a class. Of its values it needs the host and the network.
func (u *Uncounted) Add(class string, w *window.Arrival) {
	u.key = append(append(append(u.key[:0], class...), '\n'), w.Values[window.Network]...)
	at := w.At.Unix()
	u.add(u.key, 1, at, at, bitsOf(w.Values[window.Host]))
}

func (u *Uncounted) add(key []byte, n, first, last, host int64) {
	r, _ := u.rows.find(key, hashOf(key))
	if r.field(messages) == 0 {
		r.set(firstSeen, first)
		r.set(lastSeen, last)
		r.set(hostBits, host)
	}
	r.add(messages, n)
	r.set(firstSeen, min(r.field(firstSeen), first))
	r.set(lastSeen, max(r.field(lastSeen), last))
	if r.field(hostBits) != host {
		r.set(hostBits, severalHosts)
	}
}

// Join adds what other has, and leaves nothing in it.
func (u *Uncounted) Join(other *Uncounted) {
	for _, r := range other.rows.all() {
		u.add(r.text(), r.field(messages), r.field(firstSeen), r.field(lastSeen), r.field(hostBits))
	}
	*other = Uncounted{}
}

// Total is the number of arrivals.
func (u *Uncounted) Total() (n int64) {
	for _, r := range u.rows.all() {
		n += r.field(messages)
	}
	return n
}

// Rows gives the n rows with the most messages, most first, and behind them what is left of all classes as ClassOthers. If n is 0 it is
// maxUncounted, which it is at the most.
func (u *Uncounted) Rows(n int) []UncountedRow {
	if n <= 0 || n > maxUncounted {
		n = maxUncounted
	}
	rows := make([]UncountedRow, 0, u.rows.size)
	for _, r := range u.rows.all() {
		rows = append(rows, uncountedRow(r))
	}
	slices.SortFunc(rows, func(a, b UncountedRow) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Network, b.Network))
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
	class, network, _ := bytes.Cut(r.text(), []byte("\n"))
	return UncountedRow{
		Class: string(class), Network: string(network), Messages: r.field(messages),
		Host:   hostIn(string(network), r.field(hostBits)),
		Within: time.Duration(r.field(lastSeen)-r.field(firstSeen)) * time.Second,
	}
}

// bitsOf gives the lower half of an address, in which hosts of one /64 or /24 differ.
func bitsOf(host []byte) int64 {
	address, err := netip.ParseAddr(string(host))
	if err != nil {
		return severalHosts
	}
	whole := address.As16()
	var bits int64
	for _, b := range whole[8:] {
		bits = bits<<8 | int64(b)
	}
	return bits
}

// hostIn gives the address in a network that has these lower bits, "" for severalHosts.
func hostIn(network string, bits int64) string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil || bits == severalHosts {
		return ""
	}
	whole := prefix.Addr().As16()
	for i := range 8 {
		whole[15-i] = byte(bits >> (8 * i))
	}
	return netip.AddrFrom16(whole).Unmap().String()
}

// String describes the row without its number.
func (r UncountedRow) String() string {
	if r.Class == ClassOthers {
		return "of other classes and networks"
	}
	text := r.Class
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
	const day = 24 * time.Hour
	up := func(unit time.Duration) int64 { return int64((d + unit - 1) / unit) }
	switch {
	case d > 2*day:
		return plural(up(day), "day")
	case d > 2*time.Hour:
		return fmt.Sprintf("%d h", up(time.Hour))
	case d > 2*time.Minute:
		return fmt.Sprintf("%d min", up(time.Minute))
	}
	return fmt.Sprintf("%d s", up(time.Second))
}

// maxOnly is how many rows a line of Only is made for.
const maxOnly = 3

// Only gives the line for [count] that also counts the first rows: to what only names now it adds their classes, and the networks
// of those that are relayed. It is "" where that adds nothing, as where ignore keeps them from counting. ClassBounces and messages that a
// filter has handed back stay out of it. Without now, which is never empty, nobody knows the line.
func Only(now []string, rows []UncountedRow) string {
	all := slices.Clone(now)
	for _, row := range rows[:min(len(rows), maxOnly)] {
		word := row.Class
		switch row.Class {
		case ClassAuthenticated, ClassLocal, ClassLoopback:
		case ClassRelayed:
			word = row.Network
		default:
			continue
		}
		if word != "" && !slices.ContainsFunc(all, func(has string) bool { return covers(has, word) }) {
			all = append(all, word)
		}
	}
	if len(now) == 0 || len(all) == len(now) {
		return ""
	}
	return OnlyLine(all)
}

// covers tells whether an element of only counts all that another one would.
func covers(has, word string) bool {
	network, err := netip.ParsePrefix(word)
	within, ok := prefixOf(has)
	return has == word || has == "all" || err == nil && ok && within.Bits() <= network.Bits() && within.Contains(network.Addr())
}

// prefixOf reads a network, or an address as the network that holds it alone.
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
