package tailer

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"exiwatch/internal/testkit"
)

func TestCopies(t *testing.T) {
	_, text := logLines("one", 10_000) // some chunks
	_, other := logLines("two", 100)
	gz := compress(t, text, compressors()["gzip"])
	for name, test := range map[string]struct {
		files []string
		of    map[int]int // which are left out, and for which
	}{
		"none":                    {[]string{text, other}, nil},
		"the same":                {[]string{text, text}, map[int]int{0: 1}},
		"the same, compressed":    {[]string{text, gz}, map[int]int{1: 0}},
		"the beginning":           {[]string{text, text[:len(text)-300]}, map[int]int{1: 0}},
		"first, the beginning":    {[]string{text[:len(text)/2], text}, map[int]int{0: 1}},
		"compressed, longer":      {[]string{text[:len(text)/2], gz}, map[int]int{0: 1}},
		"the last byte differs":   {[]string{text[:len(text)/2] + "x", text}, nil},
		"short":                   {[]string{text[:60], text}, map[int]int{0: 1}},
		"empty":                   {[]string{"", text, ""}, nil},
		"three":                   {[]string{text, text[:5000], text[:4000]}, map[int]int{1: 0, 2: 0}},
		"not readable":            {[]string{"PK\x03\x04", "PK\x03\x04"}, nil},
		"broken off":              {[]string{text, gz[:len(gz)/2]}, map[int]int{1: 0}},
		"broken off, and a whole": {[]string{gz[:len(gz)/2], gz}, map[int]int{0: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []string
			folder := t.TempDir()
			for i, text := range test.files {
				paths = append(paths, filepath.Join(folder, string(rune('a'+i))))
				testkit.Append(t, paths[i], text)
			}
			got := Copies(append(paths, folder, filepath.Join(folder, "none")))
			if len(got) != len(test.of) {
				t.Errorf("copies = %v, want %v", got, test.of)
			}
			for _, c := range got {
				i := int(filepath.Base(c.Path)[0] - 'a')
				broken := test.files[i] == gz[:len(gz)/2]
				if of, ok := test.of[i]; !ok || c.Of != paths[of] || errors.Is(c.Err, io.ErrUnexpectedEOF) != broken {
					t.Errorf("copies = %v, want %v", got, test.of)
				}
			}
		})
	}
}
