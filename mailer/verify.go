package mailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"

	"github.com/jordan-wright/email"
)

// maxLine is the longest line of a mail (RFC 5322, 2.1.1), less its CRLF.
const maxLine = 998 // bytes

// verify reads a mail back as a mail client will, and returns an error unless it says exactly what e and subject,
// which stands in e encoded, meant. It is the last guard: a value that got past Escape stops here, not in somebody's inbox.
func verify(data []byte, e email.Email, subject string) error {
	if err := verifyLines(data); err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("reading it back: %w", err)
	}
	if err := verifyHeader(m.Header, e, subject); err != nil {
		return err
	}
	if t, _, err := mime.ParseMediaType(m.Header.Get("Content-Type")); err != nil || t != "text/plain" {
		return fmt.Errorf("reading it back: content type %q", m.Header.Get("Content-Type"))
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return fmt.Errorf("reading its text back: %w", err)
	}
	if string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))) != string(e.Text) {
		return errors.New("reading it back: the text is another")
	}
	return nil
}

// verifyLines wants short lines of printable ASCII, each ended by CRLF.
func verifyLines(data []byte) error {
	for line := range bytes.Lines(data) {
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok {
			return fmt.Errorf("line %.80q doesn't end with CRLF", line)
		}
		if len(text) > maxLine {
			return fmt.Errorf("line %.80q… is %d bytes long", text, len(text))
		}
		if i := bytes.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }); i >= 0 {
			return fmt.Errorf("line %.80q is not printable ASCII", text)
		}
	}
	return nil
}

// verifyHeader wants the headers of headerOrder, each once, with the addresses and the subject that were put in.
func verifyHeader(h mail.Header, e email.Email, subject string) error {
	for _, name := range headerOrder {
		want := 1
		if name == "To" && len(e.To) == 0 || name == "Cc" && len(e.Cc) == 0 {
			want = 0
		}
		if len(h[name]) != want {
			return fmt.Errorf("reading it back: %d %s headers", len(h[name]), name)
		}
	}
	for name := range h {
		if !slices.Contains(headerOrder, name) {
			return fmt.Errorf("reading it back: a header %q", name)
		}
	}
	for name, want := range map[string][]string{"From": {e.From}, "To": e.To, "Cc": e.Cc} {
		if got, err := readAddresses(h, name); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("reading it back: %s is %q, not %q (%v)", name, got, want, err)
		}
	}
	var words mime.WordDecoder
	if got, err := words.DecodeHeader(h.Get("Subject")); err != nil || got != subject {
		return fmt.Errorf("reading it back: the subject is %q, not %q (%v)", got, subject, err)
	}
	return nil
}

// readAddresses is a header's address list, each address written as the composer writes it.
func readAddresses(h mail.Header, name string) ([]string, error) {
	if h.Get(name) == "" {
		return nil, nil
	}
	list, err := h.AddressList(name)
	var texts []string
	for _, a := range list {
		texts = append(texts, a.String())
	}
	return texts, err
}
