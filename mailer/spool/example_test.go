package spool_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"exiwatch/mailer"
	"exiwatch/mailer/spool"
)

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
	s, err := spool.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := s.DropUncommitted(0); err != nil { // there is no checkpoint
		log.Fatal(err)
	}
	message := mailer.Message{
		ID: "m3k9", Event: "opened", To: []string{"root@lab.test"},
		Data: []byte("Subject: Mail Abuse Alert\r\n\r\n…\r\n"),
	}
	for range 2 { // the second time it is known
		added, err := s.Put(message)
		fmt.Println(added, err)
	}
	s.Commit(s.Last()) // a checkpoint was written
	ctx, stop := context.WithCancel(context.Background())
	s.Run(ctx, printer{stop}, nil)
	fmt.Println(s.Len(), "wait")
	// Output:
	// true <nil>
	// false <nil>
	// opened [root@lab.test]
	// 0 wait
}
