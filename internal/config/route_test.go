package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

func TestAudience(t *testing.T) {
	c, err := Parse("c.toml", []byte(`[mail]
to = ["root"]
cc = ["boss"]
[[rule]]
limit = 20
[[rule]]
key = "host"
to = ["network"]
[[notify]]
name = "all"
url = "ntfy://ntfy.lab.test/topic"
[[notify]]
name = "physics"
url = "ntfy://ntfy.lab.test/topic"
[[route]]
match = "account:*@physics.uni.test"
to = ["ann@physics.uni.test"]
notify = ["physics"]
go_on = true
[[route]]
match = "auth:dean@*"
to = ["dean", "root"]
only = true
[[route]]
match = "account:*@uni.test"
cc = ["helpdesk"]
[[route]]
match = "host:192.0.2.0/24"
to = ["pc"]
only = true
[[route]]
match = "account:<web#*>"
to = ["web"]
`))
	testkit.Must(t, err)
	for _, test := range []struct {
		incident mailer.Beginning
		want     string
	}{
		{mailer.Beginning{Key: "account", Value: "x@lab.test", About: "auth=x@lab.test"}, "[root] [boss] [all] true []"},
		{mailer.Beginning{Key: "account", Value: "x@Physics.uni.test", About: "auth=x@Physics.uni.test"},
			"[root ann@physics.uni.test] [boss] [all physics] true [0]"},
		{mailer.Beginning{Key: "auth", Value: "dean@physics.uni.test", About: "auth=dean@physics.uni.test"},
			"[ann@physics.uni.test dean root] [] [physics] false [0 1]"},
		{mailer.Beginning{Key: "user", Value: "dean@x", About: "user=dean@x"}, "[root] [boss] [all] true []"},
		{mailer.Beginning{Key: "account", Value: "dean@x"}, "[dean root] [] [] false [1]"}, // a login or a user
		{mailer.Beginning{Key: "account", Value: "a@uni.test"}, "[root] [boss helpdesk] [all] true [2]"},
		{mailer.Beginning{Key: "host", Value: "192.0.2.7", About: "host=192.0.2.7", Rule: "host 20/5m"}, "[pc] [] [] false [3]"},
		{mailer.Beginning{Key: "host", Value: "198.51.100.7", About: "host=198.51.100.7", Rule: "host 20/5m"},
			"[network] [boss] [all] true []"},
		// one login behind a host: a route by either
		{mailer.Beginning{Key: "host", Value: "192.0.2.7", About: "auth=a@uni.test"}, "[root] [boss helpdesk] [all] true [2]"},
		{mailer.Beginning{Key: "account", Value: "[192.0.2.7]", About: "host=192.0.2.7"}, "[pc] [] [] false [3]"},
		{mailer.Beginning{Key: "sender", Value: "web#@shop", About: "sender=web#@shop"}, "[root web] [boss] [all] true [4]"},
		{mailer.Beginning{Key: "account", Value: "<web#@shop>"}, "[root web] [boss] [all] true [4]"},
		{mailer.Beginning{Key: "subject", Value: "x@uni.test", About: "subject=x@uni.test"}, "[root] [boss] [all] true []"},
		{mailer.Beginning{Key: "account", Value: "<>"}, "[root] [boss] [all] true []"},
		{mailer.Beginning{}, "[root] [boss] [all] true []"},
	} {
		a := c.Audience(test.incident)
		if got := fmt.Sprint(a.To, a.Cc, a.Notify, a.General, a.Routes); got != test.want {
			t.Errorf("%+v: %s, want %s", test.incident, got, test.want)
		}
	}
	if !slices.Equal(c.Mail.To, []string{"root"}) {
		t.Errorf("[mail] to has become %q", c.Mail.To)
	}
}

// TestNoRoutes: without them everybody is told of everything.
func TestNoRoutes(t *testing.T) {
	c := Default()
	a, b := c.Audience(mailer.Beginning{}), c.Audience(mailer.Beginning{Key: "account", Value: "x"})
	if !a.Same(&b) || !a.General || !slices.Equal(a.To, []string{"root"}) {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestRouteErrors(t *testing.T) {
	for text, want := range map[string]string{
		"to = ['root']":                               "1:3: route.match: missing; expected KEY:PATTERN",
		"match = '*@uni.test'":                        "2:9: route.match = '*@uni.test': expected KEY:PATTERN",
		"match = 'acount:*'":                          `2:9: route.match = 'acount:*': unknown key "acount"; did you mean "account"?`,
		"match = 'account:*'\nto = ['a b']":           "3:7: route.to = 'a b': expected an address",
		"match = 'account:*'\ncc = ['a b']":           "3:7: route.cc = 'a b': expected an address",
		"match = 'account:*'\nnotify = ['ops']":       "3:11: route.notify = 'ops': expected the name of a [[notify]]",
		"match = 'account:*'\nonly = true":            "3:8: route.only = true: expected to, as nobody else gets the mails",
		"match = 'account:*'\ngo_on = 'yes'":          "3:9: route.go_on = 'yes': expected true or false",
		"match = 'account:*'\n[[rule]]\nto = []":      "4:6: rule.to = []: expected a list of addresses that is not empty",
		"match = 'account:*'\n[[rule]]\nto = ['a b']": "4:7: rule.to = 'a b': expected an address",
	} {
		_, err := Parse("c.toml", []byte("[[route]]\n"+text))
		if err == nil || !strings.HasPrefix(err.Error(), "c.toml:"+want) {
			t.Errorf("%q: %v, want c.toml:%s", text, err, want)
		}
	}
}
