package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// attackLetters is how many messages each attack sends, at least.
const attackLetters = 60

// An attack is what somebody does on a mail host with Debian's configuration, and the alerts that come of it.
// Harmless mail is a case, too: it opens no alert but the control's.
type attack struct {
	name   string
	macros string // of Exim's configuration, besides the host's own
	by     func(h *mailHost)
	logged string   // a pattern of the entries that Exim logs of it, attackLetters or more
	alerts []string // keys and values
	also   string   // one that may open, too
}

const (
	logArguments = "MAIN_LOG_SELECTOR == +subject +received_recipients +arguments"
	trustNobody  = "MAIN_TRUSTED_USERS = uucp : nobody"
	integrity    = "log mainlog"
	control      = "account bob@lab.test" // who sends after mail that is harmless: that was read, then
)

var attacks = []attack{
	{
		name: "one password in many spellings", by: (*mailHost).spellLogins,
		logged: `<= \S+ H=\(pc\.lab\.test\) \[203\.0\.113\.7\] P=esmtpa A=plain_server:(?i:alice@lab\.test) S=`,
		alerts: []string{"account alice@lab.test"},
	},
	{
		name: "loopback without a login", by: (*mailHost).sendOverLoopback,
		logged: `<= shop@mx\.test H=\S+ (\(shop\) )?\[127\.0\.0\.1\] P=esmtp S=`,
		alerts: []string{"account <shop@mx.test>"},
	},
	{
		name: "filter that hands back over loopback", by: (*mailHost).filterOverLoopback,
		logged: `<= news@else\.test H=\S+ (\(filter\) )?\[127\.0\.0\.1\] P=esmtp S=\d+ id=k\d+\.0@else\.test `,
		alerts: []string{control},
	},
	{
		name: "filter that hands back by a call", by: (*mailHost).filterByCall,
		logged: `<= news@else\.test U=uucp P=spam-scanned S=\d+ id=k\d+\.0@else\.test `,
		alerts: []string{control},
	},
	{
		name: "bounces that are none", by: (*mailHost).sendBounces,
		logged: `<= <> R=1xV000-000001-01 U=nobody P=local S=`,
		alerts: []string{"account nobody"},
	},
	{
		name: "mail commands of a filter", by: (*mailHost).mailByForward,
		logged: `<= <> R=\S+ U=shop P=local S=`,
		alerts: []string{"account shop"},
	},
	{
		name: "protocol of a trusted user", macros: trustNobody, by: (*mailHost).inventProtocol,
		logged: `<= nobody@mx\.test U=nobody P=web S=`,
		alerts: []string{"account nobody"},
	},
	{
		name: "peer of a trusted user", macros: trustNobody, by: (*mailHost).inventPeer,
		logged: `<= nobody@mx\.test H=\[203\.0\.113\.7\] U=nobody P=local S=`,
		alerts: []string{"account nobody"},
	},
	{
		name: "HELO of 8 kB", by: (*mailHost).overflow,
		logged: `^\S+ \S+ \S{16} \*\*\*\* log string overflowed log buffer \*\*\*\*$`,
		alerts: []string{integrity},
	},
	{
		name: "hidden between brackets", macros: logArguments, by: (*mailHost).hideBetweenBrackets,
		logged: `<= nobody@mx\.test U=nobody P=local-smtp S=`,
		alerts: []string{"account nobody", integrity},
	},
	{
		name: "hidden between brackets of an ordinary look", macros: logArguments,
		by:     (*mailHost).hideBehindOrdinaryLines,
		logged: `<= nobody@mx\.test U=nobody P=local-smtp S=`,
		alerts: []string{"account nobody", integrity},
	},
	{
		name: "framed by a folder", macros: logArguments, by: (*mailHost).frameBoss,
		logged: `<= boss@corp\.test .* A=dovecot_login:boss@corp\.test S=900 `,
		alerts: []string{integrity},
	},
	{
		name: "clock moved by a folder", macros: logArguments, by: (*mailHost).moveClock,
		logged: `<= nobody@mx\.test U=nobody P=local-smtp S=`,
		alerts: []string{"account nobody"}, also: integrity,
	},
}

// TestAttacksRealExim: each attack ends in the mail of an alert, harmless mail in none. Replay finds the alerts
// that the daemon mailed.
func TestAttacksRealExim(t *testing.T) {
	for _, a := range attacks {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			if h := onMailHost(t, a.macros); h != nil {
				h.suffer(a)
			}
		})
	}
}

