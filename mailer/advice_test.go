package mailer

import (
	"os/exec"
	"strings"
	"testing"

	"exiwatch/window"
)

func TestQuotedWordsSurviveAShell(t *testing.T) {
	for _, s := range []string{
		"", "alice@lab.test", "it's", "''", `\`, `a"b`, "$(reboot)", "`reboot`", "a b", "*", "~root", "#x", "a;b&c|d>e<f", "!!", "ä ö", "{a,b}", "a=b", "-n",
	} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s%s "+quote("x")+" "+quote(s)).Output()
		if err != nil || string(out) != "x"+s {
			t.Errorf("quote(%q) = %s, which a shell reads as %q (%v)", s, quote(s), out, err)
		}
	}
}

func TestAdviceLeavesOutWhatCantBePasted(t *testing.T) {
	for _, test := range []struct {
		key   window.Key
		value string
		want  string // "" for no such command
	}{
		{window.Sender, "alice@lab.test", "--sender=alice@lab.test"},
		{window.Sender, "o'brien@lab.test", `'--sender=o'\''brien@lab.test'`},
		{window.SenderDomain, "lab.test", "'--sender=*@lab.test'"},
		{window.Network, "192.0.2.0/24", "--host=192.0.2.0/24"},
		{window.Subject, "Win a $prize", "'--subject=Win a $prize'"},
		{window.Topic, "win a prize", ""},
		{window.Subject, "Win [2]", ""},
		{window.Subject, "a\nb", ""},
		{window.Subject, "", ""},
		{window.User, "-rf", ""},
		{window.Auth, strings.Repeat("a", 300), ""},
	} {
		a := &window.Alert{Rule: window.Rule{Key: test.key}, Value: test.value}
		got := ""
		if flag, ok := filter(a); ok {
			got = quote(flag)
		}
		if got != test.want {
			t.Errorf("%v %q: proposes %q, want %q", test.key, test.value, got, test.want)
		}
	}
}

func TestAdviceNamesTheConfiguredLog(t *testing.T) {
	c := director
	c.Log = "/var/log/exim main.log"
	a := &window.Alert{Samples: []string{"1tabcd-0000000ABC-1xYZ"}}
	if want := "exigrep 1tabcd-0000000ABC-1xYZ '/var/log/exim main.log'\n"; !strings.Contains(c.advice(a), want) {
		t.Errorf("no %q in %s", want, c.advice(a))
	}
	a.Samples[0] = "-l"
	if strings.Contains(c.advice(a), "exigrep") {
		t.Errorf("a message id that is an option in %s", c.advice(a))
	}
}
