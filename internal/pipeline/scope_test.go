package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/report"
	"exiwatch/parser"
	"exiwatch/window"
)

const (
	authenticated = `alice@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:alice S=5`
	local         = `root@lab.test U=root P=local S=5`
	ownBounce     = `<> R=1xV000-000000-00 U=Debian-exim P=local S=5`
	bounce        = `<> H=mail.example.com [198.51.100.20] P=esmtp S=5`
	relayed       = `ann@example.com H=mail.example.com [198.51.100.20] P=esmtp S=5`
	relayed6      = `ann@example.com H=mail.example.com [2001:db8::25] P=esmtp S=5`
	loopback      = `web@shop.test H=localhost (shop.test) [127.0.0.1] P=esmtp S=5`
	identLocal    = `ann@example.com H=mail.example.com [198.51.100.20] U=root P=local S=5`
)

func TestPolicy(t *testing.T) {
	var many strings.Builder
	for i := range 380 {
		fmt.Fprintf(&many, " somebody%04d@lab.test", i)
	}
	for _, test := range []struct {
		count, items string
		want         bool
	}{
		{``, authenticated, true},
		{``, local, true},
		{``, strings.Replace(local, "P=local", "P=local-smtp", 1), true},
		{``, strings.Replace(local, "P=local", "P=utf8local", 1), true},
		{``, ownBounce, false},
		{``, `a@b R=1xV000-000000-00 U=www-data P=local S=5`, true}, // sendmail -E
		{``, `<> U=www-data P=local S=5`, true},                     // mail("", …, "-f<>") of a script: no R=
		{``, bounce, false},
		{``, relayed, false},
		{``, identLocal, true},                               // sendmail -oMa of a trusted user
		{``, `ann@lab.test U=mail P=spam-scanned S=5`, true}, // -oMr
		{``, `<> R=1xV000-000000-00 U=www-data P=local S=5`, true},
		{"exim_users = [\"www-data\"]", `<> R=1xV000-000000-00 U=www-data P=local S=5`, false},
		{"exim_users = [\"www-data\"]", ownBounce, true},
		{``, loopback, true},
		{``, strings.Replace(loopback, "127.0.0.1", "127.9.8.7", 1), true},
		{``, strings.Replace(loopback, "127.0.0.1", "::1", 1), true},
		{``, strings.Replace(loopback, "127.0.0.1", "::ffff:127.0.0.1", 1), true},
		{``, strings.Replace(loopback, "127.0.0.1", "128.0.0.1", 1), false},
		{`only = ["authenticated", "local"]`, loopback, false},
		{`only = ["loopback"]`, loopback, true},
		{`only = ["loopback"]`, strings.Replace(loopback, "P=esmtp", "P=esmtpa A=plain:alice", 1), false},
		{`only = ["loopback"]`, local, false},

		{`only = ["all"]`, relayed, true},
		{`only = ["all"]`, ownBounce, true},
		{`only = ["bounces"]`, bounce, true},
		{`only = ["bounces"]`, ownBounce, true},
		{`only = ["bounces"]`, local, false},
		{`only = ["local"]`, authenticated, false},
		{`only = ["authenticated"]`, local, false},
		{`only = ["198.51.100.0/24"]`, relayed, true},
		{`only = ["198.51.100.20"]`, bounce, true},
		{`only = ["198.51.100.21"]`, relayed, false},
		{`only = ["198.51.100.0/24"]`, local, false},
		{`only = ["198.51.100.0/24"]`, relayed6, false},
		{`only = ["2001:db8::/32"]`, relayed6, true},
		{`only = ["198.51.100.0/24"]`, strings.Replace(relayed, "[", "[::ffff:", 1), true},
		{`only = ["local", "2001:db8::/32"]`, relayed6, true},

		{`ignore = ["sender:*@lab.test"]`, authenticated, false},
		{`ignore = ["sender:*@LAB.test"]`, strings.Replace(authenticated, "lab", "LAB", 1), false},
		{`ignore = ["sender:*@lab.tes"]`, authenticated, true},
		{`ignore = ["user:mailnull", "user:root"]`, local, false},
		{`ignore = ["user:root"]`, authenticated, true},
		{`ignore = ["account:alice"]`, authenticated, false},
		{`ignore = ["host:192.0.2.0/24"]`, authenticated, false},
		{`ignore = ["host:192.0.2.0/24"]`, local, true},
		{`ignore = ["network:192.0.*"]`, authenticated, false},
		{`ignore = ["subject:*"]`, authenticated, true},
		{`ignore = ["subject:*"]`, authenticated + ` T=""`, false},
		{`ignore = ["topic:lunch*"]`, authenticated + ` T="RE: LUNCH"`, false},
		{"only = [\"all\"]\nignore = [\"sender:<>\"]", bounce, false},

		{`local_domains = ["lab.test"]`, local, true}, // whom it is for isn't logged
		{`local_domains = ["lab.test"]`, local + ` for bob@lab.test`, false},
		{`local_domains = ["LAB.test"]`, local + ` for bob@Lab.TEST ann@lab.test`, false},
		{`local_domains = ["lab.test"]`, local + ` for bob@lab.test ann@example.com`, true},
		{`local_domains = ["lab.test", "example.com"]`, local + ` for bob@lab.test ann@example.com`, false},
		{`local_domains = ["lab.test"]`, local + ` for bob@sub.lab.test`, true},
		{`local_domains = ["lab.test"]`, local + ` for bob@notlab.test`, true},
		{`local_domains = ["lab.test"]`, local + ` for root`, false},
		{`local_domains = ["lab.test"]`, local + ` for root ann@example.com`, true},
		{`local_domains = ["lab.test"]`, local + ` for "x@lab.test"@example.com`, true},
		{`local_domains = ["lab.test"]`, local + ` for "x@example.com"@lab.test`, false},
		{`local_domains = ["lab.test"]`, local + ` for` + many.String(), true}, // cut: there may be others
	} {
		usual := configtest.Parse(t, "[count]\n"+test.count).Scopes[""]
		arrivals(t, "2026-11-23 10:00:00 1xV001-000001-01 <= "+test.items, func(a *parser.Arrival, w *window.Arrival) {
			if got := inScope(&usual, a, w); got != test.want {
				t.Errorf("with %q, counts(%.90s) = %t, want %t", test.count, test.items, got, test.want)
			}
		})
	}
}