// suffer has a daemon with the default rules watch an attack.
func (h *mailHost) suffer(a attack) {
	t := h.t
	config := filepath.Join(h.dir, "exiwatch.toml")
	writeFile(t, config, fmt.Sprintf("state = %q\n", filepath.Join(h.dir, "state")))
	d := startDaemon(t, config)
	until(t, "the daemon follows", func() bool { return strings.Contains(d.stderr.String(), readToEnd) })
	a.by(h)
	if n := len(regexp.MustCompile("(?m)"+a.logged).FindAllString(h.log(), -1)); n < attackLetters {
		t.Errorf("Exim logged %d entries like %s, want %d", n, a.logged, attackLetters)
	}
	for _, found := range replayed(t, "--config", config) {
		if !slices.Contains(a.alerts, found.who()) && found.who() != a.also {
			t.Errorf("an alert of %s: %+v", found.who(), found)
		}
		if found.Key == "account" && found.Messages < attackLetters {
			t.Errorf("the alert of %s has %d messages, want %d", found.who(), found.Messages, attackLetters)
		}
		until(t, "the mail of "+found.who(), func() bool { return slices.Contains(h.mailedAlerts(), found.ID) })
	}
	d.stop()
	if status := <-d.ended; status != exitDone {
		t.Errorf("run ended with %d", status)
	}
	h.compareWithReplay(a, config)
}

// compareWithReplay compares what was mailed with what replay finds in the log as it is in the end.
func (h *mailHost) compareWithReplay(a attack, config string) {
	h.t.Helper()
	var ids, found []string
	for _, alert := range replayed(h.t, "--config", config) {
		ids, found = append(ids, alert.ID), append(found, alert.who())
	}
	slices.Sort(ids)
	if mailed := h.mailedAlerts(); !slices.Equal(mailed, ids) {
		h.t.Errorf("the daemon mailed %q, replay finds %q", mailed, ids)
	}
	for _, want := range a.alerts {
		if !slices.Contains(found, want) {
			h.t.Errorf("no alert of %s among %q", want, found)
		}
	}
}

