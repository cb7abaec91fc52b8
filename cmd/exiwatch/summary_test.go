package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// summaryLine is an arrival of a login at a time of the log.
func summaryLine(at, login, subject string, n int) string {
	return fmt.Sprintf("%s 1xV%03d-000000-01 <= %s H=h [192.0.2.7] P=esmtpsa A=plain:%s S=100 T=\"%s\" for x@y.test\n",
		at, n, login, login, subject)
}

// summarized prints a summary of a log.
func summarized(t *testing.T, zone, log string, args ...string) string {
	t.Helper()
	d := newLogDir(t, log)
	d.write("exiwatch.toml", "timezone = '"+zone+"'\nlog = '"+d.dir+"/mainlog'\n[[rule]]\nlimit = 3\nwindow = '5m'\n")
	out, stderr, status := exiwatch(t, "", append([]string{"replay", "--config", d.dir + "/exiwatch.toml"}, args...)...)
	if status != exitDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	return out
}

// midnightBurst is n arrivals in the seconds from 23:59:50 on.
func midnightBurst(n int) (log string) {
	for i := range n {
		log += summaryLine(fmt.Sprintf("2026-11-28 23:59:%d", 50+i), "eve@lab.test", "Win a prize", i)
	}
	return log
}

// TestSummaryIsAFunctionOfItsDays: nothing behind the midnight changes it, neither mails nor broken lines, and an alert
// that ends behind it is open. A late line that belongs to the day counts.
func TestSummaryIsAFunctionOfItsDays(t *testing.T) {
	day := summaryLine("2026-11-28 00:10:00", "bob@lab.test", "Hello", 90) + midnightBurst(6)
	first := summaryLine("2026-11-29 00:00:01", "eve@lab.test", "Win a prize", 91)
	late := summaryLine("2026-11-28 23:59:58", "bob@lab.test", "Late", 92)
	want := summarized(t, "UTC", day+first+late, "--summary=2026-11-28")
	for _, part := range []string{"8 messages to 8 recipients", "eve@lab.test: at most 6 messages", "still open",
		"6  eve@lab.test\n         6 × \"win a prize\""} {
		if !strings.Contains(want, part) {
			t.Errorf("the summary lacks %q:\n%s", part, want)
		}
	}
	after := "2026-11-29 00:20:00 1xV093-000000-01 <= \n"
	for i := range 9 {
		after += summaryLine(fmt.Sprintf("2026-11-29 01:00:0%d", i), "eve@lab.test", "Later", 100+i)
	}
	for _, flag := range []string{"--summary=2026-11-28", "--summary"} {
		if got := summarized(t, "UTC", day+first+late+after, flag); got != want {
			t.Errorf("with later lines %s says\n%s\nwant\n%s", flag, got, want)
		}
	}
}

// TestSummaryOfDaysWithoutTwentyFourHours: the hour that occurs twice belongs to its day whole, and a day of 23 hours
// has as many.
func TestSummaryOfDaysWithoutTwentyFourHours(t *testing.T) {
	for date, hours := range map[string]int{"2026-10-25": 25, "2026-03-29": 23, "2026-11-28": 24} {
		log := ""
		for i, clock := range []string{"00:00:00", "01:59:00", "03:30:00", "23:59:59"} {
			log += summaryLine(date+" "+clock, "bob@lab.test", "Hello", i)
		}
		if date == "2026-10-25" { // 02:30 twice
			log = summaryLine(date+" 00:00:00", "bob@lab.test", "Hello", 0) +
				summaryLine(date+" 02:30:00", "bob@lab.test", "Hello", 1) +
				summaryLine(date+" 02:10:00", "bob@lab.test", "Hello", 2) +
				summaryLine(date+" 23:59:59", "bob@lab.test", "Hello", 3)
		}
		var got struct {
			Messages int64
			Hours    []int64
		}
		out := summarized(t, "Europe/Berlin", log, "--summary="+date, "--json")
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Messages != 4 || len(got.Hours) != hours || got.Hours[hours-1] != 1 {
			t.Errorf("%s: %+v, want 4 messages in %d hours", date, got, hours)
		}
	}
}

// TestQuietDayIsOneLine also shows what a day before the log's beginning says.
func TestQuietDayIsOneLine(t *testing.T) {
	log := summaryLine("2026-11-28 00:10:00", "bob@lab.test", "Hello", 1)
	want := "Nothing to report for 2026-11-28: 1 message, by 1 account, no incident, nobody near a limit " +
		"(no earlier days in the log to compare with).\n"
	if got := summarized(t, "UTC", log, "--summary=2026-11-28"); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	late := summaryLine("2026-11-28 09:10:00", "bob@lab.test", "Hello", 1)
	if got := summarized(t, "UTC", late, "--summary=2026-11-28"); !strings.Contains(got, "begins only at 2026-11-28 09:10") {
		t.Errorf("it hides that the log begins late:\n%s", got)
	}
	if got := summarized(t, "UTC", strings.ReplaceAll(late, " for x@y.test", ""), "--summary=2026-11-28"); !strings.Contains(
		got, "1 message, 100 bytes; by 1 account") {
		t.Errorf("where the log names no recipients it says:\n%s", got)
	}
	hole := summaryLine("2026-11-27 09:10:00", "bob@lab.test", "Hello", 1) + summaryLine("2026-11-29 09:10:00",
		"bob@lab.test", "Hello", 2)
	if got := summarized(t, "UTC", hole, "--summary"); !strings.Contains(got, "The log holds no arrival of this time") {
		t.Errorf("it hides that the log lacks the day:\n%s", got)
	}
	if got := summarized(t, "UTC", log, "--summary=2026-W48"); !strings.Contains(got, "2026-11-23 to 2026-11-29") {
		t.Errorf("the week is not told:\n%s", got)
	}
}

