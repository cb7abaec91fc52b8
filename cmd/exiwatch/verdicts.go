package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"exiwatch/internal/check"
	"exiwatch/internal/escape"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/report"
)

// note writes a line of kind "note", "warning" or "hint".
func note(w io.Writer, kind, text string) {
	fmt.Fprintf(w, "exiwatch: %s: %s\n", kind, escape.Text(text))
}

// judge reports lines that exiwatch did not understand, and why nothing was selected. A log without any entry of
// Exim's is an error.
func (s *selection) judge(stderr io.Writer) {
	for i := range s.looks {
		l := &s.looks[i]
		j := &l.Judgement
		switch report.VerdictOf(j) {
		case report.Empty:
			if !l.Broken {
				note(stderr, "note", l.Name+" is empty")
			}
		case report.NotExim:
			text, hint := report.IsNotExims(l.Name, j)
			s.problem(&hintedError{errors.New(text), hint})
		case report.NearlyAll:
			note(stderr, "note", report.NotUnderstood(l.Name, j))
		case report.Partly:
			note(stderr, "warning", report.NotUnderstood(l.Name, j))
		}
		if j.Exim && j.Foreign > 0 {
			note(stderr, "note", report.OtherPrograms(l.Name, j))
		}
	}
	s.judgeSelection(stderr)
}

// judgeSelection says why there is no output, if the logs have no arrivals or the flags select none.
func (s *selection) judgeSelection(stderr io.Writer) {
	var all pipeline.Look
	var exims []*replay.SourceLook
	for i := range s.looks {
		l := &s.looks[i]
		all.Join(l.Look)
		if l.Judgement.Exim && !l.Broken {
			exims = append(exims, l)
		}
	}
	switch {
	case all.Kept > 0:
		s.ahead(stderr, all.Last)
		return
	case all.Arrivals == 0:
		for _, l := range exims {
			note(stderr, "note", report.NoArrivals(l.Name, &l.Judgement))
		}
		return
	case !s.from.IsZero() && all.Last.Before(s.from):
		note(stderr, "note", fmt.Sprintf("the log ends at %s, before --since %s (%s): none of %d arrivals match",
			stamped(all.Last), s.since, stamped(s.from), all.Arrivals))
	case !s.to.IsZero() && !all.First.Before(s.to):
		note(stderr, "note", fmt.Sprintf("the log begins at %s, not before --until %s (%s): none of %d arrivals match",
			stamped(all.First), s.until, stamped(s.to), all.Arrivals))
	default:
		note(stderr, "note", fmt.Sprintf("0 of %d arrivals match %s; they are from %s to %s",
			all.Arrivals, s.words(), stamped(all.First), stamped(all.Last)))
	}
	s.zoneHint(stderr, all.Last)
}

func stamped(t time.Time) string { return t.Format("2006-01-02 15:04:05 -0700") }

// aheadAtLeast is how far in the future a timestamp must be for a note. Machines' clocks differ by less.
const aheadAtLeast = 10 * time.Minute

// ahead notes that the log ends in the future.
func (s *selection) ahead(stderr io.Writer, last time.Time) {
	if last.Sub(s.now) > aheadAtLeast {
		note(stderr, "note", "the log ends in the future, at "+stamped(last))
		s.zoneHint(stderr, last)
	}
}

// apart is how far a file's time of writing lies from a timestamp that is off by that much.
func apart(off time.Duration) string {
	text := strings.TrimSuffix(off.Abs().String(), "0s")
	if off > 0 {
		return text + " before"
	}
	return text + " after"
}

// zoneHint suggests another time zone if exiwatch seems to read a log in the wrong one. That shows if the last arrival
// and its file's time of writing differ by a multiple of a quarter of an hour.
func (s *selection) zoneHint(stderr io.Writer, last time.Time) {
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
			if zone == "" {
				zone = "ZONE"
			}
			note(stderr, "hint",
				fmt.Sprintf("%s was written %s its last timestamp, so the time zone seems to be wrong. Try "+
					"--timezone %s", l.Name, apart(off), zone))
			return
		}
	}
}
