package daemon

import (
	"slices"
	"time"

	"exiwatch/internal/follow"
	"exiwatch/internal/summary"
	"exiwatch/mailer"
)

// A summarizer has the summary mails made, each once, in a goroutine of its own. It belongs to the owner of the
// counters.
type summarizer struct {
	made chan madeSummary // nil while none is being made
	told string           // the ID of the last one that the writer has got
	next time.Time        // after a failure: when to try again
}

type madeSummary struct {
	mail *mailer.SummaryMail
	err  error
}

// How long a summary is still told after it was due, and how long after a failure it is tried again.
const (
	maxSummaryDelay = 24 * time.Hour
	summaryPause    = 10 * time.Minute
)

// summarize has the summary mail made that is due, when the logs have been read to their ends, and told when it is
// made.
func (d *Daemon) summarize() {
	c, s := d.Config.Summary, &d.summaries
	if c == nil {
		return
	}
	now := d.now()
	if s.made != nil {
		select {
		case got := <-s.made:
			s.made = nil
			d.tellSummary(got, now)
		default:
		}
		return
	}
	span, since := summary.Due(c, now, d.Config.Zone)
	reading := func(l *follow.LiveLog) bool { return !l.Pending && l.End.Before(span.To) }
	switch id := span.ID(); {
	case now.Before(s.next), now.Sub(since) >= maxSummaryDelay, s.told == id,
		slices.ContainsFunc(d.logs, reading), d.outbox.spool.Has(id, mailer.SummaryEvent):
		return
	}
	s.made = make(chan madeSummary, 1)
	made, config := s.made, d.Config
	d.wait.Go(func() {
		sum, err := summary.ReadLogs(d.running, &config, d.composer.Key, span, now)
		got := madeSummary{err: err}
		if err == nil {
			got.mail = sum.Mail()
		}
		made <- got
	})
}

// tellSummary tells the summary that was made.
func (d *Daemon) tellSummary(made madeSummary, now time.Time) {
	if d.stopping.Err() != nil {
		return // it is made again after the next start
	}
	if made.err != nil {
		d.Log.Warn("the summary mail can't be made: it is tried again", "error", made.err)
		d.summaries.next = now.Add(summaryPause)
		return
	}
	d.summaries.told = made.mail.ID
	d.outbox.tell(job{at: now, summary: made.mail})
}
