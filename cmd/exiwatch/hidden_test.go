package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// hiddenText has a C1 control that begins an escape sequence, DEL, a bidirectional control, a line separator and a tag
// character.
const hiddenText = "a\u009b31m\x7f\u202e\u2066\u2028\U000e0041z"

// TestNothingHiddenReachesATerminal: whatever item of the log holds it, and whatever command shows it.
func TestNothingHiddenReachesATerminal(t *testing.T) {
	var log strings.Builder
	for i := range 240 { // thirty on each of eight days, so that --suggest has enough
		fmt.Fprintf(&log, "2026-11-%d 10:00:%02d 1xV%03d-000001-01 <= %[4]s@lab.test H=(%[4]s) [192.0.2.7] "+
			"P=esmtpa A=plain:%[4]s S=300 id=%[4]s@x T=\"%[4]s\" for %[4]s@example.org\n",
			16+i/30, i%30, i, hiddenText)
	}
	log.WriteString("2026-11-23 10:00:40 1xV900-000001-01 <= b@lab.test H=(" + hiddenText + " P=esmtp S=x\n")
	path := filepath.Join(t.TempDir(), "mainlog")
	writeFile(t, path, log.String())
	for _, args := range []string{
		"arrivals", "replay", "replay --json", "replay --suggest", "replay --suggest --json", "replay --html -",
		"top subject", "top subject --json", "top sender", "top sender --json", "top account --json",
		"live --once", "live --once --key subject --json",
		"arrivals --csv", "replay --csv", "top subject --csv",
	} {
		out, stderr, status := exiwatch(t, "", append(strings.Fields(args), path)...)
		if status != exitDone || !strings.Contains(out, "31m") {
			t.Errorf("%s: status %d: %.300q %s", args, status, out, stderr)
		}
		if strings.HasSuffix(args, "--csv") {
			out = strings.ReplaceAll(out, "\r\n", "\n") // as RFC 4180 ends a line
		}
		for _, text := range []string{out, stderr} {
			if i := strings.IndexFunc(text, obeyed); i >= 0 {
				t.Errorf("%s prints %q", args, text[max(0, i-50):i+10])
			}
		}
		if args == "arrivals" && objects(t, out)[0]["subject"] != hiddenText {
			t.Errorf("the subject reads back as %q", objects(t, out)[0]["subject"])
		}
		if strings.HasSuffix(args, "--json") && !json.Valid([]byte(out)) {
			t.Errorf("%s is no JSON", args)
		}
	}
}

// obeyed tells whether a terminal obeys a character, or shows nothing.
func obeyed(r rune) bool { return r != '\n' && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }
