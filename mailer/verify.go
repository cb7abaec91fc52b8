package mailer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"

	"github.com/jordan-wright/email"
)

// maxLine is the longest line of a mail (RFC 5322, 2.1.1), less its CRLF.
const maxLine = 998 // bytes

// verify reads a mail back as a mail client will. It returns an error unless the mail says exactly what e and d meant.
// It is the last guard: a value that got past escape.Text stops here.
func verify(data []byte, e email.Email, d mimeMail) error {
	if err := verifyLines(data); err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("reading it back: %w", err)
	}
	if err := verifyHeader(m.Header, e, d); err != nil {
		return fmt.Errorf("reading it back: %w", err)
	}
	got, err := leaves(textproto.MIMEHeader(m.Header), m.Body)
	if err != nil {
		return fmt.Errorf("reading it back: %w", err)
	}
	want := []leaf{{"text/plain", string(e.Text)}, {"text/html", string(e.HTML)}}
	for _, a := range e.Attachments {
		want = append(want, leaf{a.ContentType, string(a.Content)})
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("reading it back: its parts differ from those that were put in")
	}
	return nil
}

// verifyLines requires short lines of printable ASCII, each ended by CRLF.
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

// verifyHeader requires exactly the headers that were put in, with the addresses and the subject that were meant.
func verifyHeader(h mail.Header, e email.Email, d mimeMail) error {
	want := maps.Clone(e.Headers)
	want["Mime-Version"] = []string{"1.0"}
	want["Content-Type"] = []string{`multipart/alternative; boundary="` + alternative + `"`}
	for name, list := range map[string][]string{"From": {e.From}, "To": e.To, "Cc": e.Cc} {
		if got, err := readAddresses(h, name); err != nil || !slices.Equal(got, list) {
			return fmt.Errorf("%s is %q, not %q (%v)", name, got, list, err)
		}
		if len(list) > 0 {
			want[name] = h[name][:1]
		}
	}
	want["Subject"] = []string{e.Subject}
	for name := range h {
		if want[name] == nil {
			return fmt.Errorf("a header %q", name)
		}
	}
	for name, values := range want {
		if !slices.Equal(h[name], values) {
			return fmt.Errorf("%s is %q, not %q", name, h[name], values)
		}
	}
	var words mime.WordDecoder
	for name, text := range map[string]string{"Subject": d.subject(), "Thread-Topic": d.headline} {
		if got, err := words.DecodeHeader(h.Get(name)); err != nil || got != text {
			return fmt.Errorf("the %s is %q, not %q (%v)", name, got, text, err)
		}
	}
	return nil
}

// readAddresses returns a header's addresses, each formatted as the composer formats it.
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

// A leaf is a part of a mail that has no parts. The lines of its text end in LF.
type leaf struct{ mediaType, content string }

// leaves decodes the parts of a mail, in order.
func leaves(h textproto.MIMEHeader, body io.Reader) ([]leaf, error) {
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(mediaType, "multipart/") {
		switch h.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		content, err := io.ReadAll(body)
		if strings.HasPrefix(mediaType, "text/") {
			content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
		}
		return []leaf{{mediaType, string(content)}}, err
	}
	var list []leaf
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		inner, err := leaves(p.Header, p)
		if err != nil {
			return nil, err
		}
		list = append(list, inner...)
	}
}
