package mailer

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/escape"
	"exiwatch/window"
)

func TestAdviceLeavesOutWhatCantBePasted(t *testing.T) {
	for _, test := range []struct {
		key   window.Key
		value string
		want  string // "" for no such command
	}{
		{window.Sender, "alice@lab.test", "--sender=alice@lab.test"},
		{window.Sender, "o'brien@lab.test", `'--sender=o'\''brien@lab.test'`},
		{window.SenderDomain, "lab.test", "'--sender=*@lab.test'"},
		{window.AccountDomain, "lab.test", "'--account=*@lab.test'"},
		{window.AccountDomain, "<lab.test>", "'--account=<*@lab.test>'"},
		{window.AccountDomain, "<*.test>", ""},
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
		if flag, ok := director.filter(a); ok {
			got = escape.Shell(flag)
		}
		if got != test.want {
			t.Errorf("%v %q: proposes %q, want %q", test.key, test.value, got, test.want)
		}
	}
}

func TestAdviceNamesAMessage(t *testing.T) {
	c := director
	a := &window.Alert{Samples: []string{"1tabcd-00000000ABC-1xYZ"}}
	const want = "exiwatch message 1tabcd-00000000ABC-1xYZ"
	if got := c.advice(a).Steps[0].Command; got != want {
		t.Errorf("it proposes %q, want %q", got, want)
	}
	a.Samples[0] = "-l"
	if steps := c.advice(a).Steps; len(steps) > 0 {
		t.Errorf("a message id that is an option in %q", steps)
	}
}

func TestAdviceOfAnException(t *testing.T) {
	const more = " --until 30d --reason 'alert 4711'"
	named := window.Rule{Name: "bulk sender", Limit: 20}
	for _, test := range []struct {
		rule  window.Rule
		value string
		peak  int64
		want  string // "" for no such command
	}{
		{named, "alice@lab.test", 21, "alice@lab.test --rule 'bulk sender' --limit 50" + more},
		{named, "alice@lab.test", 26, "alice@lab.test --rule 'bulk sender' --limit 100" + more},
		{window.Rule{Limit: 20, Window: 5 * time.Minute}, "<web#@lab.test>", 900,
			"'<web#@lab.test>' --rule 'sender 20/5m' --limit 2000" + more},
		{named, "[203.0.113.7]", 1, "'[203.0.113.7]' --rule 'bulk sender' --limit 2" + more},
		{named, `LAB\al'ice`, 5, `'LAB\al'\''ice' --rule 'bulk sender' --limit 10` + more},
		{named, "*@lab.test", 21, ""}, // would be a glob
		{named, "-rf", 21, ""},
		{named, "a\x1b", 21, ""},
		{window.Rule{Name: "a\x1b"}, "alice", 21, ""},
		{named, "alice", 1 << 60, ""},
		{window.Rule{Name: "odd", Count: window.Anomalies}, "alice", 21, ""},
		{window.Rule{Name: "log", Key: window.Log}, "mainlog", 21, ""},
	} {
		a := &window.Alert{ID: "4711", Rule: test.rule, Value: test.value, Peak: test.peak}
		got := ""
		if argv, ok := director.exception(a); ok {
			got = strings.TrimPrefix(command(argv...), "exiwatch except add ")
		}
		if got != test.want {
			t.Errorf("%v of %q: proposes %q, want %q", test.rule, test.value, got, test.want)
		}
	}
	c := director
	c.Subjects = SubjectsHashed
	if argv, ok := c.exception(&window.Alert{Rule: window.Rule{Name: "s", Key: window.Subject}, Value: "x"}); ok {
		t.Errorf("a subject that the mail may not show in %q", argv)
	}
}

// TestCommandsReachTheProgramsWhole has a shell run every command that is proposed for hostile values, with programs
// that print their arguments.
func TestCommandsReachTheProgramsWhole(t *testing.T) {
	const stubs = `said() { printf '%s\n' "$@"; }
exiqgrep() { said exiqgrep "$@"; }; exiwatch() { said exiwatch "$@"; }
xargs() { cat; said xargs "$@"; }
`
	commands, excepts := 0, 0
	keys := []window.Key{window.Sender, window.Account, window.Auth, window.User, window.Host, window.Subject}
	more := []string{"o'brien+$HOME{x}`y`|z@lab.test", "a&b=c@lab.test", "'@lab.test"}
	for _, value := range slices.Concat(injections, more) {
		for _, key := range keys {
			l := begin(t, director, key.String()+" 1/5m")
			v := values{key: value, window.Sender: value, window.Subject: "x", window.User: value}
			v[key] = value
			l.count(at0, v)
			opened, _ := l.count(at0, v)
			opened[0].Samples = []string{value}
			for _, step := range director.advice(opened[0]).Steps {
				commands++
				out, err := exec.Command("/bin/sh", "-c", stubs+step.Command).CombinedOutput()
				if err != nil {
					t.Errorf("%q: %s: %v\n%s", value, step.Command, err, out)
				}
				lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
				want := map[string]int{"exiwatch": 6, "exiqgrep": 4}[lines[0]]
				if strings.HasPrefix(step.Command, "exiwatch message ") {
					want = 3
				}
				if strings.Contains(step.What, "freeze") {
					want = 4 + 4
				}
				if strings.Contains(step.What, "higher limit") {
					want = 12
					excepts++
				}
				if strings.Contains(step.Command, " top script ") { // which takes no filter
					if step.Command != "exiwatch top script --since 24h" {
						t.Errorf("%q: %s", value, step.Command)
					}
					continue
				}
				bare := func(s string) string { return strings.ReplaceAll(s, `\`, "") }
				if len(lines) != want || !strings.Contains(bare(string(out)), bare(value)) {
					t.Errorf("%q: %s: the programs get %q", value, step.Command, lines)
				}
			}
		}
	}
	if commands < 500 || excepts < 50 {
		t.Errorf("only %d commands, %d of them exceptions", commands, excepts)
	}
}
