package mailer

import (
	"slices"
	"strings"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// An Outcome is what became of an alert's messages, as it was at one moment. It is small. Its texts are as logged.
type Outcome struct {
	Fates      window.Fates
	Refuser    string   // of an alert about the whole log; "": see Refuser
	BlockLists []string // see BlockLists
	Reasons    []Reason // the commonest, at most ShownRefusals
	Others     int      // how many reasons there are besides
	Recipients int64    // that were refused or deferred for any reason
}

// A Reason is a Refusal that names at most ShownRefusers hosts.
type Reason struct {
	window.Refusal
	OtherHosts int // how many hosts there are besides
}

// OutcomeOf returns what became of an alert's messages. Call it on the goroutine that counts.
func OutcomeOf(a *window.Alert) Outcome {
	o := Outcome{Fates: a.Fates, BlockLists: BlockLists(a)}
	if a.Rule.Key == window.Log && a.Rule.Count.Fates() {
		o.Refuser = Refuser(a)
	}
	all := a.Refusals(0)
	for _, r := range all {
		o.Recipients += r.Recipients
	}
	for _, r := range all[:min(len(all), ShownRefusals)] {
		hosts := r.Hosts
		r.Hosts = slices.Clone(hosts[:min(len(hosts), ShownRefusers)])
		o.Reasons = append(o.Reasons, Reason{r, len(hosts) - len(r.Hosts)})
	}
	o.Others = len(all) - len(o.Reasons)
	return o
}

// fates are the facts of what became of an alert's messages.
func fates(a *window.Alert) []sentence {
	o := OutcomeOf(a)
	return o.facts(plain)
}

// refusals are the section of why recipients were refused or deferred; none where none were.
func refusals(a *window.Alert) []section {
	o := OutcomeOf(a)
	return o.sections()
}

// facts are what a mail says first, with numbers as number writes them.
func (o *Outcome) facts(number func(int64) string) (facts []sentence) {
	if text := strings.Join(FatesSentences(o.Fates, number), " "); text != "" {
		facts = append(facts, sentencef("%s", text))
	}
	if o.Refuser != "" {
		facts = append(facts, sentencef("This host is being refused by %s.", inWords(o.Refuser, valueWidth)))
	}
	for _, list := range o.BlockLists {
		facts = append(facts, sentencef("%s refuses this host: more than one server says so.", list))
	}
	return facts
}

// sections are the section of the reasons, if there are any.
func (o *Outcome) sections() []section {
	if len(o.Reasons) == 0 {
		return nil
	}
	s := section{Title: "Refused or deferred, by reason"}
	for _, r := range o.Reasons {
		row := countRow{r.Recipients, words.Percent(r.Recipients, o.Recipients),
			[]sentence{inRow(r.Text, entryWidth)}}
		if len(r.Hosts) > 0 {
			row.Lines = append(row.Lines, r.by())
		}
		s.Rows = append(s.Rows, row)
	}
	if o.Others > 0 {
		s.Rest = others(o.Others, false) + " more"
	}
	return []section{s}
}

// lines are the facts, and each reason in one line, with numbers as number writes them.
func (o *Outcome) lines(number func(int64) string) []sentence {
	all := o.facts(number)
	for i := range o.Reasons {
		r := &o.Reasons[i]
		line := sentencef("%s refused or deferred: %s", number(r.Recipients), quoted(escape.Text(r.Text), 2*valueWidth))
		if len(r.Hosts) > 0 {
			line = sentencef("%s %s", line, r.by())
		}
		all = append(all, line)
	}
	if o.Others > 0 {
		all = append(all, sentencef("and %s", words.Plain(int64(o.Others), "more reason")))
	}
	return all
}

// by names the hosts.
func (r *Reason) by() sentence {
	s := sentencef("by ")
	for i, host := range r.Hosts {
		if i > 0 {
			s = append(s, textSpan{", ", false})
		}
		s = append(s, inWords(host, valueWidth)...)
	}
	if r.OtherHosts > 0 {
		s = append(s, textSpan{" and " + words.Plain(int64(r.OtherHosts), "other host"), false})
	}
	return s
}
