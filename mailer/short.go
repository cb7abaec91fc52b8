package mailer

import (
	"errors"
	"fmt"

	"exiwatch/internal/words"
)

// Short says in a line for chats and phones what the mail about an event says: on which host, who, how many, the limit
// and the most frequent topic. Its name is that of the mail. Page, if there is one, follows on a line of its own.
func (c Composer) Short(i Item) Message {
	return c.short(i.ID, i.Fleet.EventName(i.Event), c.shortText(i))
}

func (c Composer) shortText(i Item) string {
	text := c.itemSentence(i).String()
	if i.isWithdrawn() {
		return text + ". " + i.Fleet.lateLines().String() + " came late."
	}
	if n := len(i.Others); n > 0 && i.New {
		text += "; over " + words.Plain(int64(n), "other limit") + ", too"
	}
	if i.Fleet.Alone != "" {
		text += "; " + i.Fleet.countedBy("counted").String()
	}
	if i.Subjects && c.Subjects != SubjectsNone && !isSubject(i.Key) {
		text += "; most about " + c.subject(i.Subject, digestWidth, quoted).String()
	}
	return text
}

// ShortDigest is the Short of a Digest, or of a Past.
func (c Composer) ShortDigest(items []Item) (Message, error) {
	switch len(items) {
	case 0:
		return Message{}, errors.New("composing a digest of nothing")
	case 1:
		m := c.Short(items[0])
		m.Event = digestPrefix + m.Event
		return m, nil
	}
	d, most := digestOf(items), byMessages(items)[0]
	text := fmt.Sprintf("%s %s: %s; most by %s (%s)", words.Plain(int64(len(d.incidents)), "incident"),
		between(d.first, d.last), d.counts(), c.nameOf(most, digestWidth),
		words.Plain(most.Messages, words.TotalNoun(most.Measure)))
	return c.short(items[0].ID, digestEvent(items), text), nil
}

func (c Composer) short(id, event, text string) Message {
	text = c.Host + ": " + text
	if c.Page != "" {
		text += "\n" + c.Page
	}
	return Message{ID: id, Event: event, Data: []byte(text)}
}
