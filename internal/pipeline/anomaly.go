package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// LogValue is the only value of the key log, wherever the file is.
const LogValue = "mainlog"

var logValue = []byte(LogValue)

// maxText is how much of an odd entry's text is kept. One that overflowed has 8 kB, mostly one letter.
const maxText = 400 // bytes

// oddities fills in what an odd arrival has besides: what is wrong with it, its text, and the other logins that it
// names.
func (v *keyExtractor) oddities(a *parser.Arrival, w *window.Arrival) {
	if w.Nature = window.Odd; a.IsDoubtful() {
		w.Nature = window.Doubtful
	}
	anomaly := mailer.TwoReadings
	switch {
	case a.Forgeable:
		anomaly = mailer.MayBeForged
	case a.Overflowed:
		anomaly = mailer.Overflowed
	}
	setAnomaly(w, anomaly, a.Text)
	for _, id := range a.Logins {
		login := v.login(id)
		if len(login) > 0 && !bytes.Equal(login, w.Values[window.Auth]) {
			w.Logins = append(w.Logins, login)
		}
	}
}

// setAnomaly sets the values that only anomalies have. Of a long text it keeps the beginning and the end.
func setAnomaly(w *window.Arrival, anomaly string, text []byte) {
	if len(text) > maxText {
		text = slices.Concat(text[:maxText*2/3], []byte(" … "), text[len(text)-maxText/3:])
	}
	w.Values[window.Log], w.Values[window.Anomaly], w.Values[window.Entry] = logValue, []byte(anomaly), text
}

// stray turns an entry that is no arrival into what the counters see. It returns false if the entry is no anomaly, or
// has no time. The entry counts at the second that the log has reached: its own stamp may be forged.
func (p *Pipeline) stray(e *parser.Entry, w *window.Arrival) bool {
	anomaly, ok := map[parser.Kind]string{
		parser.Malformed: mailer.Unreadable, parser.Overflow: mailer.Lost, parser.Injected: mailer.Forged,
	}[e.Kind]
	if !ok || e.Torn {
		return false
	}
	if p.last.IsZero() {
		p.last = e.Time
	}
	if p.last.IsZero() {
		return false
	}
	*w = window.Arrival{At: p.last, MessageID: e.MessageID, Nature: window.Stray}
	if len(w.MessageID) == 0 {
		w.MessageID = entryID(e)
	}
	setAnomaly(w, anomaly, e.Text)
	return true
}

// entryID replaces the message id of an entry that has none: a hash of its text and line number.
func entryID(e *parser.Entry) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", e.Line, e.Text))
	return hex.AppendEncode(nil, sum[:8])
}
