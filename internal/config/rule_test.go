package config

import (
	"strings"
	"testing"
	"time"
)

func TestScopes(t *testing.T) {
	c, err := Parse("c.toml", []byte(`
[count]
ignore = ["user:root"]
local_domains = ["lab.test"]
[[rule]]
[[rule]]
limit = 30
only = ["all"]
[[rule]]
limit = 30
ignore = []
local_domains = ["Example.org"]
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ rule, only, ignored, domains string }{
		{`account 20/5m`, "authenticated local loopback relayed", "user", "lab.test"},
		{`account 30/5m {only=["all"]}`, "all", "user", "lab.test"},
		{`account 30/5m {ignore=[] local_domains=["Example.org"]}`, "authenticated local loopback relayed", "", "example.org"},
	} {
		r := c.Rules[i]
		count, ok := c.Scopes[r.Scope]
		var only, ignored []string
		for _, class := range count.Only {
			only = append(only, class.Name)
		}
		for _, p := range count.Ignore {
			ignored = append(ignored, p.Key.String())
		}
		if got := r.String(); got != want.rule || !ok {
			t.Errorf("rule %d is %s, want %s with a scope", i+1, got, want.rule)
		}
		if strings.Join(only, " ") != want.only || strings.Join(ignored, " ") != want.ignored ||
			strings.Join(count.LocalDomains, " ") != want.domains {
			t.Errorf("rule %d counts %+v, want %+v", i+1, count, want)
		}
	}
}

func TestExceptions(t *testing.T) {
	c, err := Parse("c.toml", []byte(`
timezone = "Europe/Berlin"
[[rule]]
key = "host"
[[rule.except]]
match = "192.0.2.0/28"
limit = 50
until = 2027-01-31
[[rule.except]]
match = "2001:db8::*"
limit = 60
reason = "the list server"
until = 2027-01-31T12:00:00
[[rule.except]]
match = "192.0.2.77"
limit = 70
until = 2027-01-31T12:00:00Z
`))
	if err != nil {
		t.Fatal(err)
	}
	matches := map[string]int{"192.0.2.3": 0, "2001:db8::7": 1, "192.0.2.77": 2, "192.0.2.16": -1}
	for value, want := range matches {
		for i, e := range c.Rules[0].Except {
			if got := e.Match(value); got != (i == want) {
				t.Errorf("exception %d matches %s = %t", i+1, value, got)
			}
		}
	}
	for i, want := range []string{"2027-01-31T23:00:00Z", "2027-01-31T11:00:00Z", "2027-01-31T12:00:00Z"} {
		e := c.Rules[0].Except[i]
		if got := e.Until.UTC().Format(time.RFC3339); got != want || e.Limit != int64(50+10*i) {
			t.Errorf("exception %d is %d until %s, want until %s", i+1, e.Limit, got, want)
		}
	}
}

func TestWrongRules(t *testing.T) {
	for text, want := range map[string]string{
		"only = []":                                "a list that is not empty",
		"[[rule.except]]\nlimit = 50":              "rule.except.match: missing; expected",
		"[[rule.except]]\nmatch = 'a'\nlimit = 20": "more than the rule's limit, 20",
		"[[rule.except]]\nmatch = 'a'\nlimit = 50\nuntil = 'Sunday'": "a date such as 2027-01-31",
		"key = 'host'\n[[rule.except]]\nmatch = 'a'\nlimit = 50":     "expected an address",
		"[[rule.except]]\nmatch = 'a'\nlimit = 50\nlimits = 3":       "unknown key",
		"only = ['al']": `expected "authenticated"`,
	} {
		_, err := Parse("c.toml", []byte("[[rule]]\n"+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want one that says %q", text, err, want)
		}
	}
}

func TestOtherWaysToBeTold(t *testing.T) {
	c, err := Parse("c.toml",
		[]byte("[hook]\ncommand = ['/bin/cat', '-n']\ntimeout = '3s'\n[webhook]\nurl = 'https://alerts.lab.test/exim'"))
	if err != nil || c.Hook == nil || c.Webhook == nil {
		t.Fatalf("%+v, %v", c, err)
	}
	if c := Default(); c.Hook != nil || c.Webhook != nil {
		t.Errorf("by default there are %v and %v", c.Hook, c.Webhook)
	}
	for text, want := range map[string]string{
		"[hook]": "hook.command: missing",
		"[hook]\ncommand = ['x']\ntimeout = 'soon'":                "hook.timeout",
		"[webhook]\nurl = 'http://alerts.lab.test/'":               "webhook.url: expected",
		"[webhook]\nurl = 'https://a.test/'\ntoken_file = '/none'": "webhook.token_file",
		"[mail]\nmax_per_hour = -1":                                "mail.max_per_hour",
		"[mail]\nsubjects = 'some'":                                "mail.subjects",
	} {
		if _, err := Parse("c.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want one that says %q", text, err, want)
		}
	}
}
