package deliverylab

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// selectorSets are the log selectors that the labs run with: the default, all, and what exiwatch wants.
var selectorSets = []struct {
	name, selectors string
	letters         int // that the lab for deliveries sends
}{
	{"default", "", 200},
	{"all", "+all", 60},
	{"wanted", "+received_recipients +subject +pid", 60},
}

const eximAddress = "10.0.0.1:" + smtpPort

const deliveriesConfiguration = `
local_interfaces = 10.0.0.1
daemon_smtp_ports = 25
acl_smtp_rcpt = check_recipient
acl_smtp_data = accept

begin acl
check_recipient:
  accept authenticated = *
         condition = ${if eq{$authenticated_id}{hasty@lab.test}}
         control = cutthrough_delivery
  accept authenticated = *
  deny

begin routers
mailbox:
  driver = accept
  domains = lab.test
  transport = box
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

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{secret}}
  server_set_id = $auth2
  server_advertise_condition = true

begin retry
* * F,1h,15m
`

// Texts of refusals, as large providers write them.
const (
	noSuchUser = "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n" +
		"550-5.1.1 double-checking the recipient's email address for typos or\r\n" +
		"550 5.1.1 unnecessary spaces. https://support.example/mail/?p=NoSuchUser a1-20020a05 - gsmtp"
	listed = "550 5.7.1 Service unavailable; Client host [198.51.100.9] blocked using zen.spamhaus.org; " +
		"https://www.spamhaus.org/query/ip/198.51.100.9"
	unusual = "550-5.7.1 [198.51.100.9      12] Our system has detected that this message is\r\n" +
		"550 5.7.1 likely unsolicited mail. a1-20020a05 - gsmtp"
	greylisted = "450 4.2.0 <x>: Recipient address rejected: Greylisted, see http://postgrey.example/help"
	tooMany    = "421 4.7.0 Try again later, closing connection. a1-20020a05 - gsmtp"
)

// shared are the servers that get mail of many letters. The key is a domain without .test.
var shared = map[string]conduct{
	"accept": {accept: "250-2.0.0 OK\r\n250 2.0.0 queued as \"4F\""},
	"plain":  {oneByOne: true},
	"slow":   {pause: 1500 * time.Millisecond},
	"picky": {rcpt: map[string]string{"gone": noSuchUser, "listed": listed, "grey": greylisted,
		"full": "452 4.2.2 mailbox full"}},
	"nodata":    {data: "554 5.7.1 no valid mail"},
	"nomessage": {message: unusual},
	"fullbox":   {message: "452 4.3.1 Insufficient system storage"},
}

// single are servers of which each gets one letter's mail only. They don't ask for whom it is, or Exim waits before it
// calls them again.
var single = []conduct{
	{connect: tooMany},
	{connect: hangUp},
	{mail: hangUp},
	{mail: "421 4.3.2 shutting down"},
	{rcpt: map[string]string{"": hangUp}},
	{message: hangUp},
	{connect: "554 5.7.1 " + listed[len("550 5.7.1 "):]},
	{mail: "550 5.7.1 sender refused"},
	{data: tooMany},
}

// A deliveriesLab is an Exim whose accounts send mail to servers that do all kinds of things.
type deliveriesLab struct {
	*ledger
	t       *testing.T
	host    *mailHost
	random  *rand.Rand
	letters []letter
	routes  []string
	servers map[string]*server // by domain, without .test
	single  []string           // domains
}

// TestDeliveries compares what servers answered with what Exim logs, and with what exiwatch counts.
func TestDeliveries(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	for _, set := range selectorSets {
		t.Run(set.name, func(t *testing.T) {
			l := newDeliveriesLab(t, set.selectors)
			l.compose(set.letters)
			l.sendAll(l.letters)
			l.sendWhileHostWaits()
			l.host.settle()
			l.turn()
			l.host.runQueue()
			l.note("", unanswered, deferred, "")
			l.note("", unanswered, deferred, "")
			l.check(l.readMailbox(t, l.host.path("mail/box")))
		})
	}
}

