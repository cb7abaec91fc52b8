package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestPlaceOfExim(t *testing.T) {
	file := func(path string) Place { return Place{Path: path} }
	both := func(path string) Place { return Place{Path: path, Syslog: true} }
	const spool = "/var/spool/exim/log/mainlog"
	for answer, want := range map[string]Place{
		"log_file_path = /var/log/exim4/%slog\n":                        file("/var/log/exim4/mainlog"),
		"log_file_path = /var/log/exim/%s.%D":                           file("/var/log/exim/main.%D"),
		"log_file_path = /var/log/exim/%D/%slog":                        file("/var/log/exim/%D/mainlog"),
		"log_file_path = /var/log/exim/%slog-%M\n":                      file("/var/log/exim/mainlog-%M"),
		"log_file_path = /var/log/exim_%slog\n":                         file("/var/log/exim_mainlog"),
		"log_file_path = syslog:/var/log/exim/%slog\n":                  both("/var/log/exim/mainlog"),
		"log_file_path = /var/log/exim/%slog : syslog\n":                both("/var/log/exim/mainlog"),
		"log_file_path =  syslog :  /var/log/exim/%slog  \n":            both("/var/log/exim/mainlog"),
		"log_file_path = /var/log/exim/single\n":                        file("/var/log/exim/single"),
		"log_file_path = syslog\n":                                      {Syslog: true},
		"log_file_path = relative/%slog\n":                              {},
		"":                                                              {},
		"exim: permission denied; you must be an admin user\n":          {},
		"log_file_path = /var/log/exim4/%slog\r\n":                      file("/var/log/exim4/mainlog"),
		"LOG: something first\nlog_file_path = /l/%slog\n":              file("/l/mainlog"),
		"log_file_path = /var/log/exim4/%slog:/somewhere/%slog":         file("/var/log/exim4/mainlog"),
		"log_file_path = \nspool_directory = /var/spool/exim\n":         {Path: spool, Default: true},
		"log_file_path =\nspool_directory = /var/spool/exim\n":          {Path: spool, Default: true},
		"spool_directory = /var/spool/exim\nlog_file_path = :x\n":       {Path: spool, Default: true},
		"log_file_path = :syslog\nspool_directory = /var/spool/exim\n":  {Path: spool, Default: true, Syslog: true},
		"log_file_path = syslog :\nspool_directory = /var/spool/exim\n": {Path: spool, Default: true, Syslog: true},
		"log_file_path = :/var/log/exim/%slog\n":                        {Default: true},
	} {
		if got := ReadPlace(answer); got != want {
			t.Errorf("ReadPlace(%q) = %+v, want %+v", answer, got, want)
		}
	}
}

// TestLogIsChosen: a file that is there goes before the journal, and the journal before a file that isn't.
func TestLogIsChosen(t *testing.T) {
	dir := t.TempDir()
	there, none := filepath.Join(dir, "mainlog"), filepath.Join(dir, "none", "mainlog")
	if err := os.WriteFile(there, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	install(t, "journalctl", "exit 0")
	for _, c := range []struct {
		place Place
		usual string
		want  string
	}{
		{Place{Path: none}, there, none}, // Exim will make it
		{Place{Path: none, Syslog: true}, none, "journal"},
		{Place{Path: there, Syslog: true}, none, there},
		{Place{Path: there, Default: true}, none, there},
		{Place{Path: none, Default: true}, there, there},
		{Place{Path: none, Default: true}, none, none},
		{Place{Path: none, Default: true, Syslog: true}, none, "journal"},
		{Place{Syslog: true}, there, there},
		{Place{Syslog: true}, none, "journal"},
		{Place{}, there, there},
		{Place{}, none, ""},
	} {
		got, err := choose(c.place, []string{c.usual})
		if got != c.want || (c.want == "") != errors.Is(err, ErrNoLog) {
			t.Errorf("choose(%+v, %s) = %q, %v, want %q", c.place, c.usual, got, err, c.want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if got, err := choose(Place{Syslog: true}, nil); got != "" || !errors.Is(err, ErrNoLog) {
		t.Errorf("choose without journalctl = %q, %v, want %v", got, err, ErrNoLog)
	}
}

// install puts a program into an otherwise empty PATH.
func install(t *testing.T, program, script string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFindLogAsksExim(t *testing.T) {
	for _, program := range []string{"exim4", "exim"} {
		if _, err := os.Stat("/usr/sbin/exim4"); program == "exim" && err == nil {
			continue // it would be asked first
		}
		install(t, program,
			`[ "$*" = "-bP log_file_path spool_directory" ] && echo "log_file_path = /srv/logs/%slog-%D"`)
		got, err := FindLog(t.Context())
		if err != nil || got != "/srv/logs/mainlog-%D" {
			t.Errorf("FindLog with %s = %q, %v, want what it says", program, got, err)
		}
	}
}

// TestFindLogWithoutAnswer: an Exim that fails, or logs to syslog alone, leaves the usual places.
func TestFindLogWithoutAnswer(t *testing.T) {
	there := ""
	for _, path := range usualLogs {
		if _, err := os.Stat(path); err == nil && there == "" {
			there = path
		}
	}
	for _, script := range []string{"echo log_file_path = /srv/mainlog; exit 1", "echo log_file_path = syslog",
		"exit 0"} {
		install(t, "exim4", script)
		if err := os.Link(filepath.Join(os.Getenv("PATH"), "exim4"),
			filepath.Join(os.Getenv("PATH"), "exim")); err != nil {
			t.Fatal(err)
		}
		got, err := FindLog(t.Context())
		if got != there || (there == "") != errors.Is(err, ErrNoLog) {
			t.Errorf("FindLog with %q = %q, %v, want %q", script, got, err, there)
		}
	}
}

// TestFindLogEnds: an Exim that hangs isn't waited for when nobody wants the answer any more.
func TestFindLogEnds(t *testing.T) {
	install(t, "exim4", "exec /bin/sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out, err := Exim(ctx, "-bP"); err == nil {
		t.Errorf("Exim = %q, want an error", out)
	}
}
