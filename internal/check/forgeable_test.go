package check

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestIsSelected(t *testing.T) {
	for words, want := range map[string]string{
		"":                             "false false",
		"+arguments":                   "true false",
		"-arguments":                   "false false",
		"+subject +arguments":          "true false",
		"+subject+arguments":           "true false",
		"+ arguments":                  "true false",
		"+all":                         "true true",
		"+all -arguments":              "false false",
		"-arguments +all":              "true true",
		"+arguments -all +subject":     "false false",
		"+all -subject":                "true true",
		"+arguments_of +argument -tls": "false false",
	} {
		set, byAll := isSelected(words, "arguments")
		if got := fmt.Sprint(set, byAll); got != want {
			t.Errorf("isSelected(%q) = %s, want %s", words, got, want)
		}
	}
}

// selected makes Exim of a version say this log_selector.
func selected(version, words string) func(*lab) {
	return func(l *lab) {
		l.Setup.Exim = func(ctx context.Context, args ...string) (string, error) {
			said, err := fakeExim(ctx, args...)
			return strings.NewReplacer("+tls_peerdn", words, "4.96", version).Replace(said), err
		}
	}
}

// all does several things.
func all(spoil ...func(*lab)) func(*lab) {
	return func(l *lab) {
		for _, s := range spoil {
			s(l)
		}
	}
}

// inhabited gives the lab's machine a user.
func inhabited(l *lab) {
	l.Passwd = l.write("passwd", "root:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/bin/false\nbroken\n"+
		"nobody:x:65534:65534::/:/bin/false\nann:x:1000:1000::/home/ann:/bin/sh\n", 0o644)
}

const (
	shopLine = "2026-11-23 10:04:00 1xV999-000001-01 <= shop@example.com U=www-data P=local S=400 T=\"Order\" for " +
		"bob@example.org\n"
	rootLine = "2026-11-23 10:04:00 1xV999-000002-01 <= root@example.com U=root P=local S=400 T=\"cron\" for " +
		"bob@example.org\n"
	thirdID = "2026-11-23 10:04:00 1xV999-000003-01 <= ann@example.com H=(pc) [192.0.2.7] P=esmtpa " +
		"A=plain:ann:bob@example.com S=400 T=\"x\" for bob@example.org\n"
)

// TestForgeable: the warning stands before what is recommended, and the line rules out what is warned of.
func TestForgeable(t *testing.T) {
	plain := strings.ReplaceAll(arrivals(30), "cwd=", "xwd=")
	for _, test := range []struct {
		name  string
		spoil func(*lab)
		warns string // "": not at all
		line  string
	}{
		{"nothing", selected("4.96", "+subject"), "", ""},
		{"smtp_mailauth", selected("4.96", "+subject +smtp_mailauth"), "forge: +smtp_mailauth\n",
			" = +subject -smtp_mailauth\n"},
		{"smtp_mailauth in the log", all(selected("4.96", "+subject"), text(arrivals(30)+thirdID)),
			"forge: +smtp_mailauth\n", " = +subject -smtp_mailauth\n"},
		{"all, no local user", selected("4.96", "+all"), "forge: +smtp_mailauth (by +all)\n",
			" = +all -smtp_mailauth\n"},
		{"all and local users", all(selected("4.96", "+all"), inhabited),
			"+smtp_mailauth (by +all), +arguments (by +all)\n", " = +all -smtp_mailauth -arguments\n"},
		{"all, without these", all(selected("4.96", "+all -smtp_mailauth -arguments"), text(plain), inhabited), "", ""},
		{"arguments and local users", all(selected("4.96", "+arguments"), inhabited),
			"a local user (ann) can forge log lines", " = -arguments\n"},
		{"arguments in the log", all(selected("4.96", "+subject"), text(arrivals(30)+shopLine)),
			"a local user (www-data) can forge log lines", " = +subject -arguments\n"},
		{"arguments, but nobody", all(selected("4.96", "+arguments"), text(arrivals(30)+rootLine)), "", ""},
		{"no arguments", all(selected("4.96", "+subject"), text(plain+shopLine), inhabited), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, "")
			test.spoil(l)
			results := l.run()
			first := -1
			for i, r := range results {
				if first < 0 && r.Check == "selectors" {
					first = i
				}
			}
			if test.warns == "" {
				if strings.Contains(table(results, false), "forge: ") {
					t.Errorf("it warns:\n%s", table(results, false))
				}
				return
			}
			want(t, results[first:first+1], "selectors", Warn, test.warns)
			want(t, results[first:first+1], "selectors", Warn, test.line)
		})
	}
}

// TestRecommendedWithCare: what to know about a selector stands before what it adds; and where local users are,
// nothing to copy has +arguments.
func TestRecommendedWithCare(t *testing.T) {
	noLists := strings.ReplaceAll(without(" for", "\n"), "cwd=", "xwd=")
	unnamed := strings.ReplaceAll(noLists, "exim 4.96 daemon", "exim daemon")
	for _, test := range []struct {
		name  string
		spoil func(*lab)
		says  string
	}{
		{"old", text(noLists), "Before you set +received_recipients: Exim 4.96, as all before 4.98, drops"},
		{"the log's version counts", all(selected("4.99.1", "+subject"), text(noLists)),
			"Exim 4.96, as all before 4.98"},
		{"new", all(selected("4.98", "+subject"), text(unnamed)),
			"With +received_recipients Exim 4.98 cuts a long list"},
		{"newer", all(selected("4.99.1", "+subject"), text(unnamed)),
			"Exim 4.99.1 cuts a long list of recipients: the message counts, with at least the " +
				"recipients that are logged.\n+received_recipients adds"},
		{"unknown", all(exim("", context.Canceled), text(unnamed)), "Exim before 4.98 drops a whole entry"},
		{"no local user", text(noLists), "+tls_peerdn \\\n        +received_recipients \\\n        +arguments\n"},
		{"local users", all(text(noLists), inhabited), "folder whose name contains line feeds. exiwatch detects them; " +
			"without +arguments there are none.\n+arguments adds"},
		{"local users, the line", all(text(noLists), inhabited), "+tls_peerdn \\\n        +received_recipients\n"},
		{"local users, and nothing else", all(text(strings.ReplaceAll(arrivals(3), "cwd=", "xwd=")), inhabited),
			"top script: where a web script sent from.\nEverything else works without it."},
		{"all is not recommended", all(selected("4.96", "+all"), text(noLists)), "Restart Exim"},
		{"what is warned of is not recommended", all(selected("4.96", "+smtp_mailauth"), text(noLists)),
			" = +received_recipients \\\n        +arguments -smtp_mailauth\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, "")
			test.spoil(l)
			want(t, l.run(), "selectors", Warn, test.says)
		})
	}
}
