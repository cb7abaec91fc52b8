package tailer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"exiwatch/internal/testkit"
)

func nuls(n int) string { return strings.Repeat("\x00", n) }

// TestHead: however a file is read, its head holds as much of it as is known, and NULs at its start as their number.
func TestHead(t *testing.T) {
	long := strings.Repeat("0123456789abcde\n", 2*headLength/16)
	for name, test := range map[string]struct {
		file string
		nuls int64
		text string
	}{
		"empty":         {"", 0, ""},
		"short":         {"one\n", 0, "one\n"},
		"NULs within":   {"one" + nuls(20) + "\n", 0, "one" + nuls(20) + "\n"},
		"long":          {long, 0, long[:headLength]},
		"a NUL":         {"\x00", 1, ""},
		"NULs":          {nuls(300), 300, ""},
		"NULs, text":    {nuls(300) + "one\n" + nuls(9), 300, "one\n" + nuls(9)},
		"many, and all": {nuls(3*headLength) + long, 3 * headLength, long[:headLength]},
		"most":          {nuls(maxNULs) + "one\n", maxNULs, "one\n"},
		"too many":      {nuls(maxNULs+4) + "one\n", maxNULs, nuls(4) + "one\n"},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(how string, head []byte, err error) {
				t.Helper()
				if n, text := splitHead(head); n != test.nuls || string(text) != test.text || err != nil {
					t.Errorf("%s: %d NULs and %d bytes, %v; want %d and %d", how, n, len(text), err, test.nuls,
						len(test.text))
				}
			}
			head, err := readHead(strings.NewReader(test.file))
			check("at once", head, err)
			head, err = headFrom(nil, iotest.HalfReader(strings.NewReader(test.file)))
			check("by and by", head, err)
			for _, n := range []int{0, 1, 299, 300, 301, headLength, len(test.file)} {
				n = min(n, len(test.file))
				before, err := readHead(strings.NewReader(test.file[:n]))
				testkit.Must(t, err)
				was := bytes.Clone(before)
				nuls, text := splitHead(before)
				after, err := headFrom(before, strings.NewReader(test.file[nuls+int64(len(text)):]))
				check(fmt.Sprint("grown from ", n), after, err)
				if !bytes.Equal(before, was) || !continues(after, before) {
					t.Errorf("what was %q when it had %d bytes is %q, and goes on as %.30q", was, n, before, after)
				}
			}
		})
	}
}

// TestOtherHead: what isn't the same file grown.
func TestOtherHead(t *testing.T) {
	for _, pair := range [][2]string{{"one\n", "two\n"}, {nuls(3), "one\n"}, {nuls(3) + "one\n", nuls(4) + "one\n"},
		{nuls(3) + "one\n", nuls(9)}} {
		a, _ := readHead(strings.NewReader(pair[0]))
		b, _ := readHead(strings.NewReader(pair[1]))
		if alike(a, b) {
			t.Errorf("%q and %q are alike", pair[0], pair[1])
		}
	}
}

// TestSameBeginnings: all files of a log begin with the same bytes, or with NULs. Each line is read once, however the
// log goes on while it is followed or not.
func TestSameBeginnings(t *testing.T) {
	for name, header := range map[string]string{
		"a header":      strings.Repeat("# kept by configuration management\n", 9),
		"a long header": strings.Repeat("# kept by configuration management\n", 400),
		"NULs":          nuls(300),
		"many NULs":     nuls(20 * headLength),
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, m mode) {
				log := filepath.Join(t.TempDir(), "mainlog")
				var want []string
				write := func(name string, n int) {
					_, text := logLines(name, n)
					text = header + text
					lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
					for _, line := range lines {
						want = append(want, line[:min(len(line), MaxLine)])
					}
					testkit.Append(t, log, text)
				}
				write("first", 5)
				h := m.follow(t, Follower{Path: log})
				h.want(want...)
				testkit.Must(t, os.Rename(log, log+".1"))
				write("second", 1)
				h.want(want...)
				read := len(want)
				lines, text := logLines("more of the second", 40)
				testkit.Append(t, log, text)
				want = append(want, lines...)
				h.want(want...)
				h.stop()
				lines, text = logLines("unread", 3)
				testkit.Append(t, log, text)
				want = append(want, lines...)
				testkit.Must(t, os.Rename(log+".1", log+".2"))
				testkit.Must(t, os.Rename(log, log+".1"))
				gzipped(t, log+".1")
				write("third", 1) // shorter than what was read of the one before
				testkit.Must(t, os.Rename(log, log+".0"))
				gzipped(t, log+".0")
				write("fourth", 2)
				for _, at := range []int{read - 1, read + 10, read + 39} {
					rest := m.follow(t, Follower{Path: log, From: h.at(at).End})
					rest.want(want[at+1:]...)
					rest.stop()
				}
			})
		})
	}
}

