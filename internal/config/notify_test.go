package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
	"exiwatch/mailer/transport"
)

func TestNotify(t *testing.T) {
	file := testkit.Write(t, "url", "ntfy://ntfy.lab.test/s3cretTopic\n")
	c, err := Parse("c.toml", fmt.Appendf(nil, `[mail]
subjects = "hashed"
[[notify]]
url_file = %[1]q
[[notify]]
name = "ntfy2"
url_file = %[1]q
events = ["opened", "ended"]
subjects = "none"
[[notify]]
url = "ntfy://ntfy.lab.test/s3cretOther"
[web]
listen = "127.0.0.1:8025"
url = "https://mx.lab.test/page/"
`, file))
	testkit.Must(t, err)
	for i, want := range []Notify{
		{Name: "ntfy", Events: []string{"opened", "grew", "ended", "withdrawn"}, Subjects: "hashed"},
		{Name: "ntfy2", Events: []string{"opened", "ended"}, Subjects: "none"},
		{Name: "ntfy3", Events: []string{"opened", "grew", "ended", "withdrawn"}, Subjects: "hashed", Inline: true},
	} {
		got := c.Notify[i]
		to := got.Transport.(*transport.Notify)
		if got.Name != want.Name || to.Name != want.Name || !slices.Equal(got.Events, want.Events) ||
			got.Subjects != want.Subjects || got.Inline != want.Inline || !strings.Contains(to.URL, "s3cret") {
			t.Errorf("channel %d is %+v, want %+v", i+1, got, want)
		}
	}
	if !slices.Equal(c.Secrets, []string{file, file, "c.toml"}) || c.Web.URL != "https://mx.lab.test/page/" {
		t.Errorf("secrets %q, page %q", c.Secrets, c.Web.URL)
	}
}

// TestNotifyErrors have a place and tell no secret.
func TestNotifyErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"empty": "", "smtp": "smtp://ann:s3cret@mx.lab.test/", "ok": "ntfy://h.test/s3cret"} {
		testkit.Must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	for text, want := range map[string]string{
		"":                      "1:3: notify.url_file: missing; expected the path of a file",
		"url_file = 'none'":     "2:12: notify.url_file = 'none': cannot be read: no such file",
		"url_file = 'empty'":    "2:12: notify.url_file = 'empty': no URL of a service: its scheme is none of discord",
		"url_file = 'smtp'":     "2:12: notify.url_file = 'smtp': no URL of a service: its scheme is none of discord",
		"url = 'ntfy://h.test'": "2:7: notify.url: no URL of a service: topic",
		"url = 's3cret\\x00'":   "2:7: notify.url: no URL of a service",
		"url = 'ntfy://h.test/s3cret'\nurl_file = 'ok'":             "2:7: notify.url: expected url or url_file, not both",
		"url_file = 'ok'\nname = 'Ops'":                             "3:8: notify.name = 'Ops': expected 1 to 32 lower-case",
		"url_file = 'ok'\nname = '../x'":                            "3:8: notify.name = '../x': expected 1 to 32 lower-case",
		"url_file = 'ok'\nevents = []":                              "3:10: notify.events = []: expected a list that is not empty",
		"url_file = 'ok'\nevents = ['opened', 'closed']":            `3:21: notify.events = 'closed': expected "opened"`,
		"url_file = 'ok'\nsubjects = 'some'":                        `3:12: notify.subjects = 'some': expected "full"`,
		"url_file = 'ok'\nchannel = 'x'":                            `3:1: unknown key "notify.channel"`,
		"name='a'\nurl_file = 'ok'\n[[notify]]\nname='a'":           "5:6: notify.name = 'a': named twice",
		"url_file = 'ok'\n[web]\nlisten='127.0.0.1:8025'\nurl='mx'": "5:5: web.url = 'mx': expected the address",
	} {
		_, err := Parse("c.toml", []byte("[[notify]]\n"+text))
		if err == nil || !strings.HasPrefix(err.Error(), "c.toml:"+want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want c.toml:%s", text, err, want)
		}
	}
}