func newDeliveriesLab(t *testing.T, selectors string) *deliveriesLab {
	t.Helper()
	l := &deliveriesLab{ledger: newLedger(), t: t, random: rand.New(rand.NewPCG(19, 1)),
		servers: make(map[string]*server)}
	for _, domain := range slices.Sorted(maps.Keys(shared)) {
		l.serve(domain, shared[domain])
	}
	for i, c := range slices.Repeat(single, 3) {
		l.single = append(l.single, fmt.Sprint("single", i))
		l.serve(l.single[i], c)
	}
	l.serve("waits", conduct{connect: tooMany})
	l.routes = append(l.routes, "down.test: "+dead)
	l.host = startExim(t, selectors, deliveriesConfiguration)
	testkit.Must(t, os.WriteFile(l.host.path("routes"), []byte(strings.Join(l.routes, "\n")+"\n"), 0o644))
	return l
}

// serve starts the server of a domain.
func (l *deliveriesLab) serve(domain string, c conduct) {
	address := fmt.Sprint("203.0.113.", len(l.routes)+1)
	l.servers[domain] = newServer(l.t, l.ledger, c, address)
	l.routes = append(l.routes, domain+".test: "+address)
}

// unanswered is a recipient whose mail goes to an address where no server is. Exim tries twice.
// QUIRK: Exim 4.96 logs a host that refuses a connection on a line of its own, and not with the recipient.
const unanswered = "x@down.test"

// accounts log in. The last one's mail is delivered while it is received.
var accounts = []string{"ann@lab.test", "bob@lab.test", "carol@lab.test", "dave@lab.test", "eve@lab.test", "hasty@lab.test"}

// compose writes so many letters.
func (l *deliveriesLab) compose(n int) {
	singles := slices.Clone(l.single)
	l.add(accounts[0], unanswered)
	for len(l.letters) < n {
		// Some accounts send more than others.
		account := accounts[l.random.IntN(1+l.random.IntN(len(accounts)))]
		if account == "hasty@lab.test" {
			l.add(account, "cut#@plain.test")
			continue
		}
		var to []string
		for range 1 + l.random.IntN(4) {
			to = append(to, l.anyRecipient())
		}
		if every := n / len(l.single); len(singles) > 0 && len(l.letters)%every == 0 {
			for range 1 + l.random.IntN(2) {
				to = append(to, "x#@"+singles[0]+".test")
			}
			singles = singles[1:]
		}
		l.add(account, to...)
	}
}

// anyRecipient is one at a server that others share, or here, or nowhere.
func (l *deliveriesLab) anyRecipient() string {
	pick := func(of ...string) string { return of[l.random.IntN(len(of))] }
	domain := pick("accept", "accept", "accept", "plain", "picky", "picky", "picky", "picky", "nodata", "nomessage",
		"fullbox", "lab", "nowhere")
	name := "x"
	switch {
	case domain == "picky":
		name = pick("gone", "gone", "listed", "grey", "full", "x")
	case domain == "accept" && l.random.IntN(30) == 0:
		domain = "slow"
	}
	return name + "#@" + domain + ".test"
}

// add writes a letter. Each recipient gets a number of its own, in place of #.
func (l *deliveriesLab) add(account string, to ...string) letter {
	one := letter{number: len(l.letters), from: "10.0.0.9", account: account, sender: account}
	for i, address := range to {
		address = strings.ReplaceAll(address, "#", fmt.Sprint(len(l.letters)*10+i))
		one.recipients = append(one.recipients, address)
		_, domain, _ := strings.Cut(address, "@")
		if s := l.servers[strings.TrimSuffix(domain, ".test")]; s != nil {
			l.owe(s.host, address)
		}
	}
	l.letters = append(l.letters, one)
	return one
}

// sendAll sends the letters of each account, some in each session.
func (l *deliveriesLab) sendAll(letters []letter) {
	const session = 10
	for _, account := range accounts {
		var own []letter
		for _, one := range letters {
			if one.account == account {
				own = append(own, one)
			}
		}
		for some := range slices.Chunk(own, session) {
			send(l.t, eximAddress, some...)
		}
	}
}

