package report_test

import (
	"slices"
	"strings"
	"testing"
)

// TestSelectorsMissing: a selector is missing where none of its items was seen though one could have been.
func TestSelectorsMissing(t *testing.T) {
	const (
		stamp  = "2026-11-23 10:00:00 "
		local  = "1xV001-000001-01 <= a@lab.test U=a P=local S=1"
		remote = "1xV001-000001-01 <= a@lab.test H=mail.example.com [192.0.2.7] P=esmtp S=1"
	)
	for _, test := range []struct{ log, want string }{
		{"", "arguments millisec pid received_recipients received_sender subject"},
		{stamp + local, "arguments millisec pid received_recipients received_sender subject"},
		{stamp + remote,
			"arguments incoming_interface incoming_port millisec pid received_recipients received_sender subject"},
		{stamp + remote + "\n" + stamp + "cwd=/ 2 args: /usr/sbin/sendmail -t",
			"incoming_interface incoming_port millisec pid received_recipients received_sender subject"},
		{stamp + strings.Replace(remote, "] P", "]:25 P", 1),
			"arguments incoming_interface millisec pid received_recipients received_sender subject"},
		{stamp + strings.Replace(remote, " P=", " I=[192.0.2.25]:25 P=", 1),
			"arguments incoming_port millisec pid received_recipients received_sender subject"},
		{"2026-11-23 10:00:00.000 " + remote,
			"arguments incoming_interface incoming_port pid received_recipients received_sender subject"},
		{stamp + "[1] " + local, "arguments millisec received_recipients received_sender subject"},
		{stamp + local + ` T=""`, "arguments millisec pid received_recipients received_sender"},
		{stamp + local + " from <a@lab.test>", "arguments millisec pid received_recipients subject"},
		{stamp + local + " for b@lab.test", "arguments millisec pid received_sender subject"},
		{stamp + "cwd=/ 2 args: /usr/sbin/sendmail -t\n2026-11-23 10:00:00.001 [1] 1xV001-000001-01 <= a@lab.test H=h [192.0.2.7]:25 I=[192.0.2.25]:25 " +
			"P=esmtp S=1 T=\"x\" from <a@lab.test> for b@lab.test", ""},
		{stamp + local + ` T="x"` + "\n" + stamp + local + " for b@lab.test", "arguments millisec pid received_sender"},
	} {
		got := summary(t, "mainlog", test.log).Document(0).SelectorsMissing
		if got == nil || !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("selectors missing in %q = %q, want %q", test.log, got, test.want)
		}
	}
}
