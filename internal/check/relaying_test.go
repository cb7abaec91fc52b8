package check

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// relayed is a log of n arrivals that are delivered to a host outside.
func relayed(n int, items string) string {
	return delivered(n, items, "ann@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.9] C=\"250 OK\"")
}

// delivered is a log of n arrivals, each with a delivery.
func delivered(n int, items, to string) string {
	id := regexp.MustCompile(`(?m)^(.{19} \S+) <= .*$`)
	return id.ReplaceAllString(came(n, items), "$0\n$1 => "+strings.ReplaceAll(to, "$", "$$")+"\n$1 Completed")
}

// TestRelaying: the networks that relay are named; those outside with a line for inside, if they send much.
func TestRelaying(t *testing.T) {
	for _, test := range []struct {
		name, settings, log string
		status              Status // "": no row
		says                string
	}{
		{"nobody", "", came(30, loginItems) + came(30, gatewayItems), "", ""},
		{"for mailboxes here", "", delivered(30, gatewayItems, "bob <bob@lab.test> R=local_user T=mail_spool"), "", ""},
		{"to a server inside", "", delivered(30, gatewayItems,
			"bob@lab.test R=inner T=remote_smtp H=inner.lab.test [10.0.0.9] C=\"250 OK\""), "", ""},
		{"inside", "", relayed(300, insideItems), Pass,
			"hosts inside sent 300 messages to the outside without a login: 10.1.2.3 (300)"},
		{"outside", "", relayed(30, gatewayItems) + relayed(5, insideItems), Warn, "hosts inside sent 5 messages to the outside " +
			"without a login: 10.1.2.3 (5); 30 messages of others were sent on to the outside: 198.51.100.7 (30)\n" +
			"Bulk mail from these causes no alert. If they are your hosts, set in exiwatch's configuration:\n    [count]\n" +
			"    inside = [\"198.51.100.7\"]\n"},
		{"few", "", relayed(3, gatewayItems), Pass, "3 messages of others were sent on to the outside: 198.51.100.7 (3)"},
		{"the line keeps what is named", "[count]\ninside = [\"192.0.2.0/24\"]\n", relayed(30, gatewayItems), Warn,
			"    inside = [\"192.0.2.0/24\", \"198.51.100.7\"]\n"},
		{"named", "[count]\ninside = [\"198.51.100.0/24\"]\n", relayed(30, gatewayItems), Pass, "hosts inside sent 30"},
		{"incoming", "[count]\nlocal_domains = [\"example.org\"]\n", relayed(30, gatewayItems), "", ""},
		{"ignored", "[count]\nignore = [\"host:198.51.100.7\"]\n", relayed(30, gatewayItems), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, test.settings)
			l.log(test.log)
			all := l.run()
			if test.status != "" {
				want(t, all, "relaying", test.status, test.says)
				return
			}
			for _, r := range all {
				if r.Check == "relaying" {
					t.Error(fmt.Sprint(r))
				}
			}
		})
	}
}
