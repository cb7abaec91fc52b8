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

// ErrNoLog says that no main log was found.
var ErrNoLog = errors.New("no main log found: Exim names none, and none is in the usual places")

// errSyslog says that there is a main log, and that nobody knows where.
var errSyslog = fmt.Errorf("%w; it logs to syslog alone, and there is no journalctl", ErrNoLog)

// usualLogs are where the main log is: on Debian, with Exim's own settings and on FreeBSD and DirectAdmin, with the
// package of EPEL, on cPanel, and in the spool folder where nothing else was chosen when Exim was built.
var usualLogs = []string{
	"/var/log/exim4/mainlog", "/var/log/exim/mainlog", "/var/log/exim/main.log", "/var/log/exim_mainlog",
	"/var/spool/exim/log/mainlog", "/var/spool/exim4/log/mainlog",
}

// FindLog finds the main log: where Exim says that it is (log_file_path), else in the usual places if it is there, else
// in the journal if Exim logs to syslog.
func FindLog(ctx context.Context) (string, error) {
	for _, exim := range []string{"exim4", "exim"} {
		out, err := runExim(ctx, exim, []string{"-bP", "log_file_path", "spool_directory"})
		if err != nil {
			continue
		}
		if path, err := choose(ReadPlace(out), usualLogs); path != "" || err != nil {
			return path, err
		}
	}
	return choose(Place{}, usualLogs)
}

// choose gives the main log of an Exim that logs to the place, where the usual ones may be.
func choose(p Place, usual []string) (string, error) {
	if p.Path != "" && (!p.Syslog || isThere(p.Path)) && (!p.Default || isThere(p.Path)) {
		return p.Path, nil
	}
	for _, path := range usual {
		if isThere(path) {
			return path, nil
		}
	}
	if p.Syslog {
		if _, err := exec.LookPath("journalctl"); err != nil {
			return "", errSyslog
		}
		return "journal", nil
	}
	if p.Path != "" {
		return p.Path, nil
	}
	return "", ErrNoLog
}

// isThere tells whether there is a log at path, or what it has been cycled to.
func isThere(path string) bool {
	_, err := tailer.Members(path)
	return err == nil || errors.Is(err, fs.ErrPermission)
}

const eximTimeout = 5 * time.Second

// Exim runs the Exim of this machine with args, and gives what it prints. It fails with exec.ErrNotFound where there
// is none.
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

// A Place is where Exim logs to.
type Place struct {
	Path    string // of the main log; empty: no file, or nobody knows which
	Default bool   // it is Exim's last resort: another place may have been chosen when Exim was built
	Syslog  bool   // to syslog, too, or alone
}

// ReadPlace reads Exim's answer to -bP log_file_path spool_directory. The path is a list separated by colons, in which
// "syslog" is no file, %s stands for the log's kind, and the first other item counts. An empty one is the path that was
// chosen when Exim was built, else log/%slog in the spool folder ("Where the logs are written", and set_file_path in
// log.c).
func ReadPlace(answer string) (p Place) {
	var list, spool string
	known := false
	for line := range strings.Lines(answer) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " =")
		switch name {
		case "log_file_path":
			list, known = strings.TrimSpace(value), true
		case "spool_directory":
			spool = strings.TrimSpace(value)
		}
	}
	if !known {
		return p
	}
	chosen := false
	for path := range strings.SplitSeq(list, ":") {
		path = strings.TrimSpace(path)
		switch {
		case path == "syslog":
			p.Syslog = true
		case chosen: // Exim ignores it
		case path == "":
			chosen, p.Default = true, true
			if strings.HasPrefix(spool, "/") {
				p.Path = filepath.Join(spool, "log", "mainlog")
			}
		case strings.HasPrefix(path, "/"):
			chosen, p.Path = true, strings.ReplaceAll(path, "%s", "main")
		}
	}
	return p
}
