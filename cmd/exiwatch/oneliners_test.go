package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"
)

// A oneLiner is a section of docs/one-liners.md.
type oneLiner struct{ before, now []string }

// oneLiners reads the document.
func oneLiners(t *testing.T) map[string]oneLiner {
	t.Helper()
	sections := map[string]oneLiner{}
	for _, section := range strings.Split(read(t, "../../docs/one-liners.md"), "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		var o oneLiner
		for _, block := range regexp.MustCompile("(?s)```sh (before|now)\n(.*?)\n```").FindAllStringSubmatch(text, -1) {
			lines := strings.Split(block[2], "\n")
			if block[1] == "before" {
				o.before = append(o.before, lines...)
			} else {
				o.now = append(o.now, lines...)
			}
		}
		if strings.Count(text, "```") != 2*(len(o.before)+len(o.now)) {
			t.Errorf("%s: a block has several lines, or no word before or now", heading)
		}
		sections[heading] = o
	}
	return sections
}

// A logDir is a folder with a main log and a configuration that names it.
type logDir struct {
	t   *testing.T
	dir string
}

// The logs: what both read right, and what only ours does.
const ordinary, hostile = "testdata/oneliners/clean.log", "testdata/oneliners/hostile.log"

func newLogDir(t *testing.T, mainlog string) *logDir {
	t.Helper()
	d := &logDir{t, t.TempDir()}
	d.write("mainlog", mainlog)
	d.write("exiwatch.toml", "timezone = 'UTC'\nlog = '"+d.dir+"/mainlog'\n")
	return d
}

func (d *logDir) write(name, text string) {
	d.t.Helper()
	writeFile(d.t, filepath.Join(d.dir, name), text)
}

// yesterday is the day of the logs.
func yesterday() string { return time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) }

// ofYesterday reads a log.
func ofYesterday(t *testing.T, name string) string {
	t.Helper()
	return strings.ReplaceAll(read(t, name), "2026-11-23", yesterday())
}

// before runs an old line on the log.
func (d *logDir) before(line string) []string {
	d.t.Helper()
	return rowsOf(shell(d.t, "export TZ=UTC; "+strings.ReplaceAll(line, "/var/log/exim4", d.dir)))
}

// now runs a line of ours.
func (d *logDir) now(line string) []string {
	d.t.Helper()
	return rowsOf(d.text(line))
}

func (d *logDir) text(line string) string {
	d.t.Helper()
	args := arguments(strings.ReplaceAll(line, "/var/log/exim4", d.dir))
	if args[0] != "exiwatch" {
		d.t.Fatalf("%q isn't ours", line)
	}
	out, stderr, status := exiwatch(d.t, "", append(args[1:], "--config", filepath.Join(d.dir, "exiwatch.toml"))...)
	if status != exitDone || stderr != "" {
		d.t.Fatalf("%s: status %d: %s", line, status, stderr)
	}
	return out
}

// rowsOf gives lines with one blank between words.
func rowsOf(text string) []string {
	var rows []string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	return rows
}