// TestPolicyOfAnOverflowedEntry: it is of no class but all.
func TestPolicyOfAnOverflowedEntry(t *testing.T) {
	a := &parser.Arrival{Overflowed: true, Cut: true, Size: -1}
	for text, want := range map[string]bool{``: false, `only = ["bounces"]`: false, `only = ["all"]`: true} {
		usual := configtest.Parse(t, "[count]\nlocal_domains = [\"lab.test\"]\n"+text).Scopes[""]
		if got := inScope(&usual, a, new(window.Arrival)); got != want {
			t.Errorf("with %q, counts(an overflowed entry) = %t, want %t", text, got, want)
		}
	}
}

func TestClass(t *testing.T) {
	for items, want := range map[string]report.Class{
		authenticated: report.ClassAuthenticated,
		local:         report.ClassLocal,
		ownBounce:     report.ClassBounces,
		bounce:        report.ClassBounces,
		relayed:       report.ClassRelayed,
		relayed6:      report.ClassRelayed,
		identLocal:    report.ClassLocal,
		`shop@lab.test H=localhost [127.0.0.1] P=esmtp S=5`:             report.ClassLoopback,
		`<> H=localhost [::1] P=esmtp S=5`:                              report.ClassLoopback,
		`shop@lab.test H=localhost [127.9.0.1] P=esmtp S=5`:             report.ClassLoopback,
		`alice@lab.test H=localhost [127.0.0.1] P=esmtpa A=plain:a S=5`: report.ClassAuthenticated,
		`<> U=www-data P=local S=5`:                                     report.ClassLocal,
		`ann@example.com H=mail.example.com [128.0.0.1] P=esmtp S=5`:    report.ClassRelayed,
	} {
		arrivals(t, "2026-11-23 10:00:00 1xV001-000001-01 <= "+items, func(a *parser.Arrival, _ *window.Arrival) {
			if got := Class(a, config.Default().Scopes[""].EximUsers); got != want {
				t.Errorf("Class(%s) = %s, want %s", items, got, want)
			}
		})
	}
}
