package watch

import (
	"bytes"
	"slices"

	"exiwatch/internal/config"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"
)

// counts tells whether rules of a scope count an arrival: it is of a class named by only, no pattern of ignore fits, and it isn't
// for local domains alone.
func counts(c *config.Count, a *parser.Arrival, w *window.Arrival) bool {
	if !slices.ContainsFunc(c.Only, func(class config.Class) bool { return isOf(class, a) }) {
		return false
	}
	for _, p := range c.Ignore {
		if p.Match(w) {
			return false
		}
	}
	return len(c.LocalDomains) == 0 || !isInternal(c.LocalDomains, a)
}

// isOf tells whether an arrival is of a class.
func isOf(class config.Class, a *parser.Arrival) bool {
	switch class.Name {
	case "all":
		return true
	case "authenticated":
		return a.Authenticator != nil
	case "local":
		return isSubmission(a)
	case "bounces":
		return a.EnvelopeSender != nil && len(a.EnvelopeSender) == 0
	}
	return class.Contains(a.HostAddress)
}

// isSubmission tells whether a local user handed the message in, and it is no bounce of Exim's own. R= alone doesn't
// make a bounce: any local user may have it logged (sendmail -E).
func isSubmission(a *parser.Arrival) bool {
	return isLocal(a) && (a.BounceOf == nil || len(a.EnvelopeSender) > 0)
}

// Class gives the class of an arrival, counted or not.
func Class(a *parser.Arrival) report.Class {
	switch {
	case a.Authenticator != nil:
		return report.ClassAuthenticated
	case isSubmission(a):
		return report.ClassLocal
	case isLoopback(a.HostAddress):
		return report.ClassLoopback
	case len(a.EnvelopeSender) == 0:
		return report.ClassBounces
	}
	return report.ClassRelayed
}

// isLoopback tells whether an address, as Exim writes it, is one of 127.0.0.0/8, or ::1.
func isLoopback(address []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(address, []byte("::ffff:")), []byte("127.")) || string(address) == "::1"
}

// uncounted gives the Class of an arrival that no rule counts.
func uncounted(counts bool, a *parser.Arrival) report.Class {
	if counts {
		return report.Counted
	}
	return Class(a)
}

// isInternal tells whether every recipient is known and in one of the domains.
func isInternal(domains []string, a *parser.Arrival) bool {
	if a.RecipientCount == 0 || a.Cut {
		return false
	}
	for recipient := range a.Recipients() {
		at := bytes.LastIndexByte(recipient, '@')
		if at >= 0 && !slices.Contains(domains, string(bytes.ToLower(recipient[at+1:]))) {
			return false
		}
	}
	return true
}
