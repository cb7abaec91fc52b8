package deliverylab

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

const gatewayConfiguration = `
local_interfaces = <; 10.0.0.1.25 ; [fd00:7::1]:25 ; 127.0.0.1.10025
domainlist local_domains = lab.test : inner.test : lmtp.test : hosted.test
hostlist relay_from_hosts = <; 10.0.0.0/8 ; 192.168.0.0/16 ; fd00::/8 ; 198.51.100.0/24 ; 127.0.0.1
acl_smtp_rcpt = check_recipient
acl_smtp_data = accept

begin acl
check_recipient:
  accept hosts = +relay_from_hosts
  accept domains = +local_domains
  deny

begin routers
scanned:
  driver = manualroute
  condition = ${if match_ip{$sender_host_address}{192.168.0.0/16}}
  route_list = * 127.0.0.1
  transport = filter
  self = send
lists:
  driver = redirect
  domains = lab.test
  local_parts = ^list\\.
  data = a${extract{2}{.}{$local_part}}@accept.test, gone${extract{2}{.}{$local_part}}@picky.test, \
    c${extract{2}{.}{$local_part}}@inner.test
  errors_to = bounces@lab.test
forwards:
  driver = redirect
  domains = lab.test
  local_parts = ^(fwd|gone|grey)\\.
  data = ${extract{1}{.}{$local_part}}${extract{3}{.}{$local_part}}@${extract{2}{.}{$local_part}}.test
  errors_to = srs0=$local_part@lab.test
copies:
  driver = redirect
  domains = lab.test
  local_parts = ^copy\\.
  data = $local_part@lab.test, copy${extract{2}{.}{$local_part}}@accept.test
mailbox:
  driver = accept
  domains = lab.test
  transport = box
lmtp:
  driver = manualroute
  domains = lmtp.test
  route_list = * 127.0.0.1
  transport = lmtp
  self = send
outside:
  driver = manualroute
  route_data = ${lookup{$domain}lsearch{DIR/routes}}
  transport = remote_smtp
  self = send

begin transports
box:
  driver = appendfile
  file = DIR/mail/box
  user = Debian-exim
  envelope_to_add
remote_smtp:
  driver = smtp
  hosts_try_fastopen =
  allow_localhost
lmtp:
  driver = smtp
  protocol = lmtp
  port = 24
  hosts_try_fastopen =
  allow_localhost
filter:
  driver = smtp
  port = 10024
  hosts_try_fastopen =
  allow_localhost

begin retry
* * F,1h,15m
`

// Servers of the gateway lab, by domain without .test.
var gatewayServers = []struct {
	domain, address string
	conduct         conduct
}{
	{"accept", "203.0.113.1", conduct{}},
	{"picky", "203.0.113.2", conduct{rcpt: map[string]string{"gone": noSuchUser, "grey": greylisted}}},
	{"nomessage", "203.0.113.3", conduct{message: unusual}},
	{"six", "2001:db8::25", conduct{}},
	{"hosted", "203.0.113.4", conduct{}}, // ours, at a provider
	{"inner", "10.9.0.1", conduct{}},
}

// dead is the address of down.test, where no server is.
const dead = "203.0.113.99"

// Hosts of the gateway lab. Mail of those in 192.168.0.0/16 goes through the content filter.
var (
	insideHosts  = []string{"10.1.0.2", "10.1.0.3", "192.168.7.4", "192.168.7.5", "fd00:7::9", "198.51.100.7"}
	outsideHosts = []string{"192.0.2.7", "192.0.2.8", "2001:db8::7"}
)

// What hosts send. Each line is a letter, # a number that tells its recipients from others.
var (
	insideLetters = []string{
		"x#@accept.test",
		"x#@accept.test x#@six.test",
		"x#@ACCEPT.Test",
		"gone#@picky.test",
		"grey#@picky.test",
		"x#@nomessage.test x#@lab.test",
		"x#@accept.test fwd.accept.#@lab.test", // relayed and forwarded
		"x#@hosted.test",
		"x#@accept.test y#@lmtp.test",
		"spam#@accept.test", // the filter refuses it
		"x#@nowhere.test",
		"fwd.six.#@lab.test",
	}
	bothLetters = []string{
		"x#@lab.test",
		"x#@inner.test X#@INNER.Test",
		"x#@lmtp.test y#@lmtp.test",
		"fwd.accept.#@lab.test",
		"gone.picky.#@lab.test",
		"grey.picky.#@LAB.test",
		"copy.#@lab.test",
		"list.#@lab.test",
		"fwd.inner.#@lab.test", // not outside
	}
)