// sendWhileHostWaits sends two letters to a server that puts off the first. Until it is time again Exim doesn't call
// it, so the second one's recipient isn't put off by anybody.
func (l *deliveriesLab) sendWhileHostWaits() {
	s := l.servers["waits"]
	for range 2 {
		l.sendAll([]letter{l.add(accounts[0], "x#@waits.test")})
		l.host.settle()
	}
	if n := s.connections.Load(); n != 1 {
		l.t.Errorf("Exim has called the server %d times, want once", n)
	}
}

// turn has servers that put mail off accept it or refuse it, but some.
func (l *deliveriesLab) turn() {
	for i, domain := range l.single {
		switch s := l.servers[domain]; i % 3 {
		case 0:
			s.behave(conduct{})
		case 1:
			s.behave(conduct{rcpt: map[string]string{"x": noSuchUser}})
		}
	}
	l.servers["waits"].behave(conduct{})
	l.servers["fullbox"].behave(conduct{})
	l.servers["picky"].behave(conduct{rcpt: map[string]string{"full": "452 4.2.2 mailbox full"}})
}

// check compares the truth with the log, and with what exiwatch counts. The recipients that Exim's bounces name are
// those who were refused.
func (l *deliveriesLab) check(bounced map[string]bool) {
	t, log, truth := l.t, readLog(l.t, l.host.mainlog()), l.copied()
	refusals := make(map[string]bool)
	for recipient, f := range truth {
		if f.refused > 0 {
			refusals[recipient] = true
		}
	}
	compare(t, "recipients in bounces", bounced, refusals)
	compare(t, "what the log says", log.fates(func(a loggedArrival) bool { return a.account != "" }), truth)
	want, wholes := make(map[string]int), make(map[string]whole)
	for _, one := range l.letters {
		want["account messages "+one.account]++
		wholes[one.account] = wholes[one.account].with(t, truth, one.recipients)
	}
	queued := 0
	for account, all := range wholes {
		want["account bounces "+account] = all.refused
		want["account deferrals "+account] = all.deferred
		want["log bounces mainlog"] += all.refused
		want["log deferrals mainlog"] += all.deferred
		queued += all.queued
	}
	if n := l.host.queued(); n != queued {
		t.Errorf("%d messages are in the queue, want %d", n, queued)
	}
	alerts := replayed(t, l.host.mainlog(), "", countRule{"account", "messages"}, countRule{"account", "bounces"},
		countRule{"account", "deferrals"}, countRule{"log", "bounces"}, countRule{"log", "deferrals"})
	checkPeaks(t, "what rules count", alerts, want)
	checkFates(t, "what alerts tell", alerts, "account messages", wholes)
	l.checkBlockLists(alerts, truth)
	bounces, deferrals := make(map[string]int), make(map[string]int)
	for account, all := range wholes {
		if all.refused > 0 {
			bounces[account] = all.refused
		}
		if all.deferred > 0 {
			deferrals[account] = all.deferred
		}
	}
	compare(t, "top bounces", ranked(t, l.host.mainlog(), "bounces"), bounces)
	compare(t, "top deferrals", ranked(t, l.host.mainlog(), "deferrals"), deferrals)
	if testing.Verbose() {
		t.Logf("%d letters, %d recipients: %+v", len(l.letters), len(truth), wholes)
	}
}

// checkBlockLists compares the block lists that alerts name with those that more than one server has named.
func (l *deliveriesLab) checkBlockLists(alerts map[string]alert, truth map[string]fate) {
	by := make(map[string][]string) // servers that say that this host is listed, by account
	for _, one := range l.letters {
		for _, recipient := range one.recipients {
			f := truth[recipient]
			if f.listed && !slices.Contains(by[one.account], f.host) {
				by[one.account] = append(by[one.account], f.host)
			}
		}
	}
	got, want := make(map[string]string), make(map[string]string)
	for account, servers := range by {
		if len(servers) > 1 {
			want[account] = "Spamhaus"
		}
	}
	for _, account := range accounts {
		if lists := strings.Join(alerts["account messages "+account].BlockLists, " "); lists != "" {
			got[account] = lists
		}
	}
	compare(l.t, "block lists", got, want)
}
