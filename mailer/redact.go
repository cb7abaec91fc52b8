package mailer

import (
	"fmt"
	"strings"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// How much of a subject a mail shows: Composer.Subjects.
const (
	SubjectsFull   = "full"
	SubjectsHashed = "hashed" // a hash in the place of each, so that one that comes again can be seen to be the same
	SubjectsNone   = "none"
)

// checkSubjects returns an error if the setting is none of these.
func checkSubjects(s string) error {
	switch s {
	case "", SubjectsFull, SubjectsHashed, SubjectsNone:
		return nil
	}
	return fmt.Errorf("subjects %q: want %s, %s or %s", s, SubjectsFull, SubjectsHashed, SubjectsNone)
}

// mayShow reports whether a mail may show values of a key.
func (c Composer) mayShow(key string) bool {
	return !isSubject(key) || c.Subjects == "" || c.Subjects == SubjectsFull
}

// redacted replaces a subject that a mail may not show.
func (c Composer) redacted(subject string) sentence { return logText(redactSubject(subject, c.Key)) }

// redactSubject is a keyed hash of a subject's topic. Nobody can look it up without the key. It can't be the MAC of a
// Message-ID, because that has no line end.
func redactSubject(subject string, key []byte) string {
	const size = 4 // bytes: a hundred topics in a mail hardly ever share one
	return "#" + mac("subject\n"+string(window.FoldSubject([]byte(short(subject)), nil)), key, size)
}

// nameOf is what an item is about, in a sentence and in at most room runes: alice@lab.test, or a redacted subject.
func (c Composer) nameOf(i Item, room int) sentence {
	switch {
	case i.Key == window.Log.String():
		return sentencef("the %s", words.Key(i.Key))
	case c.mayShow(i.Key) && isSubject(i.Key):
		return quoted(i.Value, room)
	case c.mayShow(i.Key):
		return inWords(i.Value, room)
	case c.Subjects == SubjectsHashed:
		return c.redacted(i.Value)
	}
	return sentencef("a %s", words.Key(i.Key))
}

// theName is nameOf at the beginning of a sentence, after the noun of the key: The account alice@lab.test.
func (c Composer) theName(i Item) sentence {
	name := c.nameOf(i, valueWidth)
	if text := name[0].Text; !name[0].Log {
		return sentencef("%s%s", strings.ToUpper(text[:1]), text[1:])
	}
	return sentencef("The %s %s", words.Key(i.Key), name)
}

// subject shows a subject alone, or before our words if show is quoted.
func (c Composer) subject(s string, room int, show func(string, int) sentence) sentence {
	if c.mayShow(window.Subject.String()) {
		return show(escape.Text(s), room)
	}
	return c.redacted(s)
}