// A target is a final address, with the address that arrived and the letter that it was in.
type target struct {
	arrived string
	letter  letter
}

// A gatewayLab is an Exim for which nobody logs in.
type gatewayLab struct {
	*ledger
	t       *testing.T
	host    *mailHost
	servers []*server
	letters []letter
	targets map[string]target // by final address
}

// TestGateway compares what servers outside got with what Exim logs, and with what exiwatch counts.
func TestGateway(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	for _, set := range selectorSets {
		t.Run(set.name, func(t *testing.T) {
			l := newGatewayLab(t, set.selectors)
			l.compose()
			l.sendAll()
			l.host.settle()
			l.turn()
			l.host.runQueue()
			l.readMailbox(t, l.host.path("mail/box"))
			for _, count := range gatewayCounts {
				l.check(count)
			}
		})
	}
}

func newGatewayLab(t *testing.T, selectors string) *gatewayLab {
	t.Helper()
	l := &gatewayLab{ledger: newLedger(), t: t, targets: make(map[string]target)}
	routes := []string{"down.test: " + dead, "elsewhere.test: 203.0.113.5"}
	newServer(t, newLedger(), conduct{}, "203.0.113.5") // gets bounces
	for _, s := range gatewayServers {
		l.servers = append(l.servers, newServer(t, l.ledger, s.conduct, s.address))
		routes = append(routes, fmt.Sprintf("%s.test: \"<; %s\"", s.domain, s.address))
	}
	startServer(t, &server{ledger: l.ledger, host: "127.0.0.1"}, conduct{lmtp: true}, "127.0.0.1:24")
	startServer(t, &server{ledger: l.ledger, handle: l.scan}, conduct{}, "127.0.0.1:10024")
	l.host = startExim(t, selectors, gatewayConfiguration)
	testkit.Must(t, os.WriteFile(l.host.path("routes"), []byte(strings.Join(routes, "\n")+"\n"), 0o644))
	return l
}

// scan is the content filter. It hands a message back to Exim, to each of two recipients apart, or refuses it.
func (l *gatewayLab) scan(sender string, recipients []string, text string) (answer string) {
	if strings.HasPrefix(recipients[0], "spam") {
		answer = "550 5.7.1 spam"
		l.note("127.0.0.1", recipients[0], refused, answer)
		return answer
	}
	c, err := call("127.0.0.1", "127.0.0.1:10025")
	if err != nil {
		return "451 " + err.Error()
	}
	defer c.Close()
	for one := range slices.Chunk(recipients, 1) {
		if err := handOver(c, sender, one, text); err != nil {
			return "451 " + err.Error()
		}
	}
	if err := c.Quit(); err != nil {
		return "451 " + err.Error()
	}
	return "250 ok"
}

// compose writes letters of all hosts.
func (l *gatewayLab) compose() {
	for _, host := range insideHosts {
		for i, recipients := range slices.Concat(insideLetters, bothLetters) {
			l.add(host, []string{"ann@lab.test", "printer@lab.test"}[i%2], recipients)
		}
		l.add(host, "", "x#@accept.test") // a bounce
	}
	for _, host := range outsideHosts {
		for _, recipients := range bothLetters {
			l.add(host, "someone@elsewhere.test", recipients)
		}
	}
	// QUIRK: Exim 4.96 logs a host that refuses a connection on a line of its own, and not with the recipient. So this
	// letter doesn't count.
	l.add(insideHosts[0], "ann@lab.test", "x#@down.test")
}

// add writes a letter.
func (l *gatewayLab) add(host, sender, recipients string) {
	one := letter{number: len(l.letters), from: host, sender: sender,
		recipients: strings.Fields(strings.ReplaceAll(recipients, "#", fmt.Sprint(len(l.letters))))}
	for _, arrived := range one.recipients {
		for _, final := range finals(arrived) {
			l.targets[final] = target{arrived, one}
		}
	}
	l.letters = append(l.letters, one)
}

