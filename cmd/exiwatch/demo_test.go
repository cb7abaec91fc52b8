package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestDemo shows one mail, and that replay says the same.
func TestDemo(t *testing.T) {
	t.Parallel()
	var out syncBuffer
	var errs bytes.Buffer
	if status := run(t.Context(), []string{"demo"}, strings.NewReader(""), &out, &errs); status != exitDone ||
		errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	if n := strings.Count(out.String(), "a mail has come"); n != 1 {
		t.Errorf("%d mails were shown, want 1", n)
	}
	for _, want := range []string{"Subject: Mail Abuse Alert: alice@lab.test sent 21 messages in 5m (limit 20)\n",
		"mainlog was just cycled", "lists the same 1, by id:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo lacks %q:\n%s", want, out.String())
		}
	}
}

// TestDemoInterrupted ends at once.
func TestDemoInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs syncBuffer
	if status := run(ctx, []string{"demo"}, strings.NewReader(""), &out, &errs); status != exitFailure {
		t.Errorf("status %d, want %d", status, exitFailure)
	}
}
