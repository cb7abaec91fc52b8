package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"exiwatch/internal/htmlreport"
	"exiwatch/internal/report"
	"exiwatch/window"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
)

// An htmlFile is the value of --html: the file to write, or "-" for the standard output.
type htmlFile struct {
	name  string
	force bool // overwrite any file
}

func (h *htmlFile) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&h.name, "html", "",
		"write an HTML `FILE` instead of text (\"-\": the standard output)")
	cmd.Flags().BoolVar(&h.force, "force", false, "with --html: overwrite FILE even if it is not a report")
}

// check refuses --force without --html.
func (h *htmlFile) check(cmd *cobra.Command) error {
	if h.force && !h.wanted(cmd) {
		return usagef("--force needs --html")
	}
	return nil
}

func (h *htmlFile) wanted(cmd *cobra.Command) bool { return cmd.Flags().Changed("html") }

// run reads the logs and writes the file.
func (h *htmlFile) run(cmd *cobra.Command, s *selection, files []string, rules []window.Rule, rows int,
	choose *chooser) (err error) {
	if h.name == "" {
		return usagef("--html \"\": expected the name of a file")
	}
	logs, err := s.logs(cmd.Context(), files, cmd.InOrStdin())
	if err != nil {
		return logError(err)
	}
	if err := h.refuse(logs); err != nil {
		return err
	}
	out, err := h.open(cmd)
	if err != nil {
		return fmt.Errorf("writing %s: %w", h.name, err)
	}
	defer out.drop()
	p := htmlreport.Page{Selected: s.words(), Version: version, Made: s.now}
	if choose.suggest {
		if p.Suggestions, err = choose.find(cmd, s, files, rules, rows); err != nil {
			return err
		}
	}
	r, err := s.findSources(cmd, files)
	if err != nil {
		return err
	}
	defer r.bar.end()
	sum := report.Summary{Rules: rules, Hourly: true, Only: s.only()}
	if sum.Totals, err = r.read(cmd.Context(), rules, summing(&sum)); err != nil {
		return err
	}
	for _, log := range r.logs {
		for _, source := range log {
			p.Logs = append(p.Logs, source.Name)
		}
	}
	p.Document, p.Hours, p.Effects = sum.Document(rows), sum.Hours(), sum.Effects()
	if err := p.Write(out); err != nil {
		return fmt.Errorf("writing %s: %w", h.name, err)
	}
	if err := out.keep(); err != nil {
		return fmt.Errorf("writing %s: %w", h.name, err)
	}
	if info, err := os.Stat(h.name); err == nil && info.Mode().IsRegular() {
		note(cmd.ErrOrStderr(), "note", fmt.Sprintf("the report is in %s (%d kB)", h.name, (info.Size()+999)/1000))
	}
	return nil
}

// An output is where the page goes. Without keep, drop leaves the old file as it was.
type output struct {
	io.Writer
	keep func() error
	drop func() error
}

func nothing() error { return nil }

// open begins to write. It replaces a regular file, and writes into anything else, such as /dev/stdout.
func (h *htmlFile) open(cmd *cobra.Command) (output, error) {
	if h.name == "-" {
		return output{cmd.OutOrStdout(), nothing, nothing}, nil
	}
	path, info := h.name, os.FileInfo(nil)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
		if info, err = os.Stat(path); err != nil {
			return output{}, err
		}
	}
	if info != nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return output{}, err
		}
		return output{f, f.Close, f.Close}, nil
	}
	const owner = 0o600 // it holds addresses and subjects
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(owner),
		renameio.WithExistingPermissions())
	if err != nil {
		return output{}, err
	}
	return output{f, f.CloseAtomicallyReplace, f.Cleanup}, nil
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
