package parser

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
)

const corpora = "../../shared/corpora"

// TestCorpora reads the real logs of other projects and compares every arrival with what an independent reading gives.
func TestCorpora(t *testing.T) {
	if _, err := os.Stat(corpora); err != nil {
		t.Skip("the corpora stand beside the project only where it is developed")
	}
	truth := map[Place]map[string]any{}
	files := map[string]bool{}
	names, _ := filepath.Glob(corpora + "/truth/*.jsonl")
	for _, name := range names {
		for row := range lines(t, name) {
			var want map[string]any
			if err := json.Unmarshal([]byte(row), &want); err != nil {
				t.Fatal(err)
			}
			at := Place{File: want["file"].(string), Line: int64(want["line"].(float64))}
			truth[at], files[at.File] = want, true
		}
	}
	logs, _ := filepath.Glob(corpora + "/*/*log")
	for _, name := range logs {
		rel, _ := filepath.Rel(corpora, name)
		files[rel] = true
	}
	found, right := 0, 0
	for file := range files {
		n := int64(0)
		r := NewReader(time.UTC, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), func(e *Entry) {
			if e.Kind == Malformed {
				t.Errorf("%s:%d:%d: malformed: %s", e.File, e.Line, e.Column, e.Reason)
			}
			if e.Kind != Reception {
				return
			}
			found++
			want, ok := truth[e.Place]
			if !ok {
				t.Errorf("%s:%d is no arrival", e.File, e.Line)
				return
			}
			if compare(t, e.Arrival, want) {
				right++
			}
			delete(truth, e.Place)
		})
		for line := range lines(t, filepath.Join(corpora, file)) {
			n++
			r.Line(Place{File: file, Line: n}, []byte(line))
		}
		r.Flush()
	}
	for at := range truth {
		t.Errorf("%s:%d is an arrival and was not found", at.File, at.Line)
	}
	t.Logf("%d arrivals, %d of them right in every field, %d not found", found, right, len(truth))
}

func lines(t *testing.T, name string) func(func(string) bool) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string) bool) {
		s := bufio.NewScanner(bytes.NewReader(b))
		s.Buffer(nil, 1<<20)
		s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
			if i := bytes.IndexByte(data, '\n'); i >= 0 {
				return i + 1, data[:i], nil
			}
			if atEOF && len(data) > 0 {
				return len(data), data, nil
			}
			return 0, nil, nil
		})
		for s.Scan() {
			if !yield(s.Text()) {
				return
			}
		}
	}
}

// compare tells whether a is what the truth says in every field that has a name of ours.
func compare(t *testing.T, a *Arrival, want map[string]any) bool {
	right := true
	check := func(field, got string, has bool) {
		t.Helper()
		wanted, ok := want[field]
		text := ""
		switch v := wanted.(type) {
		case string:
			text = v
		case float64:
			text = fmt.Sprint(int64(v))
		}
		if b, ok := want[field+"_hex"].(string); ok {
			raw, _ := hex.DecodeString(b)
			text = string(raw)
			if field == "subject" {
				text, _ = charmap.Windows1252.NewDecoder().String(text)
			}
		}
		if has != ok || got != text {
			right = false
			t.Errorf("%s:%d: %s is %q (%v), want %q (%v)", a.File, a.Line, field, got, has, text, ok)
		}
	}
	item := func(field string, b []byte) { t.Helper(); check(field, string(b), b != nil) }
	number := func(field string, n int64) { t.Helper(); check(field, fmt.Sprint(max(n, 0)), n > 0) }
	for field, n := range map[string]int64{"pid": int64(a.PID), "port": int64(a.HostPort),
		"iface_port": int64(a.InterfacePort), "size": a.Size} {
		if _, ok := want[field]; ok || n > 0 {
			number(field, n)
		}
	}
	sender := string(a.EnvelopeSender)
	if sender == "" {
		sender = "<>"
	}
	check("sender", sender, true)
	item("id", a.MessageID)
	item("R", a.BounceOf)
	item("host", a.Host)
	item("helo", a.Helo)
	item("ip", a.HostAddress)
	item("iface_ip", a.InterfaceAddress)
	item("ident", a.Ident)
	item("proto", a.Protocol)
	item("cipher", a.TLS)
	item("auth_name", a.Authenticator)
	item("auth_id", a.AuthenticatedID)
	item("auth_sender", a.AuthenticatedSender)
	item("header_id", a.HeaderMessageID)
	item("subject", a.Subject)
	item("env_from", a.ReceivedSender)
	if stamp, ok := want["timestamp"].(string); ok {
		layout := "2006-01-02 15:04:05"
		if strings.Contains(stamp, ".") {
			layout += ".000"
		}
		check("timestamp", a.Time.Format(layout), true)
	}
	if zone, ok := want["tz"].(string); ok && a.Time.Format("-0700") != zone {
		t.Errorf("%s:%d: zone %s, want %s", a.File, a.Line, a.Time.Format("-0700"), zone)
		right = false
	}
	if flag := want["flag"] == "(="; flag != a.FakeReject {
		t.Errorf("%s:%d: fake reject %v", a.File, a.Line, a.FakeReject)
		right = false
	}
	var recipients []string
	for r := range a.Recipients() {
		recipients = append(recipients, string(r))
	}
	var wanted []string
	if list, ok := want["recipients"].([]any); ok {
		for _, r := range list {
			wanted = append(wanted, r.(string))
		}
	}
	if !slices.Equal(recipients, wanted) || a.RecipientCount != len(wanted) {
		right = false
		t.Errorf("%s:%d: recipients %q, %d, want %q", a.File, a.Line, recipients, a.RecipientCount, wanted)
	}
	if ambiguous, _ := want["ambiguous"].(bool); ambiguous && !a.Suspicious {
		right = false
		t.Errorf("%s:%d: not suspicious", a.File, a.Line)
	}
	return right
}