// TestSummaryOfAFlood tells of the incidents that went furthest over their limits, and how many it leaves out. Mail
// that no rule counts has no part in the ranking.
func TestSummaryOfAFlood(t *testing.T) {
	log := strings.Repeat("2026-11-28 00:00:01 1xV999-000000-01 <= friend@far.test H=mx.far.test [198.51.100.7] P=esmtp "+
		"S=9 T=\"Hi\" for x@y.test\n", 50)
	for i := range 40 {
		for n := range 4 + i {
			log += summaryLine("2026-11-28 00:10:00", fmt.Sprintf("eve%d@lab.test", i), "Win", i+n)
		}
	}
	got := summarized(t, "UTC", log, "--summary=2026-11-28")
	for _, want := range []string{"eve39@lab.test: at most 43 messages in", "and 15 further incidents",
		"eve15@lab.test: at", "940 messages counted by rules, by 40 accounts"} {
		if got = strings.Join(strings.Fields(got), " "); !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
	for _, not := range []string{"eve14@lab.test: at", "friend@far.test"} {
		if strings.Contains(got, not) {
			t.Errorf("it has %q:\n%s", not, got)
		}
	}
}

// TestSummaryOfSeveralLogs: their sums, each log's own midnight burst, and a file that is missing among the cycled
// ones.
func TestSummaryOfSeveralLogs(t *testing.T) {
	d := newLogDir(t, midnightBurst(6))
	d.write("mainlog.2", summaryLine("2026-11-27 00:10:00", "bob@lab.test", "Hello", 1))
	d.write("other", summaryLine("2026-11-27 00:20:00", "carol@lab.test", "Hello", 2)+
		strings.ReplaceAll(midnightBurst(4), "eve@", "mallory@"))
	d.write("exiwatch.toml", "timezone = 'UTC'\nlog = ['"+d.dir+"/mainlog', '"+d.dir+"/other']\n[[rule]]\nlimit = 3\n"+
		"window = '5m'\n")
	got, stderr, status := exiwatch(t, "", "replay", "--config", d.dir+"/exiwatch.toml", "--summary=2026-11-28")
	if status != exitDone {
		t.Fatal(stderr)
	}
	for _, want := range []string{"10 messages to", "by 2 accounts", "eve@lab.test: at most 6",
		"mallory@lab.test: at most 4", "on average 2 messages a day, 1 day before", d.dir + "/mainlog.1 is missing"} {
		if got = strings.Join(strings.Fields(got), " "); !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
}

// TestSummaryOfASilentHour: hours in which others days have messages, and this one none.
func TestSummaryOfASilentHour(t *testing.T) {
	day := func(date string, silent ...int) (log string) {
		for hour := range 24 {
			for i := range 20 {
				if !slices.Contains(silent, hour) {
					log += summaryLine(fmt.Sprintf("%s %02d:%02d:00", date, hour, 2*i), "bob@lab.test", "Hi", i)
				}
			}
		}
		return log
	}
	earlier := day("2026-11-25", 3, 4) + day("2026-11-26") + day("2026-11-27")
	got := strings.Join(strings.Fields(summarized(t, "UTC", earlier+day("2026-11-28", 4, 10, 11, 23),
		"--summary=2026-11-28")), " ")
	for _, want := range []string{"No message from 2026-11-28 10:00:00 to 2026-11-28 12:00:00",
		"No message from 2026-11-28 23:00:00 to 2026-11-29 00:00:00"} {
		if !strings.Contains(got, want) || strings.Count(got, "No message") != 2 {
			t.Errorf("it lacks %q, or has others:\n%s", want, got)
		}
	}
	if got := summarized(t, "UTC", day("2026-11-27")+day("2026-11-28", 4), "--summary=2026-11-28"); strings.Contains(got,
		"No message from") {
		t.Errorf("one day before suffices:\n%s", got)
	}
}

// TestSummaryOfAHostileSubject moves no cursor.
func TestSummaryOfAHostileSubject(t *testing.T) {
	log := ""
	for i := range 6 {
		log += summaryLine("2026-11-28 00:10:00", "eve@lab.test", `a\033[2J`+"\u202e<b>"+strings.Repeat("x", 5000), i)
	}
	got := summarized(t, "UTC", log, "--summary=2026-11-28")
	if strings.ContainsAny(got, "\x1b\u202e") || len(got) > 2000 || !strings.Contains(got, "<b>") {
		t.Errorf("it shows the subject raw or whole, or not at all:\n%q", got)
	}
}

// TestSummaryRefusesFilters and days that are none.
func TestSummaryRefusesFilters(t *testing.T) {
	for _, args := range [][]string{{"--sender", "a@b"}, {"--since", "1d"}, {"--html", "-"}, {"--suggest"}} {
		_, stderr, status := exiwatch(t, "", append([]string{"replay", "--config", "/dev/null", "--summary"}, args...)...)
		if status != exitUsage || !strings.Contains(stderr, args[0]) {
			t.Errorf("%q: status %d, %s", args, status, stderr)
		}
	}
	for _, day := range []string{"2026-02-30", "2026-W54", "month"} {
		if _, _, status := exiwatch(t, "", "replay", "--config", "/dev/null", "--summary="+day); status != exitUsage {
			t.Errorf("--summary=%s: status %d, want %d", day, status, exitUsage)
		}
	}
}
