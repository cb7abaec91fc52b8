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
	told map[string]bool  // the IDs of those that were told
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
	s, now := &d.summaries, d.now()
	if s.made != nil {
		select {
		case got := <-s.made:
			s.made = nil
			d.tellSummary(got, now)
		default:
		}
		return
	}
	span, due := d.dueSummary(now)
	reading := func(l *follow.LiveLog) bool { return !l.Pending && l.End.Before(span.To) }
	if !due || now.Before(s.next) || slices.ContainsFunc(d.logs, reading) {
		return
	}
	made := make(chan madeSummary, 1)
	s.made = made
	d.wait.Go(func() { made <- d.makeSummary(span, now) })
}

// dueSummary gives the days whose summary is due and wasn't told: those of a trial that has ended, or those of
// [summary].
func (d *Daemon) dueSummary(now time.Time) (span summary.Span, due bool) {
	fresh := func(since time.Time) bool {
		return !now.Before(since) && now.Sub(since) < maxSummaryDelay && !d.summaries.told[span.ID()]
	}
	if until := d.Config.Mail.TrialUntil; !until.IsZero() {
		if span = summary.Trial(until.In(d.Config.Zone)); fresh(until) {
			return span, true
		}
	}
	if d.Config.Summary == nil {
		return span, false
	}
	span, since := summary.Due(d.Config.Summary, now, d.Config.Zone)
	return span, fresh(since)
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
	if d.summaries.told == nil {
		d.summaries.told = make(map[string]bool)
	}
	d.summaries.told[made.id] = true
	if made.mail != nil {
		d.outbox.tell(job{at: now, summary: made.mail})
	}
}
