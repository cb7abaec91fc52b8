package watch

import (
	"bytes"
	"net/netip"

	"exiwatch/internal/fold"
	"exiwatch/internal/readsocket"
	"exiwatch/parser"
	"exiwatch/window"
)

// valuer makes the values of arrivals' keys. What it makes is good until reset.
type valuer struct {
	text      []byte // made so far
	addresses [][]byte
	networks  memo // of IPv6 addresses
	topics    memo // of subjects
	names     memo // that aren't folded
}

// reset begins anew, in the same buffers.
func (v *valuer) reset() { v.text, v.addresses = v.text[:0], v.addresses[:0] }

// made gives what was put behind the first n bytes of text.
func (v *valuer) made(n int) []byte { return v.text[n:len(v.text):len(v.text)] }

// emptySender is the value of the sender key for a bounce.
var emptySender = []byte("<>")

// values fills w with what a says of each key but the costly ones: who an arrival is counted for. It is the one place
// that decides it. What stands in w is good until reset.
func (v *valuer) values(a *parser.Arrival, w *window.Arrival) {
	if v.text == nil {
		v.text = make([]byte, 0, 1<<10) // a value that is empty is one
	}
	*w = window.Arrival{
		At: a.Time, MessageID: a.MessageID,
		Recipients: int64(a.RecipientCount), AtLeast: a.Cut && a.RecipientCount > 0, Bytes: max(a.Size, 0),
	}
	w.Values[window.Host] = a.HostAddress
	w.Values[window.Auth] = v.login(a.AuthenticatedID)
	if isLocal(a) {
		w.Values[window.User] = a.Ident
	}
	if a.EnvelopeSender != nil {
		w.Values[window.Sender], w.Values[window.SenderDomain] = v.senderOf(a.EnvelopeSender)
	}
	w.Values[window.Helo], w.Values[window.Protocol] = a.Helo, a.Protocol
	w.Values[window.Account] = v.accountOf(a, w)
	w.Values[window.Subject] = a.Subject
	if a.IsOdd() {
		v.oddities(a, w)
	}
}

// accountOf gives who is responsible: the login, else the local user. What nobody has verified is written as no login
// can be: the address of a host whose authenticator set no id, else the envelope sender, which a client chooses.
func (v *valuer) accountOf(a *parser.Arrival, w *window.Arrival) []byte {
	switch sender := w.Values[window.Sender]; {
	case len(w.Values[window.Auth]) > 0:
		return w.Values[window.Auth]
	case a.Authenticator != nil && a.HostAddress != nil:
		n := len(v.text)
		v.text = append(append(append(v.text, '['), a.HostAddress...), ']')
		return v.made(n)
	case len(w.Values[window.User]) > 0:
		return w.Values[window.User]
	case sender == nil || len(a.EnvelopeSender) == 0:
		return sender
	default:
		return v.unverified(sender)
	}
}

func (v *valuer) unverified(sender []byte) []byte {
	n := len(v.text)
	v.text = fold.AppendUnverified(v.text, sender)
	return v.made(n)
}

// costly are the values that take the most time.
type costly struct{ network, domains, topic bool }

var allCostly = costly{true, true, true}

// costly fills in those that are wanted.
func (v *valuer) costly(a *parser.Arrival, w *window.Arrival, wanted costly) {
	if wanted.network {
		w.Values[window.Network] = v.networkOf(a.HostAddress)
	}
	if wanted.domains {
		w.Values[window.RecipientDomain] = v.domainsOf(a)
	}
	if wanted.topic && a.Subject != nil {
		w.Values[window.Topic] = v.topicOf(a.Subject)
	}
}

// login gives an authenticated id as it is counted.
func (v *valuer) login(id []byte) []byte { return v.folded(accountName(id)) }

// folded gives the folded form of a name.
func (v *valuer) folded(name []byte) []byte {
	if fold.IsName(name) {
		return name
	}
	n := len(v.text)
	cell, hash := v.names.of(name)
	if made, ok := cell.get(name, hash); ok {
		v.text = append(v.text, made...)
		return v.made(n)
	}
	v.text = fold.AppendName(v.text, name)
	cell.put(name, hash, v.text[n:])
	return v.made(n)
}

// accountName gives an authenticated id up to its first colon. With +smtp_mailauth a client can have anything logged
// behind one (MAIL FROM:<…> AUTH=…), and would be another account with each message.
func accountName(id []byte) []byte {
	if i := bytes.IndexByte(id, ':'); i > 0 {
		return id[:i]
	}
	return id
}

// isLocal tells whether a program of this host handed the message in: P=local…, with SMTPUTF8 P=utf8local…. A trusted
// caller may make up a protocol (-oMr) or a peer (-oMa), but not both: without H= there is U= in any case.
func isLocal(a *parser.Arrival) bool {
	return isLocalProtocol(a) || a.HostAddress == nil && a.Ident != nil
}

func isLocalProtocol(a *parser.Arrival) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(a.Protocol, []byte("utf8")), []byte("local"))
}

// senderOf gives the folded sender, and its domain, nil if there is none.
func (v *valuer) senderOf(sender []byte) (value, domain []byte) {
	if len(sender) == 0 {
		return emptySender, nil
	}
	value = v.folded(sender)
	if at := bytes.LastIndexByte(value, '@'); at >= 0 {
		domain = value[at+1:]
	}
	return value, domain
}

