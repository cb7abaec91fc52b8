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
	told string           // the ID of the last one that was told
	next time.Time        // after a failure: when to try again
}

// A madeSummary is a summary mail, or why there is none.
type madeSummary struct {
	id   string
	mail *mailer.SummaryMail // nil: it was told before
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
	if now.Before(s.next) || now.Sub(since) >= maxSummaryDelay || s.told == span.ID() ||
		slices.ContainsFunc(d.logs, reading) {
		return
	}
	made := make(chan madeSummary, 1)
	s.made = made
	d.wait.Go(func() { made <- d.makeSummary(span, now) })
}

// makeSummary is called from a goroutine of its own: it needs the disk.
func (d *Daemon) makeSummary(span summary.Span, now time.Time) madeSummary {
	made := madeSummary{id: span.ID()}
	if d.outbox.spool.Has(made.id, mailer.SummaryEvent) {
		return made
	}
	sum, err := summary.ReadLogs(d.running, &d.Config, d.composer.Key, span, now)
	if made.err = err; err == nil {
		made.mail = sum.Mail()
	}
	return made
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
	if d.summaries.told = made.id; made.mail != nil {
		d.outbox.tell(job{at: now, summary: made.mail})
	}
}
