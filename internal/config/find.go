package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"exiwatch/tailer"
)

// ErrNoLog means that FindLog found no main log.
var ErrNoLog = errors.New("no main log found: Exim names none, and none is in the usual places")

// usualLogs are the usual paths of the main log: Debian's, Exim's own (also on FreeBSD and DirectAdmin), EPEL's,
// cPanel's, and the one in the spool folder if Exim's build chose no other.
var usualLogs = []string{
	"/var/log/exim4/mainlog", "/var/log/exim/mainlog", "/var/log/exim/main.log", "/var/log/exim_mainlog",
	"/var/spool/exim/log/mainlog", "/var/spool/exim4/log/mainlog",
}

// FindLog finds the main log. It asks Exim (log_file_path), then tries the usual paths. If Exim logs to syslog, it then
// tries the journal.
func FindLog(ctx context.Context) (string, error) {
	answer, err := Exim(ctx, "-bP", "log_file_path", "spool_directory")
	if err != nil {
		answer = ""
	}
	return choose(ReadPlace(answer), usualLogs)
}

// choose chooses the main log of an Exim that logs to place, or one of the usual logs.
func choose(p Place, usual []string) (string, error) {
	if p.Path != "" && (!p.Syslog && !p.Default || isThere(p.Path)) {
		return p.Path, nil
	}
	for _, path := range usual {
		if isThere(path) {
			return path, nil
		}
	}
	if p.Syslog {
		if _, err := exec.LookPath("journalctl"); err != nil {
			return "", fmt.Errorf("%w; it logs to syslog alone, and there is no journalctl", ErrNoLog)
		}
		return "journal", nil
	}
	if p.Path != "" {
		return p.Path, nil
	}
	return "", ErrNoLog
}

// isThere reports whether there is a log at path, or one of its cycled files.
func isThere(path string) bool {
	_, err := tailer.Members(path)
	return err == nil || errors.Is(err, fs.ErrPermission)
}

const eximTimeout = 5 * time.Second

// Exim runs this machine's Exim with args and returns its output. Without an Exim it fails with exec.ErrNotFound.
func Exim(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, eximTimeout)
	defer cancel()
	for _, program := range []string{"exim4", "/usr/sbin/exim4", "exim", "/usr/sbin/exim"} {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.WaitDelay = time.Second // for child processes that still hold its output
		out, err := cmd.Output()
		if !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, fs.ErrNotExist) {
			return string(out), err
		}
	}
	return "", exec.ErrNotFound
}

// Settings reads what exim -bP prints: name = value for each setting.
func Settings(answer string) map[string]string {
	all := make(map[string]string)
	for line := range strings.Lines(answer) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " =")
		all[name] = strings.TrimSpace(value)
	}
	return all
}

// A Place is where Exim logs.
type Place struct {
	Path    string // of the main log; empty if there is no file, or it is unknown
	Default bool   // Path is Exim's last resort; its build may have chosen another
	Syslog  bool   // Exim logs to syslog, perhaps besides the file
}

// ReadPlace parses Exim's answer to -bP log_file_path spool_directory. The path is a list separated by colons. In it,
// "syslog" is not a file, %s stands for the log's kind, and the first other item counts. An empty item is the path from
// Exim's build, or else log/%slog in the spool folder ("Where the logs are written", and set_file_path in log.c).
func ReadPlace(answer string) (p Place) {
	settings := Settings(answer)
	list, known := settings["log_file_path"]
	if !known {
		return p
	}
	for path := range strings.SplitSeq(list, ":") {
		path = strings.TrimSpace(path)
		switch {
		case path == "syslog":
			p.Syslog = true
		case p.Default || p.Path != "": // Exim ignores further items
		case path == "":
			p.Default = true
			if spool := settings["spool_directory"]; strings.HasPrefix(spool, "/") {
				p.Path = filepath.Join(spool, "log", "mainlog")
			}
		case strings.HasPrefix(path, "/"):
			p.Path = strings.ReplaceAll(path, "%s", "main")
		}
	}
	return p
}
