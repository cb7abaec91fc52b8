// Package journaltest makes systemd journals for tests.
package journaltest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// remote makes journals of text (systemd-journal-remote(8)).
const remote = "/lib/systemd/systemd-journal-remote"

// An Entry is what a program has logged.
type Record struct {
	At         time.Time
	Identifier string // SYSLOG_IDENTIFIER
	Unit       string // _SYSTEMD_UNIT
	PID        int
	Message    string
}

// A Journal is a folder of journal files.
type Journal struct {
	t   testing.TB
	Dir string
}

// New makes an empty folder. The test is skipped where the programs for it are missing, but never under CI=true.
func New(t testing.TB) *Journal {
	t.Helper()
	if _, err := os.Stat(remote); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs systemd-journal-remote")
	}
	return &Journal{t: t, Dir: t.TempDir()}
}

// Append writes entries to the end of the file NAME.journal, which is made if need be.
func (j *Journal) Append(name string, entries ...Record) {
	j.t.Helper()
	var text bytes.Buffer
	for _, e := range entries {
		j.export(&text, e)
	}
	cmd := exec.Command(remote, "-o", filepath.Join(j.Dir, name+".journal"), "-")
	cmd.Stdin = &text
	if out, err := cmd.CombinedOutput(); err != nil {
		j.t.Fatalf("writing the journal: %v: %s", err, out)
	}
}

// export writes an entry in the journal's export format.
func (j *Journal) export(text *bytes.Buffer, e Record) {
	fmt.Fprintf(text, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n", e.At.UnixMicro(), e.At.UnixMicro())
	text.WriteString("_BOOT_ID=cc6f5d2e5a5b4c5e8f6b6c2b2f6f8a11\n_HOSTNAME=mx\n")
	fmt.Fprintf(text, "_PID=%d\nSYSLOG_IDENTIFIER=%s\n", e.PID, e.Identifier)
	if e.Unit != "" {
		fmt.Fprintf(text, "_SYSTEMD_UNIT=%s\n", e.Unit)
	}
	text.WriteString("MESSAGE\n") // as binary: it may hold anything
	binary.Write(text, binary.LittleEndian, uint64(len(e.Message)))
	text.WriteString(e.Message + "\n\n")
}

// Install puts a journalctl before all others that reads this journal alone.
func (j *Journal) Install() {
	j.t.Helper()
	real, err := exec.LookPath("journalctl")
	if err != nil {
		j.t.Fatal(err)
	}
	bin := j.t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' -D '%s' \"$@\"\n", real, strings.ReplaceAll(j.Dir, "'", ""))
	if err := os.WriteFile(filepath.Join(bin, "journalctl"), []byte(script), 0o755); err != nil {
		j.t.Fatal(err)
	}
	j.t.(interface{ Setenv(key, value string) }).Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// Day is today: journalctl reads by the wall clock what is counted silently.
var Day = time.Now().UTC().Truncate(time.Second).Add(-30 * time.Minute)

// Exim makes entries of the lines of a main log, each at its stamp, with one of another program behind each.
func Exim(text string) (all []Record) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		at, err := time.Parse(time.DateTime, line[:len(time.DateTime)])
		if err != nil {
			panic(err)
		}
		all = append(all, Record{At: at, Identifier: "exim", PID: 17, Message: line},
			Record{At: at, Identifier: "sshd", PID: 18, Message: "Accepted publickey for exim"})
	}
	return all
}
