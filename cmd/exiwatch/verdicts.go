package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"exiwatch/internal/check"
	"exiwatch/internal/escape"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
)

// note writes a line of kind "note", "warning" or "hint" to the standard error.
func (s *selection) note(kind, format string, args ...any) {
	fmt.Fprintf(s.cmd.ErrOrStderr(), "exiwatch: %s: %s\n", kind, escape.Text(fmt.Sprintf(format, args...)))
}

// judge reports lines that exiwatch did not understand, and why nothing was selected. A log without any entry of
// Exim's is an error.
func (s *selection) judge() {
	var all pipeline.Look
	for i := range s.looks {
		l := &s.looks[i]
		all.Join(l.Look)
		j := &l.Judgement
		switch report.VerdictOf(j) {
		case report.Empty:
			if !l.Broken {
				s.note("note", "%s is empty", l.Name)
			}
		case report.NotExim:
			text, hint := report.IsNotExims(l.Name, j)
			s.problem(&hintedError{errors.New(text), hint})
		case report.NearlyAll:
			s.note("note", "%s", report.NotUnderstood(l.Name, j))
		case report.Partly:
			s.note("warning", "%s", report.NotUnderstood(l.Name, j))
		}
		if j.Exim && j.Foreign > 0 {
			s.note("note", "%s", report.OtherPrograms(l.Name, j))
		}
	}
	s.judgeSelection(&all)
}

// judgeSelection says why there is no output, if the logs have no arrivals or the flags select none. It also notes that
// the logs end in the future.
func (s *selection) judgeSelection(all *pipeline.Look) {
	switch {
	case all.Kept > 0 && all.Last.Sub(s.now) <= aheadAtLeast:
		return
	case all.Kept > 0:
		s.note("note", "the log ends in the future, at %s", stamped(all.Last))
	case all.Arrivals == 0:
		for i := range s.looks {
			if l := &s.looks[i]; l.Judgement.Exim && !l.Broken {
				s.note("note", "%s", report.NoArrivals(l.Name, &l.Judgement))
			}
		}
		return
	case !s.from.IsZero() && all.Last.Before(s.from):
		s.note("note", "the log ends at %s, before --since %s (%s): none of %d arrivals match",
			stamped(all.Last), s.since, stamped(s.from), all.Arrivals)
	case !s.to.IsZero() && !all.First.Before(s.to):
		s.note("note", "the log begins at %s, not before --until %s (%s): none of %d arrivals match",
			stamped(all.First), s.until, stamped(s.to), all.Arrivals)
	default:
		s.note("note", "0 of %d arrivals match %s; they are from %s to %s",
			all.Arrivals, s.words(), stamped(all.First), stamped(all.Last))
	}
	s.zoneHint(all.Last)
}

func stamped(t time.Time) string { return t.Format("2006-01-02 15:04:05 -0700") }

// aheadAtLeast is how far in the future a timestamp must be for a note. Machines' clocks differ by less.
const aheadAtLeast = 10 * time.Minute

// zoneHint suggests another time zone if exiwatch seems to read a log in the wrong one. That shows if the last arrival
// and its file's time of writing differ by a multiple of a quarter of an hour.
func (s *selection) zoneHint(last time.Time) {
	const slack = 2 * time.Minute // from the last arrival to the log's last line
	if last.Location() != s.settings.Zone {
		return // it names its zone
	}
	for i := range s.looks {
		l := &s.looks[i]
		info, err := os.Stat(l.Name)
		if err != nil || !info.Mode().IsRegular() || !l.Last.Equal(last) {
			continue
		}
		if off, ok := check.ZoneError(last, info.ModTime(), slack); ok {
			_, seconds := last.Zone()
			zone := check.ZoneAt(time.Duration(seconds)*time.Second+off, info.ModTime())
			side := "after"
			if off > 0 {
				side = "before"
			}
			s.note("hint", "%s was written %s %s its last timestamp, so the time zone seems to be wrong. Try "+
				"--timezone %s", l.Name, strings.TrimSuffix(off.Abs().String(), "0s"), side, cmp.Or(zone, "ZONE"))
			return
		}
	}
}
