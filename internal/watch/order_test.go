package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/tailer"

	"github.com/google/go-cmp/cmp"
)

// TestClockSetBackBetweenFiles: a log was cycled some times, and the clock set back meanwhile, so that first stamps
// don't tell which file is older. Its files, a replay of the log and the daemon tell of the same alerts.
func TestClockSetBackBetweenFiles(t *testing.T) {
	const files, limit = 5, 5
	at := time.Now().UTC().Truncate(time.Second).Add(-24 * time.Hour)
	shifts := [files]time.Duration{0, 30 * time.Minute, -90 * time.Minute, -60 * time.Minute, 20 * time.Minute}
	c := configured(t, fmt.Sprintf("[[rule]]\nkey = \"account\"\nlimit = %d\nwindow = \"10m\"\n", limit))
	c.State = t.TempDir()
	folder := t.TempDir()
	mainlog := filepath.Join(folder, "mainlog")
	c.Log = []string{mainlog}
	appendTo(t, mainlog, "")
	w := goOn(t, c, true, new(post))
	w.untilSays(ready)
	for i, shift := range shifts {
		if i > 0 {
			for n := i; n > 1; n-- {
				must(t, os.Rename(fmt.Sprint(mainlog, ".", n-1), fmt.Sprint(mainlog, ".", n)))
			}
			must(t, os.Rename(mainlog, mainlog+".1"))
		}
		var text strings.Builder
		for minute := range 25 { // over the limit at times, alone and with what stands in other files
			now := at.Add(shift + time.Duration(minute)*time.Minute)
			for n := range 1 + minute%4/3*limit {
				fmt.Fprintf(&text, "%s 1xV%d%02d-%06d-00 <= a%d@lab.test U=a%d P=local S=5\n",
					now.Format(time.DateTime),
					i, minute, n, minute%3, minute%3)
			}
		}
		name := fmt.Sprint("file", i)
		appendTo(t, mainlog, text.String()+sentinel(name, at.Add(shift+25*time.Minute), limit))
		w.untilRead(name)
	}
	w.stop()
	var want []string
	for _, a := range w.opened() {
		want = append(want, a.ID)
	}
	slices.Sort(want)
	if len(want) <= files {
		t.Fatalf("the daemon told of %d alerts: too few", len(want))
	}
	row, err := tailer.MemberPaths(mainlog)
	must(t, err)
	copied := t.TempDir()
	var elsewhere []string // copies that are all of the same age
	for _, path := range row {
		text, err := os.ReadFile(path)
		must(t, err)
		elsewhere = append(elsewhere, filepath.Join(copied, filepath.Base(path)))
		must(t, os.WriteFile(elsewhere[len(elsewhere)-1], text, 0o600))
	}
	backwards := slices.Clone(elsewhere)
	slices.Reverse(backwards)
	for name, files := range map[string][]string{
		"in order": row, "copies": elsewhere, "backwards": backwards,
		"from two folders": {elsewhere[4], row[1], row[0], elsewhere[2], row[3]},
	} {
		if diff := cmp.Diff(want, replayIDs(t, c, files...)); diff != "" {
			t.Errorf("%s (-daemon +replay):\n%s", name, diff)
		}
	}
}

// TestReplayOrderByName: names of cycled files go before first stamps, each log's for itself.
func TestReplayOrderByName(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, minutes ...int) Source {
		text := ""
		for _, minute := range minutes {
			text += arrivalAt(minute)
		}
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		return Source{Name: filepath.Join(folder, name)}
	}
	old, middle, young := file("mainlog.2", 20, 21), file("mainlog.1", 5), file("mainlog", 30)
	empty, dated := file("mainlog.3"), file("mainlog-20261122", 6)
	other, another := file("other.log.1", 10), file("other.log", 25)
	follows := func(s Source) Source { s.Behind = true; return s }
	for name, test := range map[string]struct {
		sources []Source
		want    []int
	}{
		"numbers":      {[]Source{middle, young, old}, []int{20, 21, 5, 30}},
		"an empty one": {[]Source{middle, empty, young, old}, []int{20, 21, 5, 30}},
		"two logs":     {[]Source{middle, another, young, old, other}, []int{10, 20, 21, 5, 25, 30}},
		"of two kinds": {[]Source{young, old, dated, middle}, []int{5, 6, 20, 21, 30}},
		"said":         {[]Source{young, follows(old), follows(middle)}, []int{30, 20, 21, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := replayed(t, test.sources...)
			if want := idsOf(test.want...); err != nil || !slices.Equal(got, want) {
				t.Errorf("read %q, %v, want %q", got, err, want)
			}
		})
	}
}
