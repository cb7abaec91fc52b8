package mailer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A judgement is what another reader of mails, Python's, finds in one.
type judgement struct {
	Defects  []string
	Headers  [][2]string // decoded, unfolded
	Parts    [][3]string // media type, disposition, charset
	Text     string
	Pictures [][2]string // Content-ID, content
	Page     struct {
		Elements []string // tags with their attributes
		Unclosed []string
		Words    []string
		Ours     string   // but for what is from the log and for commands
		Commands []string // for a shell
	}
}

// judgeAll has Python read mails.
func judgeAll(t *testing.T, mails map[string][]byte) map[string]judgement {
	t.Helper()
	if testing.Short() {
		t.Skip("another program reads the mails, which takes its time")
	}
	python, err := exec.LookPath("python3")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	in := make(map[string]string)
	for name, data := range mails {
		in[name] = base64.StdEncoding.EncodeToString(data)
	}
	stdin, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/judge.py")
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	said := make(map[string]judgement)
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// goldenMails are those of every case, and how much they tell of subjects makes no difference to what holds for them.
func goldenMails(t *testing.T) map[string]Message {
	all := make(map[string]Message)
	for _, subjects := range []string{SubjectsFull, SubjectsHashed, SubjectsNone} {
		c := director
		c.Subjects = subjects
		for name, m := range allMails(t, c) {
			all[subjects+" "+name] = m
		}
	}
	return all
}

func TestOtherReadersFindNoDefect(t *testing.T) {
	mails := goldenMails(t)
	data := make(map[string][]byte)
	for name, m := range mails {
		data[name] = m.Data
	}
	for name, said := range judgeAll(t, data) {
		if len(said.Defects) > 0 || len(said.Page.Unclosed) > 0 {
			t.Errorf("%s: defects %q, unclosed %q", name, said.Defects, said.Page.Unclosed)
		}
		parts := [][3]string{
			{"multipart/alternative", "", ""}, {"text/plain", "", "utf-8"}, {"multipart/related", "", ""},
			{"text/html", "", "utf-8"},
			{"image/png", "inline", ""},
		}
		quiet := strings.HasSuffix(name, "day-summary-2")
		// Neither a digest nor a quiet summary has a chart, nor a mail that withdraws an alert.
		if strings.HasPrefix(mails[name].Event, "d") || quiet || mails[name].Event == withdrawn {
			parts = [][3]string{{"multipart/alternative", "", ""}, {"text/plain", "", "utf-8"},
				{"text/html", "", "utf-8"}}
		}
		if diff := cmp.Diff(parts, said.Parts); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		l := read(t, mails[name].Data)
		if lf([]byte(said.Text)) != l.text {
			t.Errorf("%s: another reader finds another text: %s", name, cmp.Diff(l.text, said.Text))
		}
		checkPicture(t, name, l, said)
	}
}

// checkPicture wants the picture to be the one that the page shows, and nothing that is fetched.
func checkPicture(t *testing.T, name string, l parsedMail, said judgement) {
	t.Helper()
	var shown []string
	for _, e := range said.Page.Elements {
		if strings.HasPrefix(e, "<img ") {
			shown = append(shown, regexp.MustCompile(`src='cid:([^']*)'`).FindStringSubmatch(e)[1])
		} else if regexp.MustCompile(` (src|href|background|action|on[a-z]+)=`).MatchString(e) ||
			strings.HasPrefix(e, "<script") {
			t.Errorf("%s: an element %s", name, e)
		}
	}
	var come []string
	for _, p := range said.Pictures {
		come = append(come, strings.Trim(p[0], "<>"))
		if p[1] != base64.StdEncoding.EncodeToString(l.picture) {
			t.Errorf("%s: another reader finds another picture", name)
		}
	}
	if !slices.Equal(shown, come) {
		t.Errorf("%s: it shows %q and has %q", name, shown, come)
	}
	if strings.Contains(l.html, "url(") || strings.Contains(l.html, "@import") || strings.Contains(l.html, "ZgotmplZ") {
		t.Errorf("%s: the page would fetch something, or was mended by html/template", name)
	}
}

// TestBothPartsSayTheSame compares them word by word, and so figure by figure, but for the drawing of the chart.
func TestBothPartsSayTheSame(t *testing.T) {
	data := make(map[string][]byte)
	for name, m := range goldenMails(t) {
		data[name] = m.Data
	}
	figures := 0
	chart := regexp.MustCompile(`(?m)^(  \S+(?: \S+)?) [▁▂▃▄▅▆▇█]+ `)
	for name, said := range judgeAll(t, data) {
		text, page := uncolon(strings.Fields(chart.ReplaceAllString(said.Text, "$1 "))), uncolon(said.Page.Words)
		if diff := cmp.Diff(text, page); diff != "" {
			t.Errorf("%s: text and page differ: %s", name, diff)
		}
		figures += len(regexp.MustCompile(`[0-9]+`).FindAllString(strings.Join(page, " "), -1))
	}
	if figures < 10_000 {
		t.Errorf("only %d figures were compared", figures)
	}
}

// uncolon takes the colons off which headings have in text alone.
func uncolon(words []string) []string {
	for i := range words {
		words[i] = strings.TrimSuffix(words[i], ":")
	}
	return words
}