// oneLinerTests are by the heading in the document.
var oneLinerTests = map[string]func(*testing.T, oneLiner){
	"Which subjects go out most": ranks([]string{
		"6 Invoice overdue", "4 Lunch", "2 Order 1002", "1 Your parcel", "1 Welcome", "1 Weekly",
		`1 T="Invoice overdue" dovecot_login:victim@lab.test A=login:victim@lab.test U=root P=local S=99999999 [198.51.100.1] <= alice@lab.test`,
		`1 Re: "Invoice" due`, "1 Order 1003", "1 Order 1001",
	}, []string{`1 T=\`, `1 Re: \`}),
	"What somebody wrote about": ranks([]string{"4 Invoice overdue", "1 Your parcel"}, []string{`1 T=\`}),
	"Who sends a subject": ranks([]string{"4 alice@lab.test", "1 carol@lab.test", `1 "<= alice@lab.test"@evil.example`},
		[]string{"3 alice@lab.test", "1 eve@evil.example", "1 <=", `1 "<=`}),
	"From which hosts an account sends": ranks([]string{"3 203.0.113.77", "1 2001:db8::77", "1 192.0.2.8"},
		[]string{"1 4711", "1 192.0.2.25", "1 192.0.2.200"}),
	"Who has logged in to send": ranks([]string{"5 alice@lab.test", "3 eve", "2 bob@lab.test", "1 dora smith",
		"1 carol@lab.test"},
		[]string{"4 alice@lab.test", "1 victim@lab.test"}, []string{"1 victim@lab.test", "1 relay", "1 dora"}),
	"Which local users send": ranks([]string{"4 shop", "1 www-data", "1 Debian-exim"}, []string{"1 root"}),
	"Who is responsible": ranks([]string{
		"5 alice@lab.test", "4 shop", "3 eve", "2 bob@lab.test", "2 <ann@example.com>", "1 www-data", "1 dora smith",
		"1 carol@lab.test",
		"1 Debian-exim", "1 <tom@news.example>",
	}),
	"Which password was stolen": ranks([]string{"3 alice@lab.test", "1 eve", "1 dora smith", "1 carol@lab.test",
		"1 bob@lab.test"},
		[]string{"1 victim@lab.test", `1 relay"`, "1 dora"}),
	"Messages with the most recipients": ranks([]string{
		"4 1xW004-000004-04", "2 1xW019-000019-19", "2 1xW013-000013-13", "2 1xW009-000009-09", "2 1xW001-000001-01", "1 1xW021-000021-21",
		"1 1xW020-000020-20", "1 1xW018-000018-18", "1 1xW017-000017-17", "1 1xW016-000016-16",
	}, []string{"3 1xW019-000019-19", "1 [4712]", "1 [4711]"}),
	"Which script sends": ranks([]string{"3 /home/shop/public_html", "1 /srv/forum/mailer", "1 /home/my shop/htdocs"},
		[]string{"3 /root", "1 /home/admin", "1 /home/my"}),
	"Which cPanel user sends": ranks([]string{"4 shop", "1 www-data"}, []string{"3 shop", "2 identification"}),
	"Which domains send": ranks([]string{"9 lab.test", "4 shop.example", "3 evil.example", "2 example.com", "1 news.example", "1 forum.example"},
		[]string{"2 <=", `1 "<=`, "1 <>"}),
	"From which networks mail comes": ranks([]string{"6 203.0.113.0/24", "5 192.0.2.0/24", "3 198.51.100.0/24", "1 2001:db8::/64"},
		[]string{"7 192.0.2.0/24", "6 198.51.100.0/24"}),
	"Who sends most bytes": ranks([]string{
		"12000 tom@news.example", "11500 alice@lab.test", "8800 ann@example.com", "1900 <>", "1800 bob@lab.test", "1600 shop@shop.example", "1000 eve@evil.example",
		"700 carol@lab.test", "600 www-data@forum.example", `500 "<= alice@lab.test"@evil.example`,
	}, []string{"100000999 eve@evil.example"}),
	"What happened in the last hour": lastHour,
	"What happened last week":        lastWeek,
	"A report":                       aReport,
	"Who was over a limit":           overALimit,
	"Which limit to set":             whichLimit,
	"What is still in the queue":     func(*testing.T, oneLiner) {},
}

// TestOneLiners runs every line of the document. A log without anything odd is read alike by the old ones and by ours.
func TestOneLiners(t *testing.T) {
	needPrograms(t, "awk", "sed", "grep", "zgrep", "eximstats")
	all := oneLiners(t)
	for heading, o := range all {
		test, ok := oneLinerTests[heading]
		if !ok {
			t.Errorf("%s: there is no test", heading)
			continue
		}
		t.Run(heading, func(t *testing.T) { test(t, o) })
	}
	if len(all) != len(oneLinerTests) {
		t.Errorf("%d sections and %d tests", len(all), len(oneLinerTests))
	}
}

// ranks tests a ranking: want are the rows of the ordinary log with the hostile one behind it, counted by hand, and
// lies, for each old line, rows that it prints and that are wrong.
func ranks(want []string, lies ...[]string) func(*testing.T, oneLiner) {
	return func(t *testing.T, o oneLiner) {
		if len(o.now) != 1 || len(o.before) != len(lies) {
			t.Fatalf("%d lines of ours, %d old ones, want 1 and %d", len(o.now), len(o.before), len(lies))
		}
		plain := newLogDir(t, ofYesterday(t, ordinary))
		both := newLogDir(t, ofYesterday(t, ordinary)+ofYesterday(t, hostile))
		if got := both.now(o.now[0]); !slices.Equal(got, want) {
			t.Errorf("%s prints\n%q\nwant\n%q", o.now[0], got, want)
		}
		for i, line := range o.before {
			if got, ours := plain.before(line), plain.now(o.now[0]); !slices.Equal(got, ours) || len(got) == 0 {
				t.Errorf("of an ordinary log %s prints\n%q\nours\n%q", line, got, ours)
			}
			got := both.before(line)
			for _, lie := range lies[i] {
				if !slices.Contains(got, lie) || slices.Contains(want, lie) {
					t.Errorf("%s doesn't print %q:\n%q", line, lie, got)
				}
			}
		}
	}
}

// arrivalOf is a line of an authenticated arrival.
func arrivalOf(account string, at time.Time) string {
	return fmt.Sprintf("%s 1xW900-000900-00 <= %s H=(pc.lab.test) [192.0.2.7] P=esmtpsa A=dovecot_login:%s S=900\n", at.Format(time.DateTime), account, account)
}

// lastHour: the hour that was, and the one that began on the clock.
func lastHour(t *testing.T, o oneLiner) {
	for {
		hour := time.Now().UTC().Truncate(time.Hour)
		d := newLogDir(t, arrivalOf("dave@lab.test", hour.Add(-time.Hour))+arrivalOf("alice@lab.test", hour))
		before, now := d.before(o.before[0]), d.now(o.now[0])
		if !time.Now().UTC().Truncate(time.Hour).Equal(hour) {
			continue // the clock has struck
		}
		if !slices.Equal(before, []string{"1 dave@lab.test"}) || !slices.Equal(now, []string{"1 alice@lab.test"}) {
			t.Errorf("before %q, now %q", before, now)
		}
		return
	}
}

// lastWeek: cycled logs, one of them compressed in a way that zgrep doesn't know.
func lastWeek(t *testing.T, o oneLiner) {
	all := strings.SplitAfter(ofYesterday(t, ordinary), "\n")
	part := func(i int) string { return strings.Join(all[len(all)*i/3:len(all)*(i+1)/3], "") }
	d := newLogDir(t, part(2))
	d.write("mainlog.1", part(1))
	d.write("mainlog.2.gz", zipped(t, part(0)))
	want := newLogDir(t, ofYesterday(t, ordinary)).now("exiwatch top sender")
	if before, now := d.before(o.before[0]), d.now(o.now[0]); !slices.Equal(now, want) || !slices.Equal(before, want) {
		t.Errorf("of cycled logs: before %q, now %q, want %q", before, now, want)
	}
	if got, want := d.now(o.now[1]), newLogDir(t, part(0)+part(1)).now("exiwatch top sender"); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", o.now[1], got, want)
	}
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(part(0)))
	w.Close()
	d.write("mainlog.2.xz", packed.String())
	if err := os.Remove(filepath.Join(d.dir, "mainlog.2.gz")); err != nil {
		t.Fatal(err)
	}
	if before, now := d.before(o.before[0]), d.now(o.now[0]); !slices.Equal(now, want) || slices.Equal(before, want) {
		t.Errorf("with another compression: before %q, now %q, want %q", before, now, want)
	}
}

