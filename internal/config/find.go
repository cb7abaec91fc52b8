package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ErrNoLog says that no main log was found.
var ErrNoLog = errors.New("no main log found: Exim names none, and none is in the usual places")

// usualLogs are where Debian, Exim itself, and cPanel keep the main log.
var usualLogs = []string{"/var/log/exim4/mainlog", "/var/log/exim/mainlog", "/var/log/exim_mainlog"}

// FindLog finds the main log: where Exim says that it is (log_file_path), else in the usual places if it is there.
func FindLog(ctx context.Context) (string, error) {
	for _, exim := range []string{"exim4", "exim"} {
		if path := askExim(ctx, exim); path != "" {
			return path, nil
		}
	}
	for _, path := range usualLogs {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", ErrNoLog
}

const eximTimeout = 5 * time.Second

// Exim runs the Exim of this machine with args, and gives what it prints. It fails with exec.ErrNotFound where there is none.
func Exim(ctx context.Context, args ...string) (string, error) {
	out, err := runExim(ctx, "exim4", args)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		out, err = runExim(ctx, "exim", args)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = exec.ErrNotFound
	}
	return out, err
}

func runExim(ctx context.Context, program string, args []string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + program); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, eximTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second // for what it left behind with its output
	out, err := cmd.Output()
	return string(out), err
}

// askExim gives the main log that the program's configuration names, "" if it can't be asked or logs to syslog alone.
func askExim(ctx context.Context, program string) string {
	out, err := runExim(ctx, program, []string{"-bP", "log_file_path"})
	if err != nil {
		return ""
	}
	return MainLog(out)
}

// MainLog reads Exim's answer "log_file_path = /var/log/exim4/%slog": a list separated by colons, in which %s stands for the
// log's kind and "syslog" for no file.
func MainLog(answer string) string {
	_, list, ok := strings.Cut(strings.TrimSpace(answer), "log_file_path = ")
	if !ok {
		return ""
	}
	for path := range strings.SplitSeq(list, ":") {
		path = strings.TrimSpace(path)
		if strings.HasPrefix(path, "/") {
			return strings.ReplaceAll(path, "%s", "main")
		}
	}
	return ""
}
