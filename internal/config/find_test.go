package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestMainLogOfExim(t *testing.T) {
	for answer, want := range map[string]string{
		"log_file_path = /var/log/exim4/%slog\n":                "/var/log/exim4/mainlog",
		"log_file_path = /var/log/exim/%s.%D":                   "/var/log/exim/main.%D",
		"log_file_path = /var/log/exim/%D/%slog":                "/var/log/exim/%D/mainlog",
		"log_file_path = /var/log/exim/%slog-%M\n":              "/var/log/exim/mainlog-%M",
		"log_file_path = /var/log/exim_%slog\n":                 "/var/log/exim_mainlog",
		"log_file_path = syslog:/var/log/exim/%slog\n":          "/var/log/exim/mainlog",
		"log_file_path = /var/log/exim/%slog : syslog\n":        "/var/log/exim/mainlog",
		"log_file_path =  syslog :  /var/log/exim/%slog  \n":    "/var/log/exim/mainlog",
		"log_file_path = :/var/log/exim/%slog\n":                "/var/log/exim/mainlog",
		"log_file_path = /var/log/exim/single\n":                "/var/log/exim/single",
		"log_file_path = syslog\n":                              "",
		"log_file_path = \n":                                    "",
		"log_file_path =\n":                                     "",
		"log_file_path = relative/%slog\n":                      "",
		"":                                                      "",
		"exim: permission denied; you must be an admin user\n":  "",
		"log_file_path = /var/log/exim4/%slog\r\n":              "/var/log/exim4/mainlog",
		"LOG: something first\nlog_file_path = /l/%slog\n":      "/l/mainlog",
		"log_file_path = /var/log/exim4/%slog:/somewhere/%slog": "/var/log/exim4/mainlog",
	} {
		if got := MainLog(answer); got != want {
			t.Errorf("MainLog(%q) = %q, want %q", answer, got, want)
		}
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
		install(t, program, `[ "$*" = "-bP log_file_path" ] && echo "log_file_path = /srv/logs/%slog-%D"`)
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
	for _, script := range []string{"echo log_file_path = /srv/mainlog; exit 1", "echo log_file_path = syslog", "exit 0"} {
		install(t, "exim4", script)
		if err := os.Link(filepath.Join(os.Getenv("PATH"), "exim4"), filepath.Join(os.Getenv("PATH"), "exim")); err != nil {
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
	if path := askExim(ctx, "exim4"); path != "" {
		t.Errorf("askExim = %q, want nothing", path)
	}
}
