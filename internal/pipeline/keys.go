package pipeline

import (
	"bytes"
	"net/netip"

	"exiwatch/internal/fold"
	"exiwatch/internal/readsocket"
	"exiwatch/parser"
	"exiwatch/window"
)

// A keyExtractor decides for which keys' values an arrival is counted. Its values are good until reset.
type keyExtractor struct {
	text      []byte // made so far
	addresses [][]byte
	networks  lookupCache // of IPv6 addresses
	topics    lookupCache // of subjects
	names     lookupCache // that aren't folded
}

// reset forgets the values, and keeps the buffers.
func (v *keyExtractor) reset() { v.text, v.addresses = v.text[:0], v.addresses[:0] }

// made returns what was put behind the first n bytes of text.
func (v *keyExtractor) made(n int) []byte { return v.text[n:len(v.text):len(v.text)] }

// EmptySender is the value of the sender key for a bounce.
var EmptySender = []byte("<>")

// extract fills w with the values of all keys but the costly ones: who an arrival is counted for. No other place
// decides that. The values are good until reset.
func (v *keyExtractor) extract(a *parser.Arrival, w *window.Arrival) {
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

// accountOf returns who is responsible: the login, else the local user. An unverified account is written as no login
// can be: the address of a host whose authenticator set no id, else the envelope sender, which a client chooses.
func (v *keyExtractor) accountOf(a *parser.Arrival, w *window.Arrival) []byte {
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

func (v *keyExtractor) unverified(sender []byte) []byte {
	n := len(v.text)
	v.text = fold.AppendUnverified(v.text, sender)
	return v.made(n)
}

// costly says which of the values that take the most time are wanted.
type costly struct{ network, accountDomain, domains, topic bool }

var allCostly = costly{true, true, true, true}

// IsCostly tells whether a key's value is only extracted where something asks for it.
func IsCostly(k window.Key) bool {
	return k == window.Network || k == window.Topic || k == window.AccountDomain
}

// extractCostly fills in the costly values that are wanted.
func (v *keyExtractor) extractCostly(a *parser.Arrival, w *window.Arrival, wanted costly) {
	v.deriveCostly(w, wanted)
	if wanted.domains {
		w.Values[window.RecipientDomain] = v.domainsOf(a)
	}
}

// deriveCostly fills in those costly values that follow from other values.
func (v *keyExtractor) deriveCostly(w *window.Arrival, wanted costly) {
	if wanted.network {
		w.Values[window.Network] = v.networkOf(w.Values[window.Host])
	}
	if wanted.accountDomain {
		w.Values[window.AccountDomain] = v.accountDomainOf(w)
	}
	if subject := w.Values[window.Subject]; wanted.topic && subject != nil {
		w.Values[window.Topic] = v.topicOf(subject)
	}
}

// login returns an authenticated id as it is counted.
func (v *keyExtractor) login(id []byte) []byte { return v.folded(accountName(id)) }

// folded returns the folded form of a name.
func (v *keyExtractor) folded(name []byte) []byte {
	if fold.IsName(name) {
		return name
	}
	n := len(v.text)
	v.text = v.names.append(v.text, name, fold.AppendName)
	return v.made(n)
}

// accountName returns an authenticated id up to its first colon. With +smtp_mailauth a client can append anything to it
// in the log (MAIL FROM:<…> AUTH=…), and would be another account with each message.
func accountName(id []byte) []byte {
	if i := bytes.IndexByte(id, ':'); i > 0 {
		return id[:i]
	}
	return id
}

// isLocal tells whether a program of this host submitted the message: P=local…, with SMTPUTF8 P=utf8local…. A trusted
// caller may set a protocol (-oMr) or a peer (-oMa), but not both: without H= there is U= in any case.
func isLocal(a *parser.Arrival) bool {
	return isLocalProtocol(a) || a.HostAddress == nil && a.Ident != nil
}

func isLocalProtocol(a *parser.Arrival) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(a.Protocol, []byte("utf8")), []byte("local"))
}

// senderOf returns the folded sender, and its domain; nil if there is none.
func (v *keyExtractor) senderOf(sender []byte) (value, domain []byte) {
	if len(sender) == 0 {
		return EmptySender, nil
	}
	return splitSender(v.folded(sender))
}

// splitSender returns a folded sender, and its domain.
func splitSender(sender []byte) (value, domain []byte) {
	if at := bytes.LastIndexByte(sender, '@'); at >= 0 {
		domain = sender[at+1:]
	}
	return sender, domain
}

// accountDomainOf returns the domain of a login, nil if it has none. That of an unverified account is in brackets: it
// is the envelope sender's, which a client chooses, and no login is counted for it.
func (v *keyExtractor) accountDomainOf(w *window.Arrival) []byte {
	account, last := w.Values[window.Account], len(w.Values[window.Account])-1
	at := bytes.LastIndexByte(account, '@')
	switch {
	case at < 0 || at == last:
		return nil
	case len(w.Values[window.Auth]) > 0:
		return account[at+1:]
	case len(w.Values[window.User]) > 0:
		return nil
	}
	n := len(v.text)
	v.text = append(append(v.text, '<'), account[at+1:]...)
	return v.made(n)
}

