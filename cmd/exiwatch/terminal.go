package main

import (
	"cmp"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// isDumb tells whether the terminal can do no more than print.
func isDumb() bool { return os.Getenv("TERM") == "dumb" }

// isUTF8 tells whether the locale's characters are UTF-8. Where no locale is set, the terminal's mostly are.
func isUTF8() bool {
	name := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	charset := strings.ReplaceAll(strings.ToLower(name), "-", "")
	return name == "" || strings.Contains(charset, "utf8")
}

// isColour tells whether colours may be written to w. See https://no-color.org.
func isColour(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }
