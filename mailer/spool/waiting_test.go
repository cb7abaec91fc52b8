package spool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"exiwatch/mailer"
)

func TestOldestMailThatWaits(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir)
		want := func(n int, since time.Time) {
			t.Helper()
			if got, at := s.Waiting(); got != n || !at.Equal(since) {
				t.Errorf("%d mails wait since %v, want %d since %v", got, at, n, since)
			}
		}
		want(0, time.Time{})
		first := time.Now()
		put(t, s, mailOf("aa"))
		time.Sleep(time.Minute)
		put(t, s, mailOf("bb"))
		want(2, first)

		ctx, cancel := context.WithCancel(t.Context())
		go s.Run(ctx, sendFunc(func(context.Context, mailer.Message) error { return nil }), nil)
		synctest.Wait()
		cancel()
		synctest.Wait()
		want(0, time.Time{})
	})
}