// mailedAlerts are the ids of the alerts that were mailed to root.
func (h *mailHost) mailedAlerts() (ids []string) {
	h.t.Helper()
	for _, m := range mailsIn(h.t, rootMail) {
		ids = append(ids, strings.Fields(m.Alert)...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// spellLogins logs in with one password, each time in another spelling. Exim's lsearch knows no case; it knows blanks.
func (h *mailHost) spellLogins() {
	const login = "alice@lab.test"
	for i := range attackLetters {
		spelling := []byte(login)
		for bit := range 6 {
			if i>>bit&1 == 1 {
				spelling[2*bit] -= 'a' - 'A' // every other one is a letter
			}
		}
		h.mustSend(client{outsideClient, "pc.lab.test", string(spelling)}, letter{sender: "offer@lab.test"})
	}
	for _, blank := range []string{login + " ", " " + login, login + "\t"} {
		if err := (client{outsideClient, "pc.lab.test", blank}).send(); err == nil {
			h.t.Errorf("Exim takes the login %q: send as that one, too", blank)
		}
	}
}

// sendOverLoopback sends as a program of a web site does that speaks SMTP itself.
func (h *mailHost) sendOverLoopback() {
	h.mustSend(client{"127.0.0.1", "shop", ""}, slices.Repeat([]letter{{sender: "shop@mx.test"}}, attackLetters)...)
}

// newsletter is mail of one sender that comes from elsewhere.
func newsletter() (letters []letter) {
	for i := range attackLetters {
		letters = append(letters, letter{"news@else.test", fmt.Sprintf("k%d.0@else.test", i)})
	}
	return letters
}

// filterOverLoopback takes mail and hands it back as a content filter does.
func (h *mailHost) filterOverLoopback() {
	h.mustSend(client{outsideServer, "mx.else.test", ""}, newsletter()...)
	h.mustSend(client{"127.0.0.1", "filter", ""}, newsletter()...)
	h.sendControl()
}

// filterByCall does so by the recipe of Exim's specification.
func (h *mailHost) filterByCall() {
	h.mustSend(client{outsideServer, "mx.else.test", ""}, newsletter()...)
	for _, l := range newsletter() {
		h.mustSendmail("uucp", l, "-oMr", "spam-scanned", "-f", l.sender)
	}
	h.sendControl()
}

// sendControl sends what opens the control's alert.
func (h *mailHost) sendControl() {
	c := client{outsideClient, "pc.lab.test", "bob@lab.test"}
	h.mustSend(c, slices.Repeat([]letter{{sender: "bob@lab.test"}}, attackLetters)...)
}

// sendBounces has a local user hand in what looks like bounces.
func (h *mailHost) sendBounces() {
	for range attackLetters {
		h.mustSendmail("nobody", letter{}, "-E1xV000-000001-01", "-f", "<>")
	}
}

// mailByForward has one message make many, by a user's own filter.
func (h *mailHost) mailByForward() {
	filter := "# Exim filter\n" + strings.Repeat("mail to "+victim+" subject pay text hello\n", attackLetters)
	err := h.as("shop", "/home/shop", filter, "tee", ".forward")
	if err == nil {
		err = h.as("nobody", "/", "Subject: go\n\n", "sendmail", "shop")
	}
	if err != nil {
		h.t.Fatal(err)
	}
	until(h.t, "the filter has sent", func() bool { return strings.Count(h.log(), " U=shop ") >= attackLetters })
}

func (h *mailHost) inventProtocol() {
	for range attackLetters {
		h.mustSendmail("nobody", letter{}, "-oMr", "web")
	}
}

func (h *mailHost) inventPeer() {
	for range attackLetters {
		h.mustSendmail("nobody", letter{}, "-oMa", outsideClient)
	}
}

// overflow says a HELO that leaves no room for the rest of the entry.
func (h *mailHost) overflow() {
	c := client{outsideClient, strings.Repeat("h", 8100), "alice@lab.test"}
	h.mustSend(c, slices.Repeat([]letter{{sender: "offer@lab.test"}}, attackLetters)...)
}

// stand calls sendmail in a folder of that name as a user who may not list the queue. Exim logs the folder before it
// refuses.
func (h *mailHost) stand(folder string) {
	h.t.Helper()
	path := filepath.Join("/home/shop", folder)
	if err := os.MkdirAll(path, 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := h.as("nobody", path, "", "sendmail", "-bp"); err == nil {
		h.t.Fatal("nobody may list the queue")
	}
}

// stamp is the time as Exim logs it.
func stamp(ahead time.Duration) string { return time.Now().Add(ahead).Format(time.DateTime) }

// messageID is one that Exim 4.96 could have given a message: six digits are the time, to the base 62.
func messageID(ahead time.Duration, n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var id string
	for at := time.Now().Add(ahead).Unix(); at > 0; at /= 62 {
		id = digits[at%62:at%62+1] + id
	}
	return fmt.Sprintf("%s-%06d-01", id, n)
}

// hideBetweenBrackets opens an entry by a folder's name, sends, and closes the entry by another's.
func (h *mailHost) hideBetweenBrackets() {
	h.stand("a\n" + stamp(0) + " x")
	h.submit("nobody", attackLetters)
	h.stand("b 1 args: x\nc")
}

// hideBehindOrdinaryLines does so with a last line that looks like one of Exim's.
func (h *mailHost) hideBehindOrdinaryLines() {
	h.stand("a\n" + stamp(0) + " x\n" + stamp(0) + " cwd=")
	h.submit("nobody", attackLetters)
	h.stand("b 1 args: x\nc")
}

// frameBoss has Exim log arrivals that were none.
func (h *mailHost) frameBoss() {
	for i := range attackLetters {
		h.stand(fmt.Sprintf("k 1 args: x\n%s %s <= boss@corp.test H=(pc) [%s]:9 P=esmtpa "+
			"A=dovecot_login:boss@corp.test S=900 T=\"pay\" for x@example.net\nz", stamp(0), messageID(0, i),
			outsideClient))
	}
}

// moveClock has Exim log arrivals of a time to come, before a limit is reached.
func (h *mailHost) moveClock() {
	for i := range attackLetters / 15 {
		h.submit("nobody", 15)
		ahead := time.Duration(i+1) * 10 * time.Minute
		h.stand(fmt.Sprintf("k 1 args: x\n%s %s <= a@b.test H=(c) [%s]:1 P=esmtp S=1 T=\"x\" for x@y.test\nz",
			stamp(ahead), messageID(ahead, i), outsideServer))
	}
	h.submit("nobody", 15)
}