// finals are the addresses that Exim puts in the place of one that arrives.
func finals(arrived string) []string {
	local, domain, _ := strings.Cut(arrived, "@")
	domain = strings.ToLower(domain)
	part := strings.Split(local, ".")
	switch {
	case domain != "lab.test" || len(part) == 1:
		return []string{local + "@" + domain}
	case part[0] == "list":
		n := part[1]
		return []string{"a" + n + "@accept.test", "gone" + n + "@picky.test", "c" + n + "@inner.test"}
	case part[0] == "copy":
		return []string{arrived, "copy" + part[1] + "@accept.test"}
	}
	return []string{part[0] + part[2] + "@" + part[1] + ".test"}
}

// finalsOf are the final addresses of a letter.
func (l *gatewayLab) finalsOf(one letter) (all []string) {
	for _, arrived := range one.recipients {
		all = append(all, finals(arrived)...)
	}
	return all
}

// sendAll sends the letters of each host.
func (l *gatewayLab) sendAll() {
	for _, host := range slices.Concat(insideHosts, outsideHosts) {
		var own []letter
		for _, one := range l.letters {
			if one.from == host {
				own = append(own, one)
			}
		}
		to := eximAddress
		if strings.Contains(host, ":") {
			to = "[fd00:7::1]:" + smtpPort
		}
		send(l.t, to, own...)
	}
}

// turn has the server that puts mail off accept it.
func (l *gatewayLab) turn() {
	for _, s := range l.servers {
		if s.host == "203.0.113.2" {
			s.behave(conduct{})
		}
	}
}

// counted are the letters that count, by what servers answered.
func (l *gatewayLab) counted(c gatewayCount) map[string]bool {
	numbers := make(map[string]bool)
	for final, f := range l.copied() {
		if to := l.targets[final]; c.counts(to.letter, to.arrived, final, f.host) {
			numbers[to.letter.headerID()] = true
		}
	}
	return numbers
}

// A loggedCount is the line of the log by which a letter counts first.
type loggedCount struct{ arrival, second string }

// logged are the letters that count, by what the log says, in the order of the log. What the filter has handed back is
// joined by its Message-ID.
func (l *gatewayLab) logged(log *mainLog, c gatewayCount) (order []letter, at map[string]loggedCount) {
	at = make(map[string]loggedCount)
	arrived := make(map[string]string) // the id of the message that came from a host, by Message-ID
	letters := make(map[string]letter)
	for _, one := range l.letters {
		letters[one.headerID()] = one
	}
	for id, a := range log.arrivals {
		if a.host != "127.0.0.1" {
			arrived[a.headerID] = id
		}
	}
	for _, d := range log.deliveries {
		id := log.arrivals[d.id].headerID
		one, known := letters[id]
		if _, again := at[id]; again || !known || !c.counts(one, cmp.Or(d.original, d.address), d.address, d.host) {
			continue
		}
		at[id] = loggedCount{arrived[id], d.second}
		order = append(order, one)
	}
	return order, at
}

// check compares the truth with the log, and with what exiwatch counts.
func (l *gatewayLab) check(c gatewayCount) {
	t, log, truth := l.t, readLog(l.t, l.host.mainlog()), l.counted(c)
	order, at := l.logged(log, c)
	logged := make(map[string]bool)
	for id := range at {
		logged[id] = true
	}
	compare(t, c.name+": letters in the log", logged, truth)
	want, crossings := make(map[string]int), make(map[string]loggedCount)
	wholes := make(map[string]whole)
	for _, one := range order {
		wholes[one.from] = wholes[one.from].with(t, l.copied(), l.finalsOf(one))
		for _, value := range []string{"host messages " + one.from, "sender messages " + one.sender,
			"account messages <" + one.sender + ">"} {
			if want[value]++; want[value] == limit+1 {
				crossings[value] = at[one.headerID()]
			}
		}
	}
	alerts := replayed(t, l.host.mainlog(), c.text(), countRule{"host", "messages"}, countRule{"sender", "messages"},
		countRule{"account", "messages"})
	checkPeaks(t, c.name, alerts, want)
	checkFates(t, c.name+": what alerts tell", alerts, "host messages", wholes)
	crossed := make(map[string]loggedCount)
	for value, a := range alerts {
		opened, err := time.Parse(time.RFC3339, a.Opened)
		testkit.Must(t, err)
		crossed[value] = loggedCount{a.CrossedBy, opened.Format(time.RFC3339)}
	}
	compare(t, c.name+": what crossed the limit", crossed, crossings)
	if testing.Verbose() {
		t.Logf("%s: %d of %d letters, %v", c.name, len(truth), len(l.letters), want)
	}
}
