package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"exiwatch/internal/htmlreport"
)

// refuse keeps --html from overwriting a file that is not a report.
func (r *replayer) refuse() error {
	if r.force || r.html == "-" {
		return nil
	}
	info, err := os.Stat(r.html) // nil if it is new
	if err != nil && !errors.Is(err, fs.ErrNotExist) || info != nil && !info.Mode().IsRegular() {
		return err // a FIFO or a device is written to, and loses nothing
	}
	if err := r.refuseLogs(info); err != nil || info == nil || info.Size() == 0 {
		return err
	}
	ours, err := isReport(r.html)
	if err == nil && !ours {
		err = r.refusal("it exists and is not a report of exiwatch")
	}
	return err
}

// refuseLogs refuses to overwrite a log, or a file that has the name of one. info is of the report; nil if it is new.
func (r *replayer) refuseLogs(info fs.FileInfo) (err error) {
	for _, source := range slices.Concat(r.logs...) {
		if source.Stream != nil {
			continue
		}
		if read, _ := os.Stat(source.Name); os.SameFile(info, read) {
			return r.refusal("it is a log that replay reads")
		}
		if isSibling(r.html, source.Name) {
			err = r.refusal("it has the name of a log: that of " + source.Name + ", or of one of its rotated files")
		}
	}
	return err
}

func (r *replayer) refusal(why string) error {
	return &hintedError{
		fmt.Errorf("--html would overwrite %s: %s", r.html, why),
		"--html FILE names the report to write, as in exiwatch replay --html report.html mainlog; " +
			"--force overwrites FILE",
	}
}

// isReport tells whether a file is a report of exiwatch, of any version.
func isReport(name string) (bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, htmlreport.HeadSize))
	return htmlreport.IsPage(bytes.TrimSpace(head)), err
}

// rotated is what rotation and compression add to the name of a log.
var rotated = regexp.MustCompile(`([-._]?[0-9][-0-9T:]*|\.old)?(\.(gz|bz2|xz|zst|lzma|lz4|Z|zip))?$`)

// isSibling tells whether two names belong to one log and its rotated files, in one folder.
func isSibling(a, b string) bool {
	dirA, _ := os.Stat(filepath.Dir(a))
	dirB, _ := os.Stat(filepath.Dir(b))
	stem := func(name string) string { return rotated.ReplaceAllString(filepath.Base(name), "") }
	return os.SameFile(dirA, dirB) && stem(a) == stem(b)
}
