package mailer

import (
	"slices"
	"strings"

	"exiwatch/internal/refusal"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// ShownRefusals is how many refusals of an alert are shown, and ShownRefusers how many hosts of each.
const (
	ShownRefusals = 3
	ShownRefusers = 3
)

// FatesSentence says how many recipients were delivered, refused and deferred, and how many messages are in the queue;
// "" if that isn't known.
func FatesSentence(f window.Fates) string {
	if !f.Known {
		return ""
	}
	parts := []string{plain(f.Delivered) + " delivered", plain(f.Refused) + " refused"}
	if f.Deferred > 0 {
		parts = append(parts, plain(f.Deferred)+" deferred")
	}
	text := "Recipients: " + strings.Join(parts, ", ") + "."
	if f.Queued > 0 {
		text += " Still in the queue: " + words.Plain(f.Queued, "message") + "."
	}
	return text
}

// QueuedOf is how many messages are in the queue; 0 where that isn't known.
func QueuedOf(f window.Fates) int64 {
	if !f.Known {
		return 0
	}
	return f.Queued
}

// minAgreeing is how many hosts must name a block list: what one says may be made up.
const minAgreeing = 2

// BlockLists names the block lists by which more than one host refuses this one.
func BlockLists(a *window.Alert) (names []string) {
	hosts := make(map[string][]string)
	var order []string
	for _, r := range a.Refusals(0) {
		name := refusal.BlockList([]byte(r.Text))
		if name == "" {
			continue
		}
		if hosts[name] == nil {
			order = append(order, name)
		}
		hosts[name] = append(hosts[name], r.Hosts...)
	}
	for _, name := range order {
		slices.Sort(hosts[name])
		if len(slices.Compact(hosts[name])) >= minAgreeing {
			names = append(names, name)
		}
	}
	return names
}

// Refuser returns who refused or deferred the most recipients; "" if no host did. It is for an alert about the whole
// log.
func Refuser(a *window.Alert) (name string) {
	sums := make(map[string]int64)
	for _, row := range a.RefusingHosts() {
		provider := refusal.Provider(row.Value)
		sums[provider] += row.Recipients
		if sums[provider] > sums[name] {
			name = provider
		}
	}
	return name
}

// fates are the facts of what became of an alert's messages.
func fates(a *window.Alert) (facts []sentence) {
	if text := FatesSentence(a.Fates); text != "" {
		facts = append(facts, sentencef("%s", text))
	}
	if refuser := Refuser(a); a.Rule.Key == window.Log && a.Rule.Count.Fates() && refuser != "" {
		facts = append(facts, sentencef("This host is being refused by %s.", inWords(refuser, valueWidth)))
	}
	for _, list := range BlockLists(a) {
		facts = append(facts, sentencef("%s refuses this host: more than one server says so.", list))
	}
	return facts
}

// refusals are the section of why recipients were refused or deferred; none where none were.
func refusals(a *window.Alert) []section {
	all := a.Refusals(0)
	if len(all) == 0 {
		return nil
	}
	var sum int64
	for _, r := range all {
		sum += r.Recipients
	}
	s := section{Title: "Refused or deferred, by reason"}
	for _, r := range all[:min(len(all), ShownRefusals)] {
		row := countRow{r.Recipients, words.Percent(r.Recipients, sum), []sentence{inRow(r.Text, entryWidth)}}
		if len(r.Hosts) > 0 {
			row.Lines = append(row.Lines, sentencef("by %s", hostsOf(r.Hosts)))
		}
		s.Rows = append(s.Rows, row)
	}
	if n := len(all) - ShownRefusals; n > 0 {
		s.Rest = others(n, false) + " more"
	}
	return []section{s}
}

// hostsOf names a few hosts.
func hostsOf(hosts []string) sentence {
	var s sentence
	for i, host := range hosts[:min(len(hosts), ShownRefusers)] {
		if i > 0 {
			s = append(s, textSpan{", ", false})
		}
		s = append(s, inWords(host, valueWidth)...)
	}
	if n := len(hosts) - ShownRefusers; n > 0 {
		s = append(s, textSpan{" and " + words.Plain(int64(n), "other host"), false})
	}
	return s
}
