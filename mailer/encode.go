package mailer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
)

// encodeWords makes an unstructured header of s, which is valid UTF-8: RFC 2047 words if it isn't ASCII. Note:
// mime.BEncoding leaves ASCII alone. It would pass on a value that a sender wrote as an encoded word, and the reader's
// mail client would decode it.
func encodeWords(s string) string {
	if encoded := mime.BEncoding.Encode("utf-8", s); encoded != s || !strings.Contains(s, "=?") {
		return encoded
	}
	const room = 45 // bytes that become 60 of base64, in a word of 75 (RFC 2047, 2)
	var words []string
	for ascii := range slices.Chunk([]byte(s), room) {
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString(ascii)+"?=")
	}
	return strings.Join(words, " ")
}

// headerOrder is the order of the headers: the composing library's order changes from mail to mail.
var headerOrder = []string{
	"From", "To", "Cc", "Thread-Topic", "Subject", "Date", "Message-Id", "In-Reply-To", "References",
	"Auto-Submitted", "X-Auto-Response-Suppress", "X-Exiwatch-Alert", "X-Exiwatch-Incident",
	"X-Exiwatch-Event", "Mime-Version",
	"Content-Type",
}

// Boundaries of a mail's parts. No line of quoted-printable text or of base64 has a =_ (RFC 2045, 6.7, recommends it
// for that).
const (
	alternative = "=_exiwatch_alternative"
	related     = "=_exiwatch_related"
)

// boundaryStart is where the composing library begins a part, with a random boundary.
var boundaryStart = regexp.MustCompile(`(Content-Type: multipart/(alternative|related);)\r\n` +
	` boundary=([0-9a-f]{60})\r\n`)

// nameBoundaries replaces the random boundaries of a mail by constants, and adds the parameter that multipart/related
// needs (RFC 2387, 3.1).
func nameBoundaries(raw []byte) []byte {
	for _, m := range boundaryStart.FindAllSubmatch(raw, -1) {
		name, params := alternative, ""
		if string(m[2]) == "related" {
			name, params = related, ` type="text/html";`
		}
		raw = bytes.ReplaceAll(raw, m[0], fmt.Appendf(nil, "%s%s boundary=%q\r\n", m[1], params, name))
		raw = bytes.ReplaceAll(raw, m[3], []byte(name))
	}
	return raw
}

// fold sorts the headers of a mail, and folds long header lines at spaces.
func fold(raw []byte) []byte {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	place := func(line string) int {
		name, _, _ := strings.Cut(line, ":")
		return slices.Index(headerOrder, name)
	}
	slices.SortStableFunc(lines, func(a, b string) int { return place(a) - place(b) })
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(foldLine(line) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// foldLine breaks line before spaces so that its pieces are at most 76 bytes long, if it has the spaces (RFC 5322,
// 2.2.3).
func foldLine(line string) string {
	const width = 76 // bytes
	var b strings.Builder
	for len(line) > width {
		start := strings.Index(line, ": ") + 2 // there is nothing to gain by a break before the first word
		if b.Len() > 0 {
			start = 1
		}
		at := strings.LastIndexByte(line[start:width+1], ' ')
		if at <= 0 {
			if at = strings.IndexByte(line[start:], ' '); at < 0 {
				break
			}
		}
		b.WriteString(line[:start+at] + "\r\n")
		line = line[start+at:]
	}
	return b.String() + line
}
