package daemon

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/summary"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// summaryDays writes a log of some days before one, in whose first hours somebody sends a lot.
func summaryDays(t *testing.T, zone *time.Location) (mainlog string) {
	t.Helper()
	mainlog = filepath.Join(t.TempDir(), "mainlog")
	for day := 20; day <= 26; day++ {
		at := time.Date(2026, 10, day, 0, 10, 0, 0, zone)
		for i := range 8 {
			testkit.Append(t, mainlog, fmt.Sprintf("%s 1xV%03d-%06d-01 <= eve@lab.test H=h [192.0.2.7] P=esmtpsa "+
				"A=plain:eve S=100 T=\"Win <b>%d</b>\" for x@y.test\n", at.Format(time.DateTime), day, i, i))
			at = at.Add(20 * time.Second)
		}
		testkit.Append(t, mainlog, fmt.Sprintf("%s 1xV%03d-000099-01 <= bob@lab.test U=bob P=local S=9\n",
			at.Add(20*time.Hour).Format(time.DateTime), day))
		if day == 22 {
			testkit.Must(t, os.Rename(mainlog, mainlog+".1"))
			compress(t, mainlog+".1")
		}
	}
	return mainlog
}

// summaries are the mails of summaries, by the days that they name.
func (p *post) summaries() (all []mailer.Message) {
	for _, m := range p.taken() {
		if m.Event == mailer.SummaryEvent {
			all = append(all, m)
		}
	}
	return all
}

func summaryConfig(t *testing.T, text string, zone *time.Location) config.Config {
	t.Helper()
	c := configtest.Parse(t, "[[rule]]\nkey = 'auth'\nlimit = 5\nwindow = '5m'\n[[rule]]\nkey = 'subject'\nlimit = 9\n"+
		"window = '1h'\n[mail]\nto = ['root@lab.test']\ncc = ['boss@lab.test']\n[summary]\n"+text)
	c.Zone, c.State = zone, t.TempDir()
	c.Log = []string{summaryDays(t, zone)}
	return c
}

// set makes the clock show a time.
func (c *wallClock) set(at time.Time) { c.ahead.Store(int64(time.Until(at))) }

// startAt starts a daemon at a time, and waits until it has seen what is due.
func startAt(t *testing.T, c config.Config, p *post, clock *wallClock, at time.Time) *watchman {
	t.Helper()
	clock.set(at)
	w := goOn(t, c, true, p, clock.give)
	w.untilSays(ready)
	return w
}

// settled waits until no summary is being made, and the daemon has had a tick since.
func (w *watchman) settled() {
	w.t.Helper()
	ticks := 0
	w.until("a tick without a summary to be made", func() bool {
		testkit.Must(w.t, w.daemon.counters.with(w.t.Context(), func() {
			o := w.daemon.outbox
			if ticks++; w.daemon.summaries.made != nil || o.unsent() > 0 || o.flying > 0 {
				ticks = 0
			}
		}))
		time.Sleep(saveTick / 4) // so that it is seen whether a tick begins another summary
		return ticks > 12
	})
}

// TestSummaryMail: a daemon that ends before and after the time of the summary, and one that is down then, tell each
// day once, and what replay --summary prints of it. On the day whose third hour occurs twice it is due in that hour.
func TestSummaryMail(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	for _, at := range []string{"07:00", "02:30"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			c := summaryConfig(t, "at = '"+at+"'\nto = ['director@lab.test']", zone)
			due, err := time.ParseInLocation("2006-01-02 15:04", "2026-10-25 "+at, zone)
			testkit.Must(t, err)
			p, clock := new(post), new(wallClock)
			for _, after := range []time.Duration{-25*time.Hour + time.Minute, -time.Minute, time.Minute,
				61 * time.Minute, 2 * time.Hour, 36 * time.Hour} {
				w := startAt(t, c, p, clock, due.Add(after))
				w.settled()
				w.stop()
			}
			var days []string
			for _, m := range p.summaries() {
				days = append(days, m.ID)
				span, err := summary.Parse(m.ID[:4]+"-"+m.ID[4:6]+"-"+m.ID[6:], zone)
				testkit.Must(t, err)
				sum, err := summary.ReadLogs(t.Context(), &c, Key(c.State), span, time.Now())
				testkit.Must(t, err)
				text := textOf(t, m)
				if !strings.HasPrefix(text, sum.Text()) || !strings.Contains(text, "eve: at most 8") {
					t.Errorf("the mail says\n%s\nreplay --summary says\n%s", text, sum.Text())
				}
				if !slices.Equal(m.To, []string{"director@lab.test"}) {
					t.Errorf("it goes to %q", m.To)
				}
			}
			if want := []string{"20261023", "20261024", "20261025"}; !slices.Equal(days, want) {
				t.Errorf("told of %q, want %q", days, want)
			}
		})
	}
}

// TestMissedSummaryIsToldLate: at the next start within a day, and of a week a day long.
func TestMissedSummaryIsToldLate(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 10, 26, 7, 0, 0, 0, time.UTC)
	for late, want := range map[time.Duration]int{-time.Minute: 0, 23 * time.Hour: 1, 25 * time.Hour: 0} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			c := summaryConfig(t, "every = 'week'", time.UTC)
			p := new(post)
			startAt(t, c, p, new(wallClock), monday.Add(late)).settled()
			got := p.summaries()
			if len(got) != want {
				t.Fatalf("%d summaries, want %d", len(got), want)
			}
			if want > 0 && (got[0].ID != "2026W43" ||
				!slices.Equal(got[0].To, []string{"root@lab.test", "boss@lab.test"})) {
				t.Errorf("a summary %s to %q", got[0].ID, got[0].To)
			}
		})
	}
}

