package mailer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var shots = flag.String("shots", "", "write the mails into `DIR`, to be looked at")

// cases are the mails whose text, HTML and headers stand in testdata.
var cases = []struct {
	name  string
	mails func(testing.TB, Composer) []Message
	count int
}{
	{"burst", burst, 1}, {"networks", networks, 1}, {"script", webform, 1}, {"newsletter", newsletter, 1},
	{"storm", storm, 1}, {"forged", forged, 1},
	{"rules", threeRules, 4}, {"past", past, 1}, {"thread", thread, 4}, {"integrity", integrity, 1}, {"doubtful", doubtful, 1},
	{"fleet", fleet, 3}, {"alone", alone, 2}, {"tampered", tampered, 1},
	{"bounced", bounced, 1}, {"relayed", relayed, 1}, {"refused", refusedHost, 1},
	{"day", daily, 2}, {"check", sendTest, 1},
}

func TestGoldenMails(t *testing.T) {
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			mails := test.mails(t, director)
			if len(mails) != test.count {
				t.Fatalf("%d mails, want %d", len(mails), test.count)
			}
			for i, m := range mails {
				name := goldenName(test.name, mails[:i], m)
				l := read(t, m.Data)
				golden(t, name+".txt", l.text)
				golden(t, name+".html", l.html)
				golden(t, name+".head", head(m))
				if *shots != "" {
					show(t, name, m, l)
				}
			}
		})
	}
}

// goldenName names a mail of a case by its event, and numbers equal ones.
func goldenName(test string, before []Message, m Message) string {
	n := 1
	for _, other := range before {
		if other.Event == m.Event {
			n++
		}
	}
	if n == 1 {
		return test + "-" + m.Event
	}
	return fmt.Sprintf("%s-%s-%d", test, m.Event, n)
}

// head is a mail's header as it stands, and the headers of its parts.
func head(m Message) string {
	var b strings.Builder
	inHeader := true
	for line := range strings.Lines(lf(m.Data)) {
		switch {
		case strings.HasPrefix(line, "--=_"):
			inHeader = true
		case line == "\n":
			if inHeader {
				b.WriteString("\n")
			}
			inHeader = false
		}
		if inHeader {
			b.WriteString(line)
		}
	}
	return b.String()
}

// allMails are those of every case.
func allMails(t testing.TB, c Composer) map[string]Message {
	all := make(map[string]Message)
	for _, test := range cases {
		mails := test.mails(t, c)
		for i, m := range mails {
			all[goldenName(test.name, mails[:i], m)] = m
		}
	}
	return all
}

func TestGoldenFilesAreAllUsed(t *testing.T) {
	var want []string
	for name := range allMails(t, director) {
		want = append(want, name+".head", name+".html")
	}
	files, _ := filepath.Glob("testdata/*.h*")
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
}

// show writes a mail for a browser and for a mail reader to show.
func show(t *testing.T, name string, m Message, l parsedMail) {
	t.Helper()
	html := strings.ReplaceAll(l.html, fmt.Sprintf("cid:chart.%s.%s@%s", m.ID, m.Event, director.Host),
		name+".chart.png")
	for file, data := range map[string][]byte{name + ".eml": m.Data, name + ".html": []byte(html), name +
		".chart.png": l.picture} {
		if err := os.WriteFile(filepath.Join(*shots, file), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
