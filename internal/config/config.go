// Package config reads exiwatch's configuration: TOML, in which every key is optional and an unknown one is an error.
package config

import (
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// Where things are unless the configuration says otherwise.
const (
	DefaultFile  = "/etc/exiwatch/exiwatch.toml"
	DefaultState = "/var/lib/exiwatch"
)

// A Config is a whole, checked configuration.
type Config struct {
	Log   []string       // main logs; empty: to be found (FindLog)
	State string         // folder of the mail spool
	Zone  *time.Location // of logs that name none
	Count Count
	Rules []window.Rule
	Mail  Mail
}

// Count says which arrivals the rules count.
type Count struct {
	Only         []Class   // any of them
	Ignore       []Pattern // none of them
	LocalDomains []string  // lower case; an arrival to these alone isn't counted
}

// Mail says how alerts are sent.
type Mail struct {
	To, Cc    []string
	From      string // empty: exiwatch at this host
	Subject   string // what stands before the account in the Subject header
	Transport mailer.Transport
}

// Default is the configuration of an empty file: one rule, and mail to root through sendmail.
func Default() Config {
	c, err := Parse("", nil)
	if err != nil {
		panic(err) // a constant that a test covers
	}
	return c
}
