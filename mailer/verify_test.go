package mailer

import (
	"bytes"
	"strings"
	"testing"

	"exiwatch/window"
)

// TestWhatIsNotMeantIsRefused changes a mail in ways in which a value could, and a library might.
func TestWhatIsNotMeantIsRefused(t *testing.T) {
	a := crossing(t, "account 20/5m", campaign)
	d := director.about([]*window.Alert{a}, NewItem(a, "ended"), "ended", sentencef("It is over."))
	e, err := director.fill(d, now)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	good := fold(nameBoundaries(raw))
	if err := verify(good, e, d); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"From: ", "From: <x@evil.test>, "}, {"Cc: ", "Bcc: "}, {"\r\nDate: ", "\r\nBcc: x@evil.test\r\nDate: "},
		{"\r\nDate: ", "\r\nSubject: x\r\nDate: "},
		{"Subject: Re: ", "Subject: "}, {"Thread-Topic: ", "Thread-Topic: x"},
		{"References: ", "References: <x@evil.test> "}, {"auto-generated", "no"},
		{"X-Exiwatch-Alert: ", "X-Exiwatch-Alert: 0"}, {"\r\nX-Exiwatch-Event: ",
			"\r\nX-Exiwatch-Alert: 0\r\nX-Exiwatch-Event: "},
		{"\r\n\r\n", "\r\n\r\nx\r\n\r\n--=_exiwatch_alternative\r\n\r\n"},
		{"It is over", "It is fine"}, {"<h1", "<h2"}, {"image/png", "text/html"},
		{"boundary=\"=_exiwatch_alt", "boundary=\"=_exiwatch_el"},
		{"\r\n--=_exiwatch_related--",
			"\r\n--=_exiwatch_related\r\nContent-Type: text/html\r\n\r\nx\r\n--=_exiwatch_related--"},
		{"\r\nDate", "\nDate"}, {"It is", "It\xa0is"}, {"It is", "It\x00is"},
		{"It is over", strings.Repeat("x", 999)}, {"iVBOR", "AAAAA"},
	} {
		bad := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(bad, good) {
			t.Errorf("there is no %q to change", change[0])
		}
		if verify(bad, e, d) == nil {
			t.Errorf("%q for %q isn't found", change[1], change[0])
		}
	}
}
