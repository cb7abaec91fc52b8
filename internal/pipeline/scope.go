package pipeline

import (
	"bytes"
	"net/netip"
	"slices"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"
)

// inScope tells whether rules of a scope count an arrival: its class is in only, no pattern of ignore matches, and it
// doesn't go to local domains alone. For an arrival that may be somebody else's only the class matters: making up a
// name exempts nobody.
func inScope(c *config.Count, a *parser.Arrival, w *window.Arrival) bool {
	if !slices.ContainsFunc(c.Only, func(class config.Class) bool { return isClass(class, a, c.EximUsers) }) {
		return false
	}
	if w.Nature == window.Doubtful {
		return true
	}
	return !isIgnored(c, w) && (len(c.LocalDomains) == 0 || !isInternal(c, a))
}

// countsLater tells whether rules of a scope count an arrival when a recipient of it goes outside.
func countsLater(c *config.Count) bool { return c.Counts(config.Relayed) || c.Counts(config.Forwarded) }

// mayBeRelayed tells whether an arrival came from another host without a login, and is no bounce.
func mayBeRelayed(a *parser.Arrival) bool {
	return a.Authenticator == nil && a.HostAddress != nil && len(a.EnvelopeSender) > 0 && !isLocal(a) &&
		!isLoopbackAddress(a.HostAddress)
}

// waitingScopes returns the scopes that don't count such an arrival now, but will when it is relayed.
func (p *Pipeline) waitingScopes(a *parser.Arrival, w *window.Arrival) (scopes uint64) {
	for i := range p.counted {
		if bit := uint64(1) << i; w.Outside&bit != 0 && p.waits(&p.counted[i], a, w) {
			scopes |= bit
		}
	}
	return scopes
}

// waits tells whether an arrival that may be relayed or forwarded waits for that: only hosts inside relay, no pattern
// of ignore matches, and not all its recipients are local, unless they may be forwarded.
func (p *Pipeline) waits(c *config.Count, a *parser.Arrival, w *window.Arrival) bool {
	if !c.Counts(config.Forwarded) && !(c.Counts(config.Relayed) && p.mayRelay(c, a.HostAddress)) {
		return false
	}
	if w.Nature == window.Doubtful {
		return true
	}
	return !isIgnored(c, w) && (len(c.LocalDomains) == 0 || c.Counts(config.Forwarded) || !isInternal(c, a))
}

// mayRelay tells whether mail of a host can be relayed.
func (p *Pipeline) mayRelay(c *config.Count, host []byte) bool {
	return p.listener.AnyHost || c.IsInside(host)
}

func isIgnored(c *config.Count, w *window.Arrival) bool {
	return slices.ContainsFunc(c.Ignore, func(p config.Pattern) bool { return p.Match(w) })
}

// countsLogins tells whether rules of a scope count arrivals with a login, even in another reading of the line.
func countsLogins(c *config.Count, a *parser.Arrival) bool {
	return slices.ContainsFunc(c.Only, func(class config.Class) bool {
		return class.Name == "all" || class.Name == "authenticated" || class.Contains(a.HostAddress)
	})
}

// isClass tells whether an arrival is of a class.
func isClass(class config.Class, a *parser.Arrival, eximUsers []string) bool {
	switch class.Name {
	case "all":
		return true
	case "authenticated":
		return a.Authenticator != nil
	case "local":
		return isLocal(a) && !isOwnBounce(a, eximUsers)
	case config.Loopback:
		return isLoopback(a)
	case "bounces":
		return a.EnvelopeSender != nil && len(a.EnvelopeSender) == 0
	}
	return class.Contains(a.HostAddress)
}

// isOwnBounce tells whether Exim itself made the message. R= and an empty sender are no proof: any local user can have
// them logged (sendmail -E, mail commands of a filter). U= is the user that Exim runs as.
func isOwnBounce(a *parser.Arrival, eximUsers []string) bool {
	return a.BounceOf != nil && len(a.EnvelopeSender) == 0 && slices.Contains(eximUsers, string(a.Ident))
}

// isLoopback tells whether the message came over loopback without a login: from a program of this host, but nobody
// knows whose.
func isLoopback(a *parser.Arrival) bool {
	return a.Authenticator == nil && isLoopbackAddress(a.HostAddress) && !isLocal(a)
}

// isLoopbackAddress tells whether b is an address in 127.0.0.0/8 or ::1.
func isLoopbackAddress(b []byte) bool {
	if len(b) < 3 || b[0] != ':' && b[0] != '0' { // as most are
		return bytes.HasPrefix(b, []byte("127."))
	}
	ip, err := netip.ParseAddr(string(b))
	return err == nil && ip.Unmap().IsLoopback()
}

// Class gives the class of an arrival, counted or not.
func Class(a *parser.Arrival, eximUsers []string) report.Class {
	switch {
	case a.Authenticator != nil:
		return report.ClassAuthenticated
	case isLocal(a) && !isOwnBounce(a, eximUsers):
		return report.ClassLocal
	case isLoopback(a):
		return report.ClassLoopback
	case len(a.EnvelopeSender) == 0:
		return report.ClassBounces
	}
	return report.ClassRelayed
}

// isInternal tells whether every recipient is known and in one of the local domains.
func isInternal(c *config.Count, a *parser.Arrival) bool {
	if a.RecipientCount == 0 || a.Cut {
		return false
	}
	for recipient := range a.Recipients() {
		if bytes.IndexByte(recipient, '@') >= 0 && !c.IsLocal(recipient) {
			return false
		}
	}
	return true
}
