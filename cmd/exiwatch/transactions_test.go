package main

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

var transactions = flag.Int("exim.transactions", 0, "messages with which TestTransactionsASecond measures each ACL")

// TestTransactionsASecond measures what asking costs, against Exim's own ratelimit: messages a second, and recipients
// alone.
func TestTransactionsASecond(t *testing.T) {
	if *transactions == 0 {
		t.Skip("it measures, if -exim.transactions says with how many messages")
	}
	need(t, "exim4")
	rates := make(map[string][2]float64)
	for range 3 { // the best of three
		for name, acl := range map[string]string{
			"no ACL":    "",
			"exiwatch":  aclExamples(t, "DIR/socket/sender.sock")[aclBySender].text,
			"ratelimit": "  deny ratelimit = 20 / 5m / $sender_address\n       message = too many messages from $sender_address\n",
		} {
			e, _ := askingExim(t, func(string) aclExample { return aclExample{"sender", acl} })
			var d *process
			if name == "exiwatch" {
				d = e.watched("sender", "5m")
			}
			for i, data := range []bool{true, false} {
				if rate := e.rate(*transactions, data); rate > rates[name][i] {
					r := rates[name]
					r[i] = rate
					rates[name] = r
				}
			}
			if d != nil {
				d.end()
			}
			os.RemoveAll(e.dir)
		}
	}
	for _, name := range []string{"no ACL", "exiwatch", "ratelimit"} {
		t.Logf("%-10s %7.0f messages/s  %7.0f recipients/s", name, rates[name][0], rates[name][1])
	}
	t.Logf("exiwatch / ratelimit: %.2f of messages, %.2f of recipients", rates["exiwatch"][0]/rates["ratelimit"][0],
		rates["exiwatch"][1]/rates["ratelimit"][1])
}

// rate is how many messages of n a second are accepted over four connections, each sender having ten, or how many
// recipients.
func (e *eximHost) rate(n int, data bool) float64 {
	const connections = 4
	var all []*submitter
	for range connections {
		all = append(all, e.submitter())
	}
	var wait sync.WaitGroup
	began := time.Now()
	for i, s := range all {
		wait.Go(func() {
			for m := range n / connections {
				from := fmt.Sprintf("u%d.%d.%v@lab.test", i, m/10, data)
				if data && !s.send(from) || !data && !s.mayRcpt(from) {
					e.t.Errorf("%s is refused", from)
				}
			}
		})
	}
	wait.Wait()
	return float64(n) / time.Since(began).Seconds()
}
