package check

import (
	"fmt"
	"strings"
	"testing"
)

// TestNoID: an authenticator without server_set_id is named, with the line that it needs.
func TestNoID(t *testing.T) {
	log := strings.ReplaceAll(arrivals(30), "A=plain:ann", "A=plain")
	shown := func(driver, public, setID string) func(*lab) {
		return all(text(log), shows(map[string]string{"authenticators": "\nother authenticator:\ndriver = " +
			"spa\nserver_set_id = $auth1\n\n" +
			"plain authenticator:\nclient_set_id = \ndriver = " + driver + "\npublic_name = " + public +
			"\nserver_set_id = " + setID + "\nserver_prompts = :\n"}))
	}
	for _, test := range []struct {
		name  string
		spoil func(*lab)
		says  string
	}{
		{"PLAIN", shown("plaintext", "PLAIN", ""), "\n    plain: server_set_id = $auth2"},
		{"PLAIN in lower case", shown("plaintext", "plain", ""), "\n    plain: server_set_id = $auth2"},
		{"LOGIN", shown("plaintext", "LOGIN", ""), "\n    plain: server_set_id = $auth1"},
		{"PLAIN by Dovecot", shown("dovecot", "PLAIN", ""), "\n    plain: server_set_id = $auth1"},
		{"CRAM-MD5", shown("cram_md5", "CRAM-MD5", ""), "\n    plain: server_set_id = $auth1"},
		{"an empty id", shown("plaintext", "PLAIN", "$auth3"),
			"    plain: server_set_id = $auth3   # already set, but its value was empty"},
		{"Exim shows none", text(log), "server_set_id = $auth1   # $auth2 for PLAIN"},
		{"how many", text(log), "Exim logs no id for logins with plain (30 arrivals)\n"},
		{"for whom they count", text(log), "by sending host, such as [203.0.113.7]"},
		{"several", text(log + strings.Replace(log, "A=plain", "A=login", 1)),
			"with login (1 arrival), plain (59 arrivals)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, "")
			test.spoil(l)
			want(t, l.run(), "authenticator", Warn, test.says)
		})
	}
	l := newLab(t, "")
	want(t, l.run(), "authenticator", Pass, "30 arrivals with a login, all with an id")
	l.log(rootLine)
	if text := table(l.run(), false); strings.Contains(text, "authenticator") {
		t.Errorf("without a login:\n%s", text)
	}
	var many strings.Builder
	for i := range 10 * maxAuthenticators {
		many.WriteString(strings.Replace(thirdID, "A=plain:ann:bob@example.com", fmt.Sprintf("A=made%d", i), 1))
	}
	l.log(many.String())
	if n := strings.Count(table(l.run(), false), "server_set_id"); n != maxAuthenticators {
		t.Errorf("%d made-up authenticators are named, want %d", n, maxAuthenticators)
	}
}