// networkOf returns the /24 or /64 of an address; nil if it is none.
func (v *keyExtractor) networkOf(address []byte) []byte {
	n := len(v.text)
	if dot := bytes.LastIndexByte(address, '.'); dot >= 0 && bytes.IndexByte(address, ':') < 0 {
		v.text = append(append(v.text, address[:dot]...), ".0/24"...)
		return v.made(n)
	}
	if v.text = v.networks.append(v.text, address, appendNetwork); len(v.text) == n {
		return nil
	}
	return v.made(n)
}

// appendNetwork appends the network of an address, or nothing if it is none.
func appendNetwork(dst, address []byte) []byte {
	ip, err := netip.ParseAddr(string(address))
	if err != nil {
		return dst
	}
	bits := 64
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked().AppendTo(dst)
}

// topicOf returns the folded subject.
func (v *keyExtractor) topicOf(subject []byte) []byte {
	n := len(v.text)
	v.text = v.topics.append(v.text, subject, func(dst, b []byte) []byte { return window.FoldSubject(b, dst) })
	return v.made(n)
}

// maxDomains is how many domains of one arrival's recipients are counted.
const maxDomains = 20

// domainsOf returns the domains of the recipients in lower case, each once, separated by LF; nil if none is logged.
func (v *keyExtractor) domainsOf(a *parser.Arrival) []byte {
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
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			v.text = append(v.text, c)
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

// LookupForms returns the values under which whoever a question names may have been counted. A value without a key's
// name may be an envelope sender where the key is the account.
func LookupForms(t readsocket.Term) [][]byte { return new(keyExtractor).lookupForms(t) }

func (v *keyExtractor) lookupForms(t readsocket.Term) (values [][]byte) {
	value := []byte(t.Value)
	switch t.Key {
	case window.Sender:
		value = v.askedSender(value)
	case window.SenderDomain:
		value = v.folded(value)
		value = value[bytes.LastIndexByte(value, '@')+1:]
	case window.Auth:
		value = v.login(value)
	case window.Account:
		values = [][]byte{v.askedLogin(value)}
		if !bytes.Equal(value, values[0]) {
			values = append(values, value) // a local user's name, as it is
		}
		if !t.Bare {
			return values
		}
		if value = v.askedSender(value); !bytes.Equal(value, EmptySender) {
			value = v.unverified(value)
		}
	case window.AccountDomain:
		value = askedAccountDomain(value)
	case window.Log:
		value = logValue
	case window.Host:
		value = askedAddress(value)
	case window.Network:
		if prefix, err := netip.ParsePrefix(t.Value); err == nil {
			value = []byte(prefix.Masked().String())
		} else {
			value = v.networkOf(askedAddress(value))
		}
	case window.Topic:
		value = window.FoldSubject(value, nil)
	}
	return append(values, value)
}

// askedLogin returns a login as an account, or an unverified account, which is written in brackets.
func (v *keyExtractor) askedLogin(name []byte) []byte {
	if trimmed := bytes.TrimSpace(name); len(trimmed) > 0 && (trimmed[0] == '<' || trimmed[0] == '[') {
		return []byte(fold.Account(string(trimmed)))
	}
	return v.login(name)
}

// askedAccountDomain returns a domain, or that of an account, as it is counted.
func askedAccountDomain(name []byte) []byte {
	domain := []byte(fold.Name(string(name)))
	at := bytes.LastIndexByte(domain, '@')
	if at > 0 && domain[0] == '<' {
		return append([]byte("<"), domain[at+1:]...)
	}
	return domain[at+1:]
}

// askedSender returns an envelope sender as it is counted; <> is the empty one.
func (v *keyExtractor) askedSender(name []byte) []byte {
	if name = bytes.TrimSpace(name); bytes.Equal(name, EmptySender) {
		return EmptySender
	}
	value, _ := v.senderOf(name)
	return value
}

// askedAddress returns an address as Exim logs it.
func askedAddress(name []byte) []byte {
	ip, err := netip.ParseAddr(string(name))
	if err != nil {
		return name
	}
	return []byte(ip.Unmap().String())
}

// holds tells whether word is one of the lines.
func holds(lines, word []byte) bool {
	for line := range bytes.SplitSeq(lines, newline) {
		if len(lines) > 0 && bytes.Equal(line, word) {
			return true
		}
	}
	return false
}

var newline = []byte("\n")

// addressesOf returns the recipients' addresses as they are logged.
func (v *keyExtractor) addressesOf(a *parser.Arrival) [][]byte {
	n := len(v.addresses)
	for recipient := range a.Recipients() {
		v.addresses = append(v.addresses, recipient)
	}
	return v.addresses[n:len(v.addresses):len(v.addresses)]
}
