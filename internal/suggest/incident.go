package suggest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"exiwatch/internal/words"
	"exiwatch/window"
)

// An Abuse is an alert that looks like abuse. The days on which it was open are left out of the measure.
type Abuse struct {
	Value    string    `json:"value"`
	Opened   time.Time `json:"opened"`
	Peak     int64     `json:"peak"`
	Messages int64     `json:"messages"`
	Signs    []string  `json:"signs"` // what it looks like abuse for, in words

	from, to day
}

// What makes an incident look like abuse. Each was chosen so that the bursts of TestKnownAbuse are found, and people
// and lists aren't.
const (
	muchOver     = 2  // times the ordinary peak, under which nothing is
	overUsual    = 3  // times what the value usually sends: a sign
	farOverUsual = 10 // times: enough by itself
	manyNetworks = 4
	fewTopics    = 3
	mostMessages = 80 // percent, which these topics have
	knownDays    = 3  // of log before a value can be called new
)

// judge keeps an alert that looks like abuse: it is far over what the value itself usually sends, or has two signs. Its
// limit is one over which nothing is usual on this host.
func (s *Suggester) judge(t *ruleTrial, a *window.Alert) {
	end := a.Ended
	if end.IsZero() {
		end = s.last.Time
	}
	i := Abuse{Value: a.Value, Opened: a.Opened, Peak: a.Peak, Messages: a.Messages, from: dayOf(a.Opened),
		to: dayOf(end)}
	h := t.histories[a.Value]
	if h == nil {
		return // an exception's
	}
	usual := h.usual(i.from, i.to)
	far := usual > 0 && a.Peak >= farOverUsual*usual
	if usual > 0 && a.Peak >= overUsual*usual {
		i.sign("%d times its usual peak of %d", a.Peak/usual, usual)
	}
	switch {
	case usual == 0:
		i.sign("seen on no other day")
	case h.days[0].day >= i.from-1 && h.days[0].day-dayOf(s.earliest.Time) >= knownDays:
		i.sign("first seen %s", h.days[0].day)
	}
	if n, _ := a.Distinct(window.Network); n >= manyNetworks {
		i.sign("from %s", words.Plural(int64(n), "network"))
	}
	sum := int64(0)
	for n, topic := range a.Top(window.Topic, fewTopics) {
		if sum += topic.Messages; sum*100 >= mostMessages*a.Messages {
			i.sign("%s in %s of the messages", words.Plural(int64(n+1), "topic"), words.Percent(sum, a.Messages))
			break
		}
	}
	if far || len(i.Signs) >= 2 {
		t.abuse[a.Value] = append(t.abuse[a.Value], i)
	}
}

func (i *Abuse) sign(format string, args ...any) {
	i.Signs = append(i.Signs, fmt.Sprintf(format, args...))
}

// byTime gives all incidents in the order in which they opened.
func byTime(incidents map[string][]Abuse) []Abuse {
	all := slices.Concat(slices.Collect(maps.Values(incidents))...)
	slices.SortFunc(all, func(a, b Abuse) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.Value, b.Value))
	})
	return all
}

// An Except is an exception for a value that often sends much.
type Except struct {
	Match  string `json:"match"`
	Limit  int64  `json:"limit"`
	Reason string `json:"reason"`
	Until  string `json:"until"` // its last day

	peak int64
}

const (
	regularDays  = 2   // on which a value is over the limit, before that is regular
	exceptMonths = 6   // until somebody should look again
	maxExcept    = 20  // of a rule: if more send so much, the limit is too low
	maxMatch     = 255 // bytes of a value
)

// findRegular proposes exceptions for values that are over the limit on days all over the log, in no incident.
func (s *Suggester) findRegular(t *ruleTrial, limit int64) {
	days := s.days()
	until := s.last.AddDate(0, exceptMonths, 0).Format(time.DateOnly)
	for value, h := range t.histories {
		var over []dayPeak
		for _, d := range h.days {
			if d.peak > limit {
				over = append(over, d)
			}
		}
		if len(over) < regularDays || int(over[len(over)-1].day-over[0].day) < days/2 || !t.canExcept(value) {
			continue
		}
		peak := slices.MaxFunc(over, func(a, b dayPeak) int { return cmp.Compare(a.peak, b.peak) }).peak
		t.except = append(t.except, Except{
			Match: value, Limit: withRoom(peak), Until: until, peak: peak,
			Reason: fmt.Sprintf("up to %d on %d of the %d days of the log", peak, len(over), days),
		})
	}
	slices.SortFunc(t.except, func(a, b Except) int {
		return cmp.Or(cmp.Compare(b.peak, a.peak), cmp.Compare(a.Match, b.Match))
	})
	t.except = t.except[:min(len(t.except), maxExcept)]
}

// canExcept reports whether an exception may name the value: one that a sender can't choose, that never looked like
// abuse, and that a pattern matches as it is.
func (t *ruleTrial) canExcept(value string) bool {
	switch t.rule.Key {
	case window.Account:
		if strings.HasPrefix(value, "<") {
			return false
		}
	case window.Auth, window.User, window.Host, window.Network, window.CPUser, window.Script:
	default:
		return false
	}
	plain := func(r rune) bool { return unicode.IsPrint(r) && r != '*' && r != '?' && r != unicode.ReplacementChar }
	return len(value) <= maxMatch && strings.IndexFunc(value, func(r rune) bool { return !plain(r) }) < 0 &&
		len(t.abuse[value]) == 0
}

// daily gives the peaks of all values on all days, the lowest first, without those of incidents and exceptions.
func (t *ruleTrial) daily() (all []int64) {
	for value, h := range t.histories {
		all = append(all, t.counting(value, h)...)
	}
	slices.Sort(all)
	return all
}

// ofValues gives the highest of these peaks for each value, the highest first.
func (t *ruleTrial) ofValues() (all []int64) {
	for value, h := range t.histories {
		if peaks := t.counting(value, h); len(peaks) > 0 {
			all = append(all, slices.Max(peaks))
		}
	}
	slices.SortFunc(all, func(a, b int64) int { return cmp.Compare(b, a) })
	return all
}

// counting gives the peaks of a value that say something of the limit.
func (t *ruleTrial) counting(value string, h *history) (peaks []int64) {
	for _, d := range h.days {
		if !t.excused(value, d.day) {
			peaks = append(peaks, d.peak)
		}
	}
	return peaks
}

// excused reports whether what a value sent on a day says nothing of the limit: it belongs to an incident, or the value
// to an exception.
func (t *ruleTrial) excused(value string, on day) bool {
	return slices.ContainsFunc(t.except, func(e Except) bool { return e.Match == value }) ||
		slices.ContainsFunc(t.abuse[value], func(i Abuse) bool { return i.from <= on && on <= i.to })
}

// exceptOver drops the exceptions that the limit makes needless.
func (t *ruleTrial) exceptOver(limit int64) {
	t.except = slices.DeleteFunc(t.except, func(e Except) bool { return e.peak <= limit })
}
