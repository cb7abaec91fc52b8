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
func FatesSentence(f window.Fates) string { return strings.Join(FatesSentences(f, plain), " ") }

// FatesSentences are the sentences of FatesSentence, with numbers as number writes them.
func FatesSentences(f window.Fates, number func(int64) string) []string {
	if !f.Known {
		return nil
	}
	parts := []string{number(f.Delivered) + " delivered", number(f.Refused) + " refused"}
	if f.Deferred > 0 {
		parts = append(parts, number(f.Deferred)+" deferred")
	}
	all := []string{"Recipients: " + strings.Join(parts, ", ") + "."}
	if f.Queued > 0 {
		all = append(all, "Still in the queue: "+number(f.Queued)+" "+words.Noun(f.Queued, "message")+".")
	}
	return all
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
