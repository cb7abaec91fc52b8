package check

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// shows makes Exim show settings, each by the arguments behind -bP; of others it says what fakeExim does.
func shows(settings map[string]string) func(*lab) {
	return func(l *lab) {
		l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
			if said, ok := settings[strings.Join(args[1:], " ")]; ok {
				return said, nil
			}
			return fakeExim(ctx, args...)
		}
	}
}

// acl is a configuration with these lines in its ACL for RCPT, in front of a relay list.
func acl(list, conditions string) func(*lab) {
	return shows(map[string]string{"config": "# Exim Configuration (4.96)\nhostlist relay_from_hosts = " + list +
		"\nhostlist inner = 192.0.2.64/26\nacl_smtp_mail = check_mail\nacl_smtp_rcpt = check_rcpt\n\nbegin acl\n\n" +
		"  check_mail:\n    accept hosts = 203.0.113.99\n\n  check_rcpt:\n" + conditions +
		"    deny\n\nbegin routers\n\n" +
		"  all:\n    driver = accept\n    hosts = 203.0.113.98\n"})
}

// TestRelay: the hosts that Exim relays for are told, if no rule counts them.
func TestRelay(t *testing.T) {
	const loopback = "<; 127.0.0.1 ; ::1"
	for _, test := range []struct {
		name, settings string
		spoil          func(*lab)
		status         Status
		says           string
	}{
		{"no list", "", shows(map[string]string{"config": "primary_hostname = mx.lab.test\n"}), Pass,
			"relays for no other host"},
		{"Debian's", "", acl(": 127.0.0.1 : ::::1", "    accept hosts = +relay_from_hosts\n    control = submission\n"),
			Pass, "relays for no other host"},
		{"a network", "", acl("<; 127.0.0.1 ; 192.0.2.0/24", ""), Warn,
			"relays for 192.0.2.0/24, which no rule counts\n"},
		{"the line", "[count]\nonly = [\"local\", \"198.51.100.1\"]\n", acl("192.0.2.0/24 : 2001::db8::::7", ""), Warn,
			"    [count]\n    only = [\"local\", \"198.51.100.1\", \"relayed\"]\n    inside = [\"192.0.2.0/24\", \"2001:db8::7\"]"},
		{"inside misses one", "[count]\ninside = [\"192.0.2.0/24\"]\n", acl("192.0.2.8/29 : 203.0.113.5 : 10.0.0.0/8", ""),
			Warn, "relays for 203.0.113.5, which no rule counts\nBulk mail from these hosts to the outside causes no alert. " +
				"To count it, set in exiwatch's configuration:\n    [count]\n    inside = [\"192.0.2.0/24\", \"203.0.113.5\"]"},
		{"all are inside", "[count]\ninside = [\"192.0.2.0/24\"]\n", acl("192.0.2.8/29 : 10.0.0.0/8", ""), Pass,
			"send to the outside: 192.0.2.8/29, 10.0.0.0/8"},
		{"private, and not counted", "[count]\nonly = [\"local\"]\n", acl("10.0.0.0/8", ""), Warn,
			"    [count]\n    only = [\"local\", \"relayed\"]"},
		{"everybody", "", acl("0.0.0.0/0", ""), Warn,
			"only = [\"authenticated\", \"local\", \"loopback\", \"relayed\", \"0.0.0.0/0\"]"},
		{"it counts", "[count]\nonly = [\"local\", \"192.0.0.0/16\"]\n", acl("192.0.2.0/24", ""), Pass,
			"rules count what the hosts that Exim relays for send to the outside: 192.0.2.0/24"},
		{"a part of it counts", "[count]\nonly = [\"local\", \"192.0.2.1\"]\n", acl("192.0.2.0/24", ""), Warn,
			"relays for 192.0.2.0/24, which"},
		{"a rule counts it", "[[rule]]\n[[rule]]\nonly = [\"192.0.2.0/24\"]\n", acl("192.0.2.0/24", ""), Pass,
			"rules count"},
		{"no rule has the general only", "[count]\nonly = [\"192.0.2.0/24\"]\n[[rule]]\nonly = [\"local\"]\n",
			acl("192.0.2.0/24", ""), Warn, "192.0.2.0/24, which"},
		{"all counts", "[count]\nonly = [\"all\"]\n", acl("192.0.2.0/24", ""), Pass, "rules count"},
		{"a list", "", acl(loopback, "    accept hosts = +inner : 203.0.113.5\n    control = submission\n"), Warn,
			"192.0.2.64/26, 203.0.113.5, which"},
		{"hosts in a line of their own", "", acl(loopback, "    accept\n    hosts = +inner\n"), Warn,
			"192.0.2.64/26, which"},
		{"certain recipients", "", acl(loopback, "    accept hosts = +inner\n    domains = lab.test\n    accept\n    "+
			"domains = lab.test\n    hosts = 203.0.113.5\n"), Pass, "no other"},
		{"all recipients but certain ones", "", acl(loopback, "    accept hosts = +inner\n    domains = ! lab.test\n"),
			Warn, "192.0.2.64/26, which"},
		{"with a login", "", acl(loopback, "    accept hosts = +inner\n    authenticated = *\n"), Pass, "no other"},
		{"refused", "", acl(loopback, "    deny hosts = +inner\n    accept !hosts = +inner\n    warn hosts = "+
			"203.0.113.5\n"), Pass, "no other"},
		{"other names", "", acl(loopback, "    accept hosts = lsearch;/etc/relay : *.lab.test\n"), Pass,
			"not evaluated: lsearch;/etc/relay, *.lab.test"},
		{"some are known", "", acl("192.0.2.1 : *", ""), Warn, "192.0.2.1, which no rule counts; not evaluated: *\n"},
		{"hidden", "", shows(map[string]string{"config": "hide hostlist relay_from_hosts = <value not displayable>\n"}),
			Pass, "not evaluated: <value not displayable>"},
		{"many", "", acl(strings.Repeat("192.0.2.1 : "+
			"", 9)+"203.0.113.1:203.0.113.2:203.0.113.3:203.0.113.4:203.0.113.5:203.0.113.6:203.0.113.7:203.0.113.8:203.0.113.9:203.0.113.10:203.0.113.11", ""),
			Warn, "203.0.113.9 and 2 others, which"},
		{"an old Exim", "", shows(map[string]string{"config": "config is not a known option\n",
			"+relay_from_hosts +local_domains +relay_to_domains": "hostlist relay_from_hosts = 192.0.2.0/24\n"}), Warn, "192.0.2.0/24, which"},
		{"it shows nothing", "", func(l *lab) {
			l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
				if args[0] == "-bP" {
					return "", errors.New("exit status 1")
				}
				return fakeExim(ctx, args...)
			}
		}, Warn, "doesn't show which hosts it relays for: exit status 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, test.settings)
			test.spoil(l)
			all := l.run()
			want(t, all, "relay", test.status, test.says)
			if text := table(all, false); strings.Contains(text, "203.0.113.9") && test.name != "many" {
				t.Errorf("hosts of another ACL or section are told:\n%s", text)
			}
		})
	}
	l := newLab(t, "")
	l.Setup.Exim = func(context.Context, ...string) (string, error) { return "", exec.ErrNotFound }
	if text := table(l.run(), false); strings.Contains(text, "relay") {
		t.Errorf("without an Exim:\n%s", text)
	}
}
