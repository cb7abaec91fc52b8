// Package config reads exiwatch's configuration: TOML, in which every key is optional and an unknown one is an error.
package config

import (
	"net/netip"
	"time"

	"exiwatch/mailer/transport"
	"exiwatch/window"

	"golang.org/x/text/encoding"
)

// Where things are unless the configuration says otherwise.
const (
	DefaultFile  = "/etc/exiwatch/exiwatch.toml"
	DefaultState = "/var/lib/exiwatch"
)

// A Config is a whole, checked configuration.
type Config struct {
	Log []string // main logs; empty: to be found (FindLog)
	// CycledTo are folders, beside the logs' own, in which cycled files may be.
	CycledTo []string
	// WaitForFile is how long a file of a log that can't be read is waited for; 0: an hour.
	WaitForFile time.Duration
	State       string         // folder of the mail spool
	Zone        *time.Location // of logs that name none
	Rules       []window.Rule
	// Charset is that of subjects that are neither UTF-8 nor say what they are; nil: windows-1252.
	Charset encoding.Encoding
	// Scopes are what the rules count.
	Scopes Scopes
	Mail   Mail
	// Besides mail; nil: not.
	Hook, Webhook transport.Transport
	Socket        *Socket        // nil: nobody asks
	Metrics       netip.AddrPort // where metrics are served; the zero value: nowhere
	Web           *Web           // nil: nobody looks
	// Secrets are the files that hold one: of a password or a token, and the configuration itself if it has the URL of
	// a webhook, which is all that a stranger needs to write there.
	Secrets []string
}

// Mail says how alerts are sent.
type Mail struct {
	To, Cc    []string
	From      string // empty: exiwatch at this host
	Subject   string // what stands before the account in the Subject header
	Transport transport.Transport
	// MaxPerHour is how many mails go in an hour, beyond which alerts are gathered into digests; 0: all that there are.
	MaxPerHour int
	Subjects   string // full, hashed or none
}

// Default is the configuration of an empty file: one rule, and mail to root through sendmail.
func Default() Config {
	c, err := Parse("", nil)
	if err != nil {
		panic(err) // a constant that a test covers
	}
	return c
}

// LowestLimit is the lowest limit of messages, 0 if no rule counts messages.
func (c *Config) LowestLimit() (limit int64) {
	for _, r := range c.Rules {
		if r.Count == window.Messages && (limit == 0 || r.Limit < limit) {
			limit = r.Limit
		}
	}
	return limit
}
