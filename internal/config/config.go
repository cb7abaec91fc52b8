// Package config reads exiwatch's configuration, which is TOML. Every key is optional; an unknown key is an error.
package config

import (
	"net/netip"
	"time"

	"exiwatch/mailer/transport"
	"exiwatch/window"

	"golang.org/x/text/encoding"
)

// Default paths.
const (
	DefaultFile  = "/etc/exiwatch/exiwatch.toml"
	DefaultState = "/var/lib/exiwatch"
)

// A Config is a complete, checked configuration.
type Config struct {
	File string   // that was read; empty: these are the defaults
	Log  []string // main logs; empty: use FindLog
	// CycledTo are folders with cycled files, besides the logs' own folders.
	CycledTo []string
	// WaitForFile is how long to wait for an unreadable file of a log; 0: an hour.
	WaitForFile time.Duration
	State       string         // state folder
	Zone        *time.Location // zone of logs that name none
	Rules       []window.Rule
	// Exceptions are those of all Rules, as somebody wrote them.
	Exceptions []Exception
	// Charset is the charset of subjects that aren't UTF-8 and name no charset; nil: windows-1252.
	Charset encoding.Encoding
	// Scopes say which arrivals the rules count.
	Scopes Scopes
	Mail   Mail
	// Hook and Webhook get the events, too, unless they are nil.
	Hook, Webhook transport.Transport
	Notify        []Notify // they say what mails say, in short
	Routes        []Route
	RuleTo        map[string][]string // Mail.To of rules that have their own, by Rule.String
	Socket        *Socket             // nil: no socket
	Metrics       netip.AddrPort      // where to serve metrics; the zero value: nowhere
	Web           *Web                // nil: no live page
	Summary       *Schedule           // nil: no summary mail
	Fleet         *Fleet              // nil: this host counts alone
	// Secrets are the files with a password, a token or a URL of [[notify]], and the configuration itself if it has
	// such a URL or a webhook's. Anybody who knows that URL can write there.
	Secrets []string
}

// Mail says how to send alerts.
type Mail struct {
	To, Cc    []string
	From      string // empty: exiwatch at this host
	Subject   string // beginning of the Subject header, before the account
	Transport transport.Transport
	// MaxPerHour is how many mails to send in an hour before batching alerts into digests; 0: no limit.
	MaxPerHour int
	Subjects   string // full, hashed or none
	// TrialUntil is when a trial ends, by the log's clock; zero: there is none. Nobody is told of what happens before.
	// At the end a summary of seven days is mailed.
	TrialUntil time.Time
}

// Default is the configuration of an empty file: the default rules, and mail to root through sendmail.
func Default() Config {
	c, _ := Parse("", nil) // without an error, as tests show
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