// TestSummaryIsSpooledOnce: a daemon that ends when the mail is in the spool, and no checkpoint covers it, leaves it to
// the next one.
func TestSummaryIsSpooledOnce(t *testing.T) {
	t.Parallel()
	c := summaryConfig(t, "", time.UTC)
	p, clock := new(post), new(wallClock)
	noon := time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC)
	startAt(t, c, p, clock, noon.Add(-6*time.Hour)).stop()
	checkpoint := filepath.Join(c.State, checkpointFile)
	hidden := checkpoint + ".hidden"
	w := startAt(t, c, p, clock, noon.Add(-6*time.Hour))
	w.settled()
	told := len(p.summaries()) // of the day before

	testkit.Must(t, os.Rename(checkpoint, hidden))
	testkit.Must(t, os.Mkdir(checkpoint, 0o700))
	clock.set(noon)
	waiting := func() int {
		found, _ := filepath.Glob(filepath.Join(c.State, spoolDir, "waiting", "*"))
		return len(found)
	}
	w.until("the mail is in the spool", func() bool { return waiting() > 0 })
	w.untilSays("there can be no checkpoint")
	w.daemon.outbox.writer.patience = 0
	w.stop()
	if n := len(p.summaries()); n != told {
		t.Fatalf("%d mails were sent without a checkpoint", n)
	}
	testkit.Must(t, os.Remove(checkpoint))
	testkit.Must(t, os.Rename(hidden, checkpoint))
	for range 2 {
		w = startAt(t, c, p, clock, noon)
		w.settled()
		w.stop()
	}
	if n := len(p.summaries()); n != told+1 {
		t.Errorf("%d summaries, want %d", n, told+1)
	}
}

// textOf is the plain text of a mail.
func textOf(t *testing.T, m mailer.Message) string {
	t.Helper()
	letter, err := mail.ReadMessage(bytes.NewReader(m.Data))
	testkit.Must(t, err)
	_, params, err := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	testkit.Must(t, err)
	part, err := multipart.NewReader(letter.Body, params["boundary"]).NextPart()
	testkit.Must(t, err)
	text, err := io.ReadAll(part) // which has undone quoted-printable
	testkit.Must(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// TestTrial: of incidents that begin before its end nobody is told, however often the daemon is restarted; then one
// summary of its last seven days is mailed, and later incidents are told.
func TestTrial(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, "timezone = 'UTC'\n[[rule]]\nkey = 'auth'\nlimit = 5\nwindow = '5m'\n"+
		"[mail]\nto = ['root@lab.test']\ntrial_until = 2026-10-25")
	c.State, c.Log = t.TempDir(), []string{summaryDays(t, time.UTC)}
	end := time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)
	if !c.Mail.TrialUntil.Equal(end) {
		t.Fatalf("the trial ends at %v", c.Mail.TrialUntil)
	}
	p, clock := new(post), new(wallClock)
	for _, after := range []time.Duration{-time.Hour, time.Hour, 2 * time.Hour, 30 * time.Hour} {
		w := startAt(t, c, p, clock, end.Add(after))
		w.settled()
		w.stop()
	}
	var told []string
	for _, m := range p.taken() {
		told = append(told, m.Event)
		if m.Event == mailer.SummaryEvent && m.ID != "20261019" && m.ID != "2026W43" {
			t.Errorf("a summary of %s", m.ID)
		}
	}
	if want := []string{"opened", "ended", mailer.SummaryEvent}; !slices.Equal(slices.Sorted(slices.Values(told)),
		slices.Sorted(slices.Values(want))) {
		t.Errorf("told of %q, want what the day after the trial brought, and one summary", told)
	}
}

// TestTrialOfWhatGoesOn: what began on trial and goes on after it is told when it grows, and then its end.
func TestTrialOfWhatGoesOn(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	for i := range 16 { // from two minutes before the end on
		testkit.Append(t, mainlog, fmt.Sprintf("%s 1xV000-%06d-01 <= eve@lab.test H=h [192.0.2.7] P=esmtpsa "+
			"A=plain:eve S=100 for x@y.test\n", end.Add(time.Duration(i-8)*15*time.Second).Format(time.DateTime), i))
	}
	testkit.Append(t, mainlog, end.Add(time.Hour).Format(time.DateTime)+" 1xV001-000000-01 <= bob@lab.test U=bob P=local S=9\n")
	c := configtest.Parse(t, "timezone = 'UTC'\n[[rule]]\nkey = 'auth'\nlimit = 5\nwindow = '5m'\n"+
		"[mail]\ntrial_until = 2026-10-26T00:00:00\nmax_per_hour = 0")
	c.State, c.Log = t.TempDir(), []string{mainlog}
	p, clock := new(post), new(wallClock)
	w := startAt(t, c, p, clock, end.Add(2*time.Hour))
	w.settled()
	w.stop()
	var told []string
	for _, m := range p.taken() {
		told = append(told, m.Event)
	}
	slices.Sort(told)
	if want := []string{"ended", "grew2", mailer.SummaryEvent}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
}

// TestTrialIsSaid: who asks what became of the mail is told why there is none.
func TestTrialIsSaid(t *testing.T) {
	l := mailLimiter{trial: time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC), silences: &silences{}}
	before := mailer.Beginning{ID: "a", Opened: l.trial.Add(-time.Second)}
	if got := l.tellingOf(before).String(); got != "none: on trial until 2026-10-26 00:00:00" {
		t.Errorf("before its end: %q", got)
	}
	after := mailer.Beginning{ID: "a", Opened: l.trial}
	if got := l.tellingOf(after).String(); got != "none" {
		t.Errorf("at its end: %q", got)
	}
}
