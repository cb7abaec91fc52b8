package parser

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"
)

// Charset finds a charset by its name: a label of the WHATWG Encoding Standard, or a name of the IANA registry.
func Charset(name string) (encoding.Encoding, bool) {
	name = strings.ToLower(name)
	if windows, ok := codePages[name]; ok {
		name = windows
	}
	found, err := htmlindex.Get(name)
	// QUIRK: in browsers UTF-16 is little-endian. In mail it is big-endian, or says by a mark what it is (RFC 2781).
	// For what isn't safe in browsers (HZ) they have a stand-in, which decodes all text to one U+FFFD.
	if err != nil || found == encoding.Replacement || name == "utf-16" {
		found, err = ianaindex.MIME.Encoding(name)
	}
	return found, err == nil && found != nil
}

// codePages are names that are common in mail, and in neither list.
var codePages = map[string]string{"cp932": "shift_jis", "cp949": "euc-kr", "cp950": "big5"}

// A charset makes text of bytes.
type charset struct {
	decoder transform.Transformer // nil: the bytes themselves show whether they are UTF-8
	utf8    bool                  // of these: it says that they are
}

// append appends the text of b to dst, which has room for it. It returns the beginning of a character that b ends in.
func (c *charset) append(dst, b []byte) (text, half []byte) {
	c.decoder.Reset()
	n, used, _ := c.decoder.Transform(dst[len(dst):cap(dst)], b, false)
	return dst[:len(dst)+n], b[used:]
}

// charsets are those that subjects name, and the one of text that names none.
type charsets struct {
	fallback charset             // of text that isn't UTF-8
	named    map[string]*charset // nil: unknown
}

const (
	maxCharsets    = 64 // that are kept
	maxCharsetName = 64 // bytes
)

// setFallback sets the charset of text that isn't UTF-8 and names none; nil is windows-1252.
func (c *charsets) setFallback(e encoding.Encoding) {
	if e == nil {
		e = charmap.Windows1252
	}
	c.fallback.decoder = e.NewDecoder()
}

// find gives the charset of a name in an encoded word, nil if it is unknown.
func (c *charsets) find(name []byte) *charset {
	if known, ok := c.named[string(name)]; ok {
		return known
	}
	if c.named == nil || len(c.named) == maxCharsets {
		c.named = make(map[string]*charset)
	}
	found := newCharset(string(name))
	c.named[string(name)] = found
	return found
}

func newCharset(name string) *charset {
	name, _, _ = strings.Cut(name, "*") // a language follows (RFC 2231, section 5)
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return &charset{utf8: true}
	case "us-ascii", "ascii", "unknown-8bit":
		return &charset{}
	}
	found, ok := Charset(name)
	if !ok {
		return nil
	}
	return &charset{decoder: found.NewDecoder()}
}
