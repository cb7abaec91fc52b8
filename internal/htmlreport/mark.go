package htmlreport

import (
	"bytes"
	"regexp"
)

// HeadSize is how much of a file IsPage needs to see.
const HeadSize = 4096 // bytes

// title is that of the pages of all versions.
var title = regexp.MustCompile(`<title>Who sent how much.* · exiwatch</title>`)

// IsPage tells whether a file that begins with head is a page that Write wrote, in this or an earlier version.
func IsPage(head []byte) bool {
	const doctype = "<!doctype html>"
	return len(head) > len(doctype) && bytes.EqualFold(head[:len(doctype)], []byte(doctype)) && title.Match(head)
}