// networkOf gives the /24 or /64 of an address, nil if it is none.
func (v *valuer) networkOf(address []byte) []byte {
	n := len(v.text)
	if dot := bytes.LastIndexByte(address, '.'); dot >= 0 && bytes.IndexByte(address, ':') < 0 {
		v.text = append(append(v.text, address[:dot]...), ".0/24"...)
		return v.made(n)
	}
	cell, hash := v.networks.of(address)
	if made, ok := cell.get(address, hash); ok {
		v.text = append(v.text, made...)
		return v.made(n)
	}
	network, ok := networkOf(address)
	if !ok {
		return nil
	}
	v.text = network.AppendTo(v.text)
	cell.put(address, hash, v.text[n:])
	return v.made(n)
}

func networkOf(address []byte) (netip.Prefix, bool) {
	ip, err := netip.ParseAddr(string(address))
	if err != nil {
		return netip.Prefix{}, false
	}
	bits := 64
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	return prefix, err == nil
}

// topicOf gives the subject folded.
func (v *valuer) topicOf(subject []byte) []byte {
	n := len(v.text)
	cell, hash := v.topics.of(subject)
	if made, ok := cell.get(subject, hash); ok {
		v.text = append(v.text, made...)
		return v.made(n)
	}
	v.text = window.FoldSubject(subject, v.text)
	cell.put(subject, hash, v.text[n:])
	return v.made(n)
}

// maxDomains is how many domains of one arrival's recipients are told apart.
const maxDomains = 20

// domainsOf gives the domains of the recipients in lower case, each once and an LF between them, nil if none is logged.
func (v *valuer) domainsOf(a *parser.Arrival) []byte {
	if len(a.RecipientList) == 0 {
		return nil
	}
	begin, found := len(v.text), 0
	for recipient := range a.Recipients() {
		at := bytes.LastIndexByte(recipient, '@')
		if at < 0 || bytes.IndexByte(recipient, '\n') >= 0 {
			continue
		}
		start := len(v.text)
		if start > begin {
			v.text = append(v.text, '\n')
		}
		from := len(v.text)
		for _, c := range recipient[at+1:] {
			v.text = append(v.text, lower(c))
		}
		if holds(v.text[begin:start], v.text[from:]) {
			v.text = v.text[:start]
		} else if found++; found == maxDomains {
			break
		}
	}
	if len(v.text) == begin {
		return nil
	}
	return v.made(begin)
}

// asked gives the values under which somebody may have been counted whom a question names so. A value without a key's
// name may be an envelope sender where the key is the account.
func (v *valuer) asked(t readsocket.Term) (values [][]byte) {
	name, value := t.Value, []byte(t.Value)
	switch t.Key {
	case window.Sender:
		return [][]byte{v.askedSender(value)}
	case window.SenderDomain:
		value = v.folded(value)
		return [][]byte{value[bytes.LastIndexByte(value, '@')+1:]}
	case window.Auth:
		return [][]byte{v.login(value)}
	case window.Account:
		values = [][]byte{v.askedLogin(value)}
		if !bytes.Equal(value, values[0]) {
			values = append(values, value) // a local user's name, as it is
		}
		if t.Bare {
			values = append(values, v.askedAccount(value))
		}
		return values
	case window.Log:
		return [][]byte{logValue}
	case window.Host:
		return [][]byte{askedAddress(value)}
	case window.Network:
		if prefix, err := netip.ParsePrefix(name); err == nil {
			return [][]byte{[]byte(prefix.Masked().String())}
		}
		return [][]byte{v.networkOf(askedAddress(value))}
	case window.Topic:
		return [][]byte{window.FoldSubject(value, nil)}
	}
	return [][]byte{value}
}

// askedLogin gives a login as an account, or an account that nobody has verified, which is written in brackets.
func (v *valuer) askedLogin(name []byte) []byte {
	if trimmed := bytes.TrimSpace(name); len(trimmed) > 0 && (trimmed[0] == '<' || trimmed[0] == '[') {
		return []byte(fold.Account(string(trimmed)))
	}
	return v.login(name)
}

// askedAccount gives an envelope sender as the account that nobody has verified.
func (v *valuer) askedAccount(name []byte) []byte {
	if sender := v.askedSender(name); !bytes.Equal(sender, emptySender) {
		return v.unverified(sender)
	}
	return emptySender
}

// askedSender gives an envelope sender as it is counted; <> is the empty one.
func (v *valuer) askedSender(name []byte) []byte {
	if name = bytes.TrimSpace(name); bytes.Equal(name, emptySender) {
		return emptySender
	}
	value, _ := v.senderOf(name)
	return value
}

// askedAddress gives an address as Exim logs it.
func askedAddress(name []byte) []byte {
	ip, err := netip.ParseAddr(string(name))
	if err != nil {
		return name
	}
	return []byte(ip.Unmap().String())
}

// holds tells whether word is one of the lines.
func holds(lines, word []byte) bool {
	for more := len(lines) > 0; more; {
		var line []byte
		if line, lines, more = bytes.Cut(lines, newline); bytes.Equal(line, word) {
			return true
		}
	}
	return false
}

var newline = []byte("\n")

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// addressesOf gives the recipients' addresses as they are logged.
func (v *valuer) addressesOf(a *parser.Arrival) [][]byte {
	n := len(v.addresses)
	for recipient := range a.Recipients() {
		v.addresses = append(v.addresses, recipient)
	}
	return v.addresses[n:len(v.addresses):len(v.addresses)]
}
