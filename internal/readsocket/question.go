package readsocket

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"exiwatch/window"
)

// A Question is a parsed request.
type Question struct {
	Count bool // asks for the count, not whether it is over the limit
	Terms []Term
}

// A Term is one value that a question is about.
type Term struct {
	Key   window.Key
	Value string // as written, without quotes
	Bare  bool   // the request named no key
}

var errQuote = errors.New("expected a space or the end after a closing quote")

// Parse parses a request without its LF. Items without a key's name are values of key.
func Parse(line string, key window.Key) (Question, error) {
	line = strings.TrimSuffix(line, "\r")
	rest, counts := strings.CutPrefix(line, "count ")
	q := Question{Count: counts}
	for rest = strings.TrimLeft(rest, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		var t Term
		var err error
		if t, rest, err = parseTerm(rest, key); err == nil {
			q.Terms = append(q.Terms, t)
		} else if strings.HasPrefix(line, `"`) {
			return Question{Terms: []Term{{Key: key, Value: line, Bare: true}}}, nil
		} else {
			return Question{Count: counts}, err
		}
	}
	if len(q.Terms) == 0 {
		q.Terms = []Term{{Key: key, Bare: true}}
	}
	return q, nil
}

// text is the answer, also on failure. A request for a count always gets a number: a "no" would be an error in Exim,
// and delay mail.
func (q *Question) text(count int64, over bool) string {
	switch {
	case q.Count:
		return strconv.FormatInt(count, 10)
	case over:
		return "yes"
	}
	return "no"
}

// parseTerm parses the first item of a text that doesn't begin with a space.
func parseTerm(text string, key window.Key) (t Term, rest string, err error) {
	t.Key, t.Bare = key, true
	if name, value, ok := strings.Cut(text, "="); ok {
		if named, err := window.ParseKey(name); err == nil {
			t.Key, t.Bare, text = named, false, value
		}
	}
	if strings.HasPrefix(text, `"`) {
		t.Value, rest, err = unquote(text)
		return t, rest, err
	}
	t.Value, rest, _ = strings.Cut(text, " ")
	return t, rest, nil
}

// unquote parses the quoted string at the beginning of a text. A space or nothing must follow it.
func unquote(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			if rest = text[i+1:]; rest != "" && rest[0] != ' ' {
				return "", "", errQuote
			}
			return b.String(), rest, nil
		case '\\':
			if i++; i < len(text) {
				b.WriteByte(cmp.Or(escapes[text[i]], text[i]))
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errQuote
}

// escapes are the characters that a backslash and a letter stand for. Before other characters it means nothing.
var escapes = map[byte]byte{'n': '\n', 'r': '\r'}

// Quote quotes a value as Exim's ${quote:…} does (spec, "Expansion operators"). It leaves a value of letters, digits,
// underscores, dots and hyphens as it is, unless it is empty.
func Quote(value string) string {
	if value != "" && strings.Trim(value, plain) == "" {
		return value
	}
	return `"` + quoter.Replace(value) + `"`
}

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

var quoter = strings.NewReplacer("\n", `\n`, "\r", `\r`, `"`, `\"`, `\`, `\\`)
