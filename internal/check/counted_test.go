package check

import (
	"fmt"
	"strings"
	"testing"
)

// came is a log of n arrivals with the items, in which % is their number.
func came(n int, items string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2026-11-23 10:04:00 1xV%03d-%06d-01 <= %s S=400\n", i%1000, i, strings.ReplaceAll(items, "%",
			fmt.Sprint(i)))
	}
	return b.String()
}

const (
	gatewayItems = "ann%@example.com H=gw [198.51.100.7] P=esmtp"
	insideItems  = "ann%@example.com H=gw [10.1.2.3] P=esmtp"
	loginItems   = "ann@example.com H=(pc) [192.0.2.7] P=esmtpa A=plain:ann"
)

// TestCounted: the row says how many arrivals count, and where those come from that don't.
func TestCounted(t *testing.T) {
	var spread strings.Builder
	for i := range 60 {
		spread.WriteString(strings.ReplaceAll(came(3, gatewayItems), "198.51.100", fmt.Sprintf("198.51.%d", i)))
	}
	for _, test := range []struct {
		name, settings, log string
		status              Status
		says                string
	}{
		{"all", "", came(30, loginItems), Pass, "30 of 30 arrivals"},
		{"a gateway", "", came(300, gatewayItems) + came(10, loginItems), Warn,
			"10 of 310 arrivals count. No rule counts: 300 relayed or incoming, 198.51.100.0/24, all from 198.51.100.7"},
		{"the line", "", came(300, gatewayItems), Warn, `, "198.51.100.0/24"]`},
		{"a gateway that counts", "[count]\nonly = [\"198.51.100.0/24\"]\n", came(300, gatewayItems), Pass,
			"300 of 300"},
		{"a few from inside, for mailboxes here", "", came(3, insideItems) + came(30, loginItems), Pass,
			"No rule counts: 3 relayed or incoming, 10.1.2.0/24"},
		{"relayed", "", relayed(9, insideItems) + came(30, loginItems), Pass, "39 of 39 arrivals count"},
		{"relayed from outside", "", relayed(300, gatewayItems) + came(9, loginItems), Pass, "9 of 309 arrivals count. No rule"},
		{"a few from inside", "[count]\nonly = [\"authenticated\"]\n", came(3, insideItems) + came(30, loginItems), Warn, `, "10.1.2.0/24"]`},
		{"a few from elsewhere", "", came(20, gatewayItems) + came(3, loginItems), Pass,
			"3 of 23 arrivals count. No rule counts: 20 relayed"},
		{"mail from everywhere", "", spread.String() + came(3, loginItems), Pass,
			"; 171 in other classes and networks"},
		{"own users don't count", "[count]\nonly = [\"local\"]\n", came(9, loginItems), Warn,
			`only = ["local", "authenticated"]`},
		{"ignored", "[count]\nignore = [\"host:198.51.100.7\"]\n", came(300, gatewayItems) + came(10, loginItems), Pass,
			"10 of 310 arrivals count; 300 match ignore"},
		{"local domains", "[count]\nlocal_domains = [\"lab.test\"]\n", strings.ReplaceAll(came(30, loginItems), "\n",
			" for bob@lab.test\n"), Pass, "0 of 30 arrivals"},
		{"a rule counts it", "[[rule]]\n[[rule]]\nonly = [\"all\"]\n", came(300, gatewayItems), Pass, "300 of 300"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, test.settings)
			l.log(test.log)
			want(t, l.run(), "counted", test.status, test.says)
		})
	}
}

func TestPosting(t *testing.T) {
	for sender, want := range map[string]string{
		"":                        "",
		"<>":                      "",
		"www-data":                "",
		"shop@example.com":        "sender:shop@example.com",
		"Shop@Example.COM":        "sender:shop@example.com",
		"news-bounces@l.lab.test": "sender:*-bounces*@l.lab.test",
		"news-bounces+bob=example.com@l.lab.test":  "sender:*-bounces*@l.lab.test",
		"owner-news@l.lab.test":                    "sender:owner-*@l.lab.test",
		"news-owner@l.lab.test":                    "sender:*-owner@l.lab.test",
		"news-return-7-bob=example.com@l.lab.test": "sender:*-return-*@l.lab.test",
		"news+bounces-7@l.lab.test":                "sender:*+bounce*@l.lab.test",
		"bounce+7.bob=example.com@l.lab.test":      "sender:bounce*@l.lab.test",
		"bounces-7@l.lab.test":                     "sender:bounce*@l.lab.test",
		"news+bob=example.com@l.lab.test":          "sender:news+*=*@l.lab.test",
		"bouncer@l.lab.test":                       "sender:bouncer@l.lab.test",
		"-bounces@l.lab.test":                      "sender:-bounces@l.lab.test",
		"x-bounces@*":                              "",
		"*@lab.test":                               "",
		"a\"]\nonly=[@lab.test":                    "",
		"ann-bounces@lab.test@lab.test":            "",
	} {
		if got := posting([]byte(sender)); got != want {
			t.Errorf("posting(%q) = %q, want %q", sender, got, want)
		}
	}
}

// TestPosts: lists that are posted over loopback get their line, and so does who sends much more than a limit allows.
func TestPosts(t *testing.T) {
	const host = " H=localhost [127.0.0.1] P=esmtp"
	const host6 = " H=localhost [::1] P=esmtp"
	for _, test := range []struct {
		name, settings, log string
		says                string // "": nothing
	}{
		{"a list", "", came(30, "news-bounces+u%=example.org@lists.example.com"+host),
			`ignore = ["sender:*-bounces*@lists.example.com"]`},
		{"over IPv6", "", came(30, "owner-news@lists.example.com"+host6),
			"30 arrivals over loopback without a login: 30 from owner-*@lists.example.com"},
		{"a program", "", came(101, "shop@example.com"+host), `ignore = ["sender:shop@example.com"]`},
		{"two", "", came(101, "shop@example.com"+host) + came(9, "owner-news@lists.example.com"+host),
			`ignore = ["sender:shop@example.com", "sender:owner-*@lists.example.com"]`},
		{"what is set stays", "[count]\nignore = [\"user:mailnull\"]\n", came(9, "owner-news@lists.example.com"+host),
			`ignore = ["sender:owner-*@lists.example.com", "user:mailnull"]`},
		{"a program under five limits", "", came(100, "shop@example.com"+host), ""},
		{"many senders", "", came(300, "user%@example.com"+host), ""},
		{"a few posts", "", came(4, "owner-news@lists.example.com"+host), ""},
		{"ignored", "[count]\nignore = [\"sender:OWNER-*@lists.example.com\"]\n", came(30,
			"owner-news@lists.example.com"+host), ""},
		{"from elsewhere", "", came(300, "owner-news@lists.example.com H=gw [198.51.100.7] P=esmtp"), ""},
		{"with a login", "", came(300, "owner-news@lists.example.com H=localhost [127.0.0.1] P=esmtpa A=plain:ann"),
			""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, test.settings)
			l.log(test.log)
			all := l.run()
			if test.says != "" {
				want(t, all, "loopback", Warn, test.says)
			} else if text := table(all, false); strings.Contains(text, "warn  loopback") {
				t.Errorf("it warns:\n%s", text)
			}
		})
	}
}