// TestShorterFileOfTheSameHeader: a file that can't hold a position isn't taken for the one that does.
func TestShorterFileOfTheSameHeader(t *testing.T) {
	folder := t.TempDir()
	log := filepath.Join(folder, "mainlog")
	header := strings.Repeat("# kept by configuration management\n", 9) // 315 bytes
	_, text := logLines("first", 40)
	testkit.Append(t, log, header+text)
	at := endOf(t, log)
	testkit.Must(t, os.Rename(log, log+".3"))
	testkit.Append(t, log+".2", header+"few\n")
	gzipped(t, log+".3")
	gzipped(t, log+".2")
	testkit.Append(t, log, header)
	held, ok, err := (&Follower{Path: log}).Find(at)
	info, serr := os.Stat(log + ".3.gz")
	testkit.Must(t, serr)
	if is := identify(info); err != nil || !ok || held.identity() != is || held.Offset != at.Offset {
		t.Errorf("Find = %+v, %v, %v, want %+v", held, ok, err, is)
	}
}

// TestPositionOfAnOlderVersion: it had a fingerprint alone, of NULs too; and it finds what this one writes.
func TestPositionOfAnOlderVersion(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		copied bool // it finds copies
	}{"plain": {"", true}, "NULs": {nuls(300), false}} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "mainlog")
			_, text := logLines("first", 40)
			testkit.Append(t, log, test.header+text)
			at := endOf(t, log)
			old := at
			old.NULs, old.Longer = 0, [len(old.Longer)]uint32{}
			first := []byte(test.header + text)[:fingerprintLength]
			old.Fingerprint, _ = fingerprints(first)
			if test.header == "" && old.Fingerprint != at.Fingerprint {
				t.Errorf("fingerprint %x, an older version has %x", at.Fingerprint, old.Fingerprint)
			}
			var read Position
			written, err := json.Marshal(old)
			testkit.Must(t, err)
			if bytes.Contains(written, []byte("NULs")) || bytes.Contains(written, []byte("Longer")) {
				t.Errorf("what isn't known is written: %s", written)
			}
			testkit.Must(t, json.Unmarshal(written, &read))
			held, ok, err := (&Follower{Path: log}).Find(read)
			if err != nil || !ok || held != read {
				t.Errorf("Find = %+v, %v, %v, want %+v", held, ok, err, read)
			}
			gzipped(t, log)
			testkit.Must(t, os.Rename(log+".gz", log+".1.gz"))
			if _, ok, err := (&Follower{Path: log}).Find(read); err != nil || ok != test.copied {
				t.Errorf("Find in a copy = %v, %v, want %v", ok, err, test.copied)
			}
			if _, ok, err := (&Follower{Path: log}).Find(at); err != nil || !ok {
				t.Errorf("Find in a copy by this version's = %v, %v", ok, err)
			}
		})
	}
}

// TestNamesakes: a plain file and one that is compressed have the same name otherwise.
func TestNamesakes(t *testing.T) {
	_, one := logLines("1xV001-000001-01 <= a", 400)
	two := strings.ReplaceAll(one, "2026-11-23", "2026-11-21")
	for name, test := range map[string]struct {
		plain, packed string
		cut           int // of the compressed bytes, from the end
		want          string
	}{
		"the same":           {one, one, 0, "mainlog.2 mainlog"},
		"half compressed":    {one, one, 100, "mainlog.2 mainlog"},
		"begun":              {one, one, 1 << 20, "mainlog.2 mainlog"},
		"the beginning":      {one, one[:2000], 0, "mainlog.2 mainlog"},
		"half uncompressed":  {one[:2000], one, 0, "mainlog.2.gz mainlog"},
		"nothing":            {"", one, 0, "mainlog.2.gz mainlog"},
		"both nothing":       {"", "", 0, "mainlog.2 mainlog"},
		"another, older":     {one, two, 0, "mainlog.2.gz mainlog.2 mainlog"},
		"another, younger":   {two, one, 0, "mainlog.2 mainlog.2.gz mainlog"},
		"others behind NULs": {nuls(300) + one, nuls(300) + two, 0, "mainlog.2.gz mainlog.2 mainlog"},
		"one behind NULs":    {nuls(300) + one, nuls(300) + one, 100, "mainlog.2 mainlog"},
		"a late difference":  {one[:9000] + two, one[:9000] + one, 0, "mainlog.2 mainlog.2.gz mainlog"},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "mainlog")
			testkit.Append(t, log, "2026-11-22 10:00:00 last\n")
			testkit.Append(t, log+".2", test.packed)
			gzipped(t, log+".2")
			info, err := os.Stat(log + ".2.gz")
			testkit.Must(t, err)
			testkit.Must(t, os.Truncate(log+".2.gz", max(info.Size()-int64(test.cut), 0)))
			testkit.Append(t, log+".2", test.plain)
			names, err := MemberPaths(log)
			testkit.Must(t, err)
			for i := range names {
				names[i] = filepath.Base(names[i])
			}
			if want := strings.Fields(test.want); !slices.Equal(names, want) {
				t.Errorf("Cycled = %q, want %q", names, want)
			}
		})
	}
}
