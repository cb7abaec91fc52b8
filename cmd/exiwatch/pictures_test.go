package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	pictureLimit = 300_000 // bytes of all pictures together
	mailSource   = "the mail's HTML"
)

// TestPicturesAreFresh: README's pictures were made of what the program shows today. docs/pictures/sources.sha256 has
// what docs/pictures/make used: the alert mail of the demo's log, and files that decide how screen and page look.
func TestPicturesAreFresh(t *testing.T) {
	sources := 0
	for line := range strings.Lines(read(t, "../../docs/pictures/sources.sha256")) {
		want, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		sources++
		var source string
		if name == mailSource {
			source = demoMailHTML(t)
		} else {
			source = read(t, "../../"+name)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(source))); got != want {
			t.Errorf("%s has changed since the pictures were made: run docs/pictures/make", name)
		}
	}
	if sources < 5 {
		t.Errorf("sources.sha256 lists only %d sources", sources)
	}
}

// TestPicturesAreSmall: README shows each picture, and they are quickly loaded.
func TestPicturesAreSmall(t *testing.T) {
	pictures, err := filepath.Glob("../../docs/pictures/*.png")
	if err != nil || len(pictures) == 0 {
		t.Fatalf("there is no picture: %v", err)
	}
	readme, size := read(t, "../../README.md"), 0
	for _, name := range pictures {
		size += len(read(t, name))
		if !strings.Contains(readme, "(docs/pictures/"+filepath.Base(name)+")") {
			t.Errorf("README.md doesn't show %s", name)
		}
	}
	if size > pictureLimit {
		t.Errorf("the pictures have %d bytes, want at most %d", size, pictureLimit)
	}
}

// demoMailHTML gives the HTML of the alert mail of the demo's log, for a host with a fixed name.
func demoMailHTML(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program, toml := filepath.Join(dir, "keep"), filepath.Join(dir, "exiwatch.toml")
	writeFile(t, program, fmt.Sprintf("#!/bin/sh\nexec cat >'%s/alert.eml'\n", dir))
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, toml, fmt.Sprintf("log = '-'\nstate = '%s/state'\ntimezone = 'UTC'\n[mail]\n"+
		"to = ['postmaster@lab.test']\nfrom = 'exiwatch@mx.lab.test'\nvia = 'sendmail:%s'\n", dir, program))
	if _, stderr, status := exiwatch(t, string(demoLog), "run", "--config", toml); status != exitDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	_, part, _ := strings.Cut(read(t, filepath.Join(dir, "alert.eml")), "Content-Type: text/html; charset=UTF-8\n\n")
	part, _, _ = strings.Cut(part, "\n--=_exiwatch")
	html, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(part)))
	if err != nil || len(html) == 0 {
		t.Fatalf("the mail has no HTML: %v", err)
	}
	text := regexp.MustCompile(`exiwatch on [^<\s]*`).ReplaceAllString(string(html), "exiwatch on mx.lab.test")
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}
