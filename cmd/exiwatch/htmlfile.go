package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"exiwatch/internal/htmlreport"
	"exiwatch/internal/report"

	"github.com/google/renameio/v2"
)

// writeHTML reads the logs and writes the file.
func (r *replayer) writeHTML(files []string) error {
	if r.html == "" {
		return usagef("--html \"\": expected the name of a file")
	}
	if err := r.findLogs(files); err != nil {
		return err
	}
	if err := r.refuse(); err != nil {
		return err
	}
	out, keep, drop, err := r.open()
	if err != nil {
		return fmt.Errorf("writing %s: %w", r.html, err)
	}
	defer drop()
	r.leaveOutCopies()
	p := htmlreport.Page{Selected: r.words(), Version: version, Made: r.now}
	if r.suggest {
		if p.Suggestions, err = r.suggestions(r.relayRules()); err != nil {
			return err
		}
	}
	sum := report.Summary{Rules: r.rules, Hourly: true, Only: r.only(), Inside: r.settings.Scopes[""].Inside}
	if err = r.sum(&sum, false); err != nil {
		return err
	}
	for _, source := range slices.Concat(r.logs...) {
		p.Logs = append(p.Logs, source.Name)
	}
	p.Document, p.Hours, p.Effects = sum.Document(int(r.rows)), sum.Hours(), sum.Effects()
	if err = p.Write(out); err == nil {
		err = keep()
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", r.html, err)
	}
	if info, err := os.Stat(r.html); err == nil && info.Mode().IsRegular() {
		r.note("note", "the report is in %s (%d kB)", r.html, (info.Size()+999)/1000)
	}
	return nil
}

func nothing() error { return nil }

// open begins to write the page. It replaces a regular file, and writes into anything else, such as /dev/stdout.
// Without keep, drop leaves the old file as it was.
func (r *replayer) open() (out io.Writer, keep, drop func() error, err error) {
	if r.html == "-" {
		return r.cmd.OutOrStdout(), nothing, nothing, nil
	}
	path := r.html
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return f, f.Close, f.Close, err
	}
	const owner = 0o600 // it holds addresses and subjects
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(owner),
		renameio.WithExistingPermissions())
	return f, f.CloseAtomicallyReplace, f.Cleanup, err
}

// words writes the selection as on the command line; empty if it selects everything.
func (s *selection) words() string {
	var words []string
	add := func(flag, value string) {
		if value != "" {
			words = append(words, "--"+flag+" "+value)
		}
	}
	add("since", s.since)
	add("until", s.until)
	for _, filter := range filters {
		for _, glob := range s.globs[filter.key] {
			add(filter.name, glob)
		}
	}
	return strings.Join(words, " ")
}
