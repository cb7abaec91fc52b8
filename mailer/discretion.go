package mailer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"exiwatch/internal/escape"
	"exiwatch/internal/words"
	"exiwatch/window"
)

// How much of subjects a mail may tell: Composer.Subjects.
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

// tells tells whether a value of a key may be named.
func (c Composer) tells(key string) bool {
	return !isSubject(key) || c.Subjects == "" || c.Subjects == SubjectsFull
}

// disguised is what stands in the place of a subject that isn't told.
func (c Composer) disguised(subject string) shown { return shown(disguise(subject, c.Key)) }

// disguise is a keyed hash of a subject's topic, which nobody can look up without the key. It is no MAC of a
// Message-ID, in which there is no line end.
func disguise(subject string, key []byte) string {
	const size = 4 // bytes: a hundred topics in a mail hardly ever share one
	h := hmac.New(sha256.New, key)
	h.Write([]byte("subject\n"))
	h.Write(window.FoldSubject([]byte(short(subject)), nil))
	return "#" + hex.EncodeToString(h.Sum(nil)[:size])
}

// who is who or what an item is about, in a sentence and in at most room runes: alice@lab.test, or, where that isn't
// told, a subject.
func (c Composer) who(i Item, room int) sentence {
	switch {
	case i.Key == window.Log.String():
		return say("the " + words.Key(i.Key))
	case c.tells(i.Key) && isSubject(i.Key):
		return say("{}", quoted(i.Value, room))
	case c.tells(i.Key):
		return say("{}", inWords(i.Value, room))
	case c.Subjects == SubjectsHashed:
		return say("{}", c.disguised(i.Value))
	}
	return say("a " + words.Key(i.Key))
}

// called is who at the beginning of a sentence, with the noun of the key: The account alice@lab.test.
func (c Composer) called(i Item) sentence {
	if i.Key == window.Log.String() {
		return say("The " + words.Key(i.Key))
	}
	if !c.tells(i.Key) && c.Subjects == SubjectsNone {
		return say("A " + words.Key(i.Key))
	}
	return append(say("The "+words.Key(i.Key)+" "), c.who(i, valueWidth)...)
}

// subject shows a subject by itself, or before words of ours when it is quoted.
func (c Composer) subject(s string, room int, show func(string, int) shown) shown {
	if c.tells(window.Subject.String()) {
		return show(escape.Text(s), room)
	}
	return c.disguised(s)
}