// aReport: eximstats counts the same arrivals.
func aReport(t *testing.T, o oneLiner) {
	d := newLogDir(t, ofYesterday(t, ordinary))
	received := ""
	for _, row := range d.before(o.before[0]) {
		if fields := strings.Fields(row); len(fields) > 2 && fields[0] == "Received" {
			received = fields[2]
		}
	}
	if out := d.text(o.now[0]); received != "14" || !strings.HasPrefix(out, "14 arrivals in 56 lines, ") {
		t.Errorf("eximstats counts %s arrivals of 14, replay says\n%s", received, out)
	}
}

// overALimit: three in a minute are, three in three hours aren't.
func overALimit(t *testing.T, o oneLiner) {
	log := ofYesterday(t, ordinary)
	at, err := time.Parse(time.DateOnly, yesterday())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		log += arrivalOf("zoe@lab.test", at.Add(time.Duration(11+i)*time.Hour))
	}
	d := newLogDir(t, log)
	if got := d.before(o.before[0]); !slices.Equal(got, []string{"4 alice@lab.test", "3 zoe@lab.test"}) {
		t.Errorf("the old line says %q", got)
	}
	out := d.text(o.now[0])
	if !strings.Contains(out, "\nauth 2/1m: 1 alert on 1 of 1 day\n") || !strings.Contains(out, "    by auth:\n      1 alice@lab.test\n") {
		t.Errorf("replay says\n%s", out)
	}
}

// whichLimit: the accounts' peaks are 4, 3, 2, 1 and 1, on each of ten days. ratelimit.pl isn't run: it isn't packaged.
func whichLimit(t *testing.T, o oneLiner) {
	log := ""
	for day := 14; day < 24; day++ {
		log += strings.ReplaceAll(read(t, ordinary), "2026-11-23", fmt.Sprintf("2026-11-%d", day))
	}
	out := newLogDir(t, log).text(o.now[0])
	for _, want := range []string{
		"# From 110 arrivals that counted, ",
		"\n#   50 daily peaks of 5 values: median 2, 95% up to 4, 99% up to 4, 99.9% up to 4\n#   highest 4: alice@lab.test\n",
		"\n#   10 opens 0 alerts\n[[rule]]\nname   = \"bulk sender\"\nkey    = \"account\"\n", "\nlimit  = 10\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
