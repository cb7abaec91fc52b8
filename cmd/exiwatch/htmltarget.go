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
	"exiwatch/internal/replay"
)

// refuse keeps --html from overwriting a file that is not a report. logs are the logs to read.
func (h *htmlFile) refuse(logs [][]replay.Source) error {
	if h.force || h.name == "-" {
		return nil
	}
	info, err := os.Stat(h.name)
	if errors.Is(err, fs.ErrNotExist) {
		info = nil
	} else if err != nil || !info.Mode().IsRegular() {
		return err // a FIFO or a device is written to, and loses nothing
	}
	if err := h.refuseLogs(slices.Concat(logs...), info); err != nil || info == nil || info.Size() == 0 {
		return err
	}
	ours, err := isReport(h.name)
	if err == nil && !ours {
		err = h.refusal("it exists and is not a report of exiwatch")
	}
	return err
}

// refuseLogs refuses to overwrite a log, or a file that has the name of one. info is of the report; nil if it is new.
func (h *htmlFile) refuseLogs(sources []replay.Source, info fs.FileInfo) error {
	sibling := ""
	for _, source := range sources {
		if source.Stream != nil {
			continue
		}
		if read, err := os.Stat(source.Name); err == nil && info != nil && os.SameFile(info, read) {
			return h.refusal("it is a log that replay reads")
		}
		if isSibling(h.name, source.Name) {
			sibling = source.Name
		}
	}
	if sibling != "" {
		return h.refusal("it has the name of a log: that of " + sibling + ", or of one of its rotated files")
	}
	return nil
}

func (h *htmlFile) refusal(why string) error {
	return &hintedError{
		fmt.Errorf("--html would overwrite %s: %s", h.name, why),
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
	head := make([]byte, htmlreport.HeadSize)
	n, err := io.ReadFull(f, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return htmlreport.IsPage(bytes.TrimSpace(head[:n])), err
}

// rotated is what rotation and compression add to the name of a log.
var rotated = regexp.MustCompile(`([-._]?[0-9][-0-9T:]*|\.old)?(\.(gz|bz2|xz|zst|lzma|lz4|Z|zip))?$`)

// isSibling tells whether two names belong to one log and its rotated files, in one folder.
func isSibling(a, b string) bool {
	dirA, err := os.Stat(filepath.Dir(a))
	if err != nil {
		return false
	}
	dirB, err := os.Stat(filepath.Dir(b))
	if err != nil || !os.SameFile(dirA, dirB) {
		return false
	}
	stem := func(name string) string { return rotated.ReplaceAllString(filepath.Base(name), "") }
	return stem(a) == stem(b)
}
