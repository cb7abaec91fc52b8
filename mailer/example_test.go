package mailer_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// opened is an alert.
func opened() []*window.Alert {
	rule, err := window.ParseRule("account 2/5m")
	if err != nil {
		log.Fatal(err)
	}
	counters, err := window.New([]window.Rule{rule})
	if err != nil {
		log.Fatal(err)
	}
	at := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	arrival := &window.Arrival{At: at, MessageID: []byte("1xV001-000001-01")}
	arrival.Values[window.Account], arrival.Values[window.Subject] = []byte("alice"), []byte("Invoice")
	counters.Count(arrival)
	counters.Count(arrival)
	alerts, _ := counters.Count(arrival)
	return alerts
}

var composer = mailer.Composer{
	From: "exiwatch@mx.lab.test", To: []string{"root@lab.test"}, Host: "mx.lab.test", Key: []byte("secret"),
}

// The mail of an alert that has just opened.
func ExampleComposer() {
	message, err := composer.Opened(opened(), time.Date(2026, 11, 29, 10, 0, 1, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.SplitSeq(string(message.Data), "\r\n") {
		if strings.HasPrefix(line, "Subject: ") {
			fmt.Println(line)
		}
	}
	fmt.Println(message.To)
	// Output:
	// Subject: Mail Abuse Alert: alice sent 3 messages in 5m (limit 2)
	// [root@lab.test]
}

// A printer is a Transport.
type printer struct{ stop func() }

func (p printer) Send(_ context.Context, m mailer.Message) error {
	fmt.Println(m.Event, m.To)
	p.stop()
	return nil
}

// A mail goes once a checkpoint covers it.
func ExampleSpool() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	spool, err := mailer.OpenSpool(dir)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := spool.DropUncommitted(0); err != nil { // there is no checkpoint
		log.Fatal(err)
	}
	message, err := composer.Opened(opened(), time.Now())
	if err != nil {
		log.Fatal(err)
	}
	for range 2 { // the second time it is known
		added, err := spool.Put(message)
		fmt.Println(added, err)
	}
	spool.Commit(spool.Last()) // a checkpoint was written
	ctx, stop := context.WithCancel(context.Background())
	spool.Run(ctx, printer{stop}, nil)
	fmt.Println(spool.Len(), "wait")
	// Output:
	// true <nil>
	// false <nil>
	// opened [root@lab.test]
	// 0 wait
}
