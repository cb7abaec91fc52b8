package mailer_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"exiwatch/mailer"
	"exiwatch/window"
)

// openedMail is an alert.
func openedMail() []*window.Alert {
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
	message, err := composer.Opened(openedMail(), time.Date(2026, 11, 29, 10, 0, 1, 0, time.UTC))
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
