package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// arrivalsNow are arrivals of this moment, of which each is what follows the message id.
func arrivalsNow(prefix string, entries ...string) string {
	var b strings.Builder
	at := time.Now().Format(time.DateTime)
	for i, entry := range entries {
		fmt.Fprintf(&b, "%s 1x%s000-%06d-01 <= %s S=300 T=\"pay\" for v@example.net\n", at, prefix, i, entry)
	}
	return b.String()
}

// TestSocketVictims: nobody is over a limit because somebody else used the name, be it an outsider's envelope sender or
// the AUTH= of a client under +smtp_mailauth. Whoever did send is over it, however the name is spelled.
func TestSocketVictims(t *testing.T) {
	p, socket := askable(t)
	rules := "[count]\nonly = ['all']\n"
	for _, key := range []string{"account", "auth", "sender"} {
		rules += fmt.Sprintf("[[rule]]\nkey = %q\nlimit = 20\nwindow = '1h'\n", key)
	}
	p.configure(p.settings(fmt.Sprintf("[socket]\npath = %q\n", socket) + rules))
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	var outsider, mailauth, real []string
	for i := range 30 {
		outsider = append(outsider, "alice@lab.test H=mx.else.test [198.51.100.9]:25 P=esmtp")
		mailauth = append(mailauth, "m@else.test H=(pc) [203.0.113.7]:4711 P=esmtpa A=plain:mallory@lab.test"+
			":x) [192.0.2.9] P=esmtpa A=plain:boss@corp.test")
		spelling := []string{"carol@lab.test", "Carol@lab.test", "CAROL@LAB.TEST", " carol@lab.test",
			"carol@lab.test "}[i%5]
		real = append(real, "c@else.test H=(pc) [203.0.113.8]:4711 P=esmtpa A=plain:"+spelling)
	}
	p.write(arrivalsNow("O", outsider...) + arrivalsNow("M", mailauth...) + arrivalsNow("R", real...))
	ask := func(item string) string {
		out, _, _ := exiwatch(t, "", "query", "--socket", socket, item)
		return strings.TrimSpace(out)
	}
	until(t, "the last ones count", func() bool { return ask("account=carol@lab.test") == "yes" })
	for item, want := range map[string]string{
		"account=alice@lab.test": "no", "auth=alice@lab.test": "no", "account=ALICE@lab.test": "no",
		"account=<alice@lab.test>": "yes", "sender=alice@lab.test": "yes", // which is what the outsider claims
		"account=boss@corp.test": "no", "auth=boss@corp.test": "no", "auth=Boss@corp.test ": "no",
		"account=carol@lab.test": "yes", "account=CAROL@Lab.Test": "yes", "account= carol@lab.test ": "yes",
		"auth=carol@lab.test": "yes", "auth=Carol@LAB.TEST": "yes", "auth=carol@lab.test  ": "yes",
	} {
		if got := ask(item); got != want {
			t.Errorf("query %q: %s, want %s", item, got, want)
		}
	}
	d.end()
}
