package escape

import (
	"os/exec"
	"testing"
)

func TestQuotedWordsSurviveAShell(t *testing.T) {
	for _, s := range []string{
		"", "alice@lab.test", "it's", "''", `\`, `a"b`, "$(reboot)", "`reboot`", "a b", "*", "~root", "#x", "a;b&c|d>e<f", "!!", "ä ö", "{a,b}", "a=b", "-n",
	} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s%s "+Shell("x")+" "+Shell(s)).Output()
		if err != nil || string(out) != "x"+s {
			t.Errorf("Quote(%q) = %s, which a shell reads as %q (%v)", s, Shell(s), out, err)
		}
	}
}
