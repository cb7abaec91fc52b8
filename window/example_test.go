package window_test

import (
	"fmt"
	"time"

	"exiwatch/window"
)

// The third message within five minutes is one too many.
func ExampleCounters_Count() {
	rule, err := window.ParseRule("sender 2/5m")
	if err != nil {
		fmt.Println(err)
		return
	}
	counters, err := window.New([]window.Rule{rule})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	arrival := &window.Arrival{At: at, MessageID: []byte("1xV001-000001-01")}
	arrival.Values[window.Sender] = []byte("alice@example.org")
	for range 3 {
		opened, _ := counters.Count(arrival)
		for _, alert := range opened {
			fmt.Println(alert.Value, alert.Count)
		}
		arrival.At = arrival.At.Add(time.Minute)
	}
	// Output: alice@example.org 3
}
