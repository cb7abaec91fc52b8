package mailer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"exiwatch/internal/escape"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// noticeOf makes a notice, and reads it.
func noticeOf(t testing.TB, a *window.Alert, event, subjects string) (data []byte, n notice) {
	t.Helper()
	data, err := Composer{Host: "mx.lab.test", Log: "/var/log/exim4/mainlog", Subjects: subjects, Key: key}.
		Notice(a, event)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return data, n
}

// everything is a campaign with a value for each key.
func everything(i int, a *window.Arrival) {
	campaign(i, a)
	a.At = a.At.Add(250 * time.Millisecond)
	a.Values[window.User] = []byte("www-data")
	a.Values[window.Helo] = fmt.Appendf(nil, "<pc%d&>", i%3)
	a.Values[window.Protocol] = []byte("esmtpsa")
	a.Values[window.RecipientDomain] = fmt.Appendf(nil, "shop.test\nlist%d.test", i)
	a.Values[window.Topic] = window.FoldSubject(a.Values[window.Subject], nil)
}

// TestNoticeReadsAsIntended holds the notice to what its readers rely on: the names, and what stands under them.
func TestNoticeReadsAsIntended(t *testing.T) {
	for name, test := range map[string]struct{ rule, subjects string }{
		"notice": {"account 20/5m", ""}, "notice-hashed": {"subject bytes 20000/1h", "hashed"},
		"notice-none": {"topic recipients 20/1d", "none"},
	} {
		data, _ := noticeOf(t, crossing(t, test.rule, everything), "opened", test.subjects)
		var got bytes.Buffer
		if err := json.Indent(&got, data, "", "  "); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// TestNoticeHasTheNamesOfReplay: those that INTERFACE.md gives the alerts of `exiwatch replay --json`.
func TestNoticeHasTheNamesOfReplay(t *testing.T) {
	data, _ := noticeOf(t, crossing(t, "account 20/5m", everything), "opened", "full")
	var n struct{ Alert map[string]any }
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"id", "rule", "key", "value", "count", "limit", "window", "opened", "crossed_by", "peak", "ended", "messages",
		"recipients", "bytes", "subjects",
	} {
		if _, ok := n.Alert[name]; !ok {
			t.Errorf("there is no %q", name)
		}
	}
	lists := slices.Sorted(maps.Keys(n.Alert["distinct"].(map[string]any)))
	var want []string
	for name, value := range n.Alert {
		if _, ok := value.([]any); ok && name != "samples" && name != "block_lists" {
			want = append(want, name)
		}
	}
	if slices.Sort(want); !slices.Equal(lists, want) {
		t.Errorf("distinct has %q, the lists are %q", lists, want)
	}
}

// TestNoticeOfAnAlertThatEnds tells the alert's later state, in the log's zone.
func TestNoticeOfAnAlertThatEnds(t *testing.T) {
	r, err := window.ParseRule("account 20/5m")
	if err != nil {
		t.Fatal(err)
	}
	c, err := window.New([]window.Rule{r})
	if err != nil {
		t.Fatal(err)
	}
	var a *window.Alert
	for i := range 45 {
		arrival := window.Arrival{At: at0.Add(time.Duration(i) * time.Second),
			MessageID: fmt.Appendf(nil, "1w%04d-00000000ABC-1xYZ", i)}
		everything(i, &arrival)
		opened, grown := c.Count(&arrival)
		if len(opened) > 0 {
			a = opened[0]
		}
		if len(grown) > 0 {
			if _, n := noticeOf(t, a, "grew", ""); n.Event != "grew" || n.Alert.Times != 2 || n.Alert.Peak != 40 ||
				n.Alert.Ended != nil {
				t.Errorf("grew: %+v", n)
			}
		}
	}
	ended := c.Advance(at0.Add(time.Hour))
	if len(ended) != 1 {
		t.Fatal(ended)
	}
	_, n := noticeOf(t, ended[0], "ended", "")
	if n.Event != "ended" || n.Alert.Ended == nil || !strings.HasPrefix(*n.Alert.Ended, "2026-11-02T03:") ||
		!strings.HasSuffix(*n.Alert.Ended, "+01:00") ||
		n.Alert.Messages != 45 || n.Alert.CrossedCount != 21 || n.Alert.Peak != 45 ||
		n.Alert.Distinct["recipient_domains"] != 46 {
		t.Errorf("ended: %+v", n)
	}
}

// wild draws what a log may hold.
func wild(longest int) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "Ä", "👍", "\x00", "\x1b[2J", "\xff", "\xed\xa0\x80", "\xe2\x82", "\ufffd", "\u2028", "\u202e", "\U000e0041", `"`, `\`, "</script>", "&", "\u0085", "\x7f", "\r", "\n", "\t",
			`\u0000`, `","version":2,"x":"`,
			strings.Repeat("long ", 100), strings.Repeat("\x01", 100), strings.Repeat("ß", 100),
		}), 0, longest).Draw(t, "pieces")
		return []byte(strings.Join(pieces, ""))
	})
}

// broken is what JSON makes of a value: each byte that isn't UTF-8 is U+FFFD.
func broken(s string) string { return string([]rune(s)) }

// TestNoticeOfHostileValues: whatever the log held, the notice is JSON in one line of valid UTF-8, not too long, and
// says what the alert says.
func TestNoticeOfHostileValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := []window.Key{window.Account, window.Subject, window.Topic}
		r := window.Rule{Key: rapid.SampledFrom(keys).Draw(t, "key"), Limit: 3, Window: time.Minute}
		r.Name = string(wild(3).Draw(t, "name"))
		c, err := window.New([]window.Rule{r})
		if err != nil {
			t.Fatal(err)
		}
		value := wild(3).Draw(t, "value")
		var a *window.Alert
		for i := range 20 {
			arrival := window.Arrival{At: at0.Add(time.Duration(i) * time.Second), MessageID: wild(2).Draw(t, "id"),
				Recipients: rapid.Int64().Draw(t, "recipients")}
			for k := range arrival.Values {
				arrival.Values[k] = wild(3).Draw(t, "value")
			}
			arrival.Values[r.Key] = value
			if opened, _ := c.Count(&arrival); len(opened) > 0 {
				a = opened[0]
			}
		}
		if a == nil {
			t.Skip("nothing to count")
		}
		host, log := string(wild(2).Draw(t, "host")), string(wild(2).Draw(t, "log"))
		data, err := Composer{Host: host, Log: log, Subjects: "full"}.Notice(a, "opened")
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(data) || !json.Valid(data) || len(data) >= 64<<10 ||
			bytes.IndexByte(data, '\n') != len(data)-1 ||
			bytes.ContainsFunc(data[:len(data)-1], func(r rune) bool { return r < ' ' }) {
			t.Fatalf("%d bytes: %q", len(data), data)
		}
		var n notice
		if err := json.Unmarshal(data, &n); err != nil {
			t.Fatal(err)
		}
		if n.Version != 1 || n.Event != "opened" || n.Host != broken(clip(host)) || n.Log != broken(clip(log)) {
			t.Fatalf("%+v", n)
		}
		var want []noticeRow
		for _, row := range a.Top(window.Helo, 10) {
			want = append(want, noticeRow{broken(clip(row.Value)), row.Messages})
		}
		if diff := cmp.Diff(want, n.Alert.Helos); diff != "" || n.Alert.Value != broken(clip(a.Value)) ||
			n.Alert.Rule != broken(clip(a.Rule.Name)) {
			t.Fatalf("%+v\n%s", n.Alert, diff)
		}
	})
}

// TestClip: what is cut is short enough, and ends with a whole character.
func TestClip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(wild(8).Draw(t, "s"))
		got := clip(s)
		var text bytes.Buffer
		if err := escape.NewJSON(&text).Encode(got); err != nil {
			t.Fatal(err)
		}
		if text.Len() > noticeText+len("\"…\"\n") {
			t.Fatalf("clip(%q) takes %d bytes", s, text.Len())
		}
		if got == s {
			return
		}
		kept, ok := strings.CutSuffix(got, "…")
		if !ok || !strings.HasPrefix(s, kept) || broken(s)[:len(broken(kept))] != broken(kept) {
			t.Fatalf("clip(%q) = %q", s, got)
		}
	})
	for in, want := range map[string]string{
		"":                                "",
		strings.Repeat("a", noticeText):   strings.Repeat("a", noticeText),
		strings.Repeat("a", noticeText+1): strings.Repeat("a", noticeText) + "…",
		strings.Repeat("ä", noticeText):   strings.Repeat("ä", noticeText/2) + "…",
		strings.Repeat("\xff", 1000):      strings.Repeat("\xff", noticeText/6) + "…",
	} {
		if got := clip(in); got != want {
			t.Errorf("clip(%.20q…) has %d bytes, want %d", in, len(got), len(want))
		}
	}
}

// TestLongestNotice: each text of each list is as long as a text gets.
func TestLongestNotice(t *testing.T) {
	for _, filler := range []string{"\x01", "\xff", "\u2028", "\u0085", "\U000e0041", "x", "👍"} {
		a := crossing(t, "account 11/1d", func(i int, a *window.Arrival) {
			for k := range a.Values {
				a.Values[k] = fmt.Appendf(nil, "%d%s", i, strings.Repeat(filler, 4000/len(filler)))
			}
			a.Values[window.Account] = bytes.Repeat([]byte(filler), 4000/len(filler))
			if i > 11 {
				t.Fatal("no alert")
			}
			a.MessageID = bytes.Repeat([]byte(filler), 24/len(filler))
			a.Nature = window.Doubtful // with an anomaly, its entry and the log's host, too
		})
		a.Rule.Name, a.CrossedBy, a.Incident = a.Value, a.Value, &window.Incident{ID: a.Value}
		a.Samples = []string{a.Value, a.Value, a.Value}
		for _, n := range []*int64{&a.Messages, &a.Recipients, &a.Bytes, &a.Count, &a.Peak, &a.Rule.Limit, &a.Times} {
			*n = 1<<63 - 1
		}
		c := Composer{Host: a.Value, Log: a.Value, Fleet: FleetMark{Alone: a.Value, Since: at0, Instead: a.Value,
			Late: slices.Repeat([]string{a.Value}, 11)}}
		data, err := c.Notice(a, withdrawn)
		t.Logf("%q: %d bytes", filler, len(data))
		if err != nil || len(data) >= 64<<10 || len(data) < 50<<10 || !json.Valid(data) {
			t.Errorf("%q: %d bytes, %v", filler, len(data), err)
		}
	}
}

// TestNoticeKeepsSubjectsToItself: no subject, and no topic, shows through the setting.
func TestNoticeKeepsSubjectsToItself(t *testing.T) {
	for _, rule := range []string{"account 20/5m", "subject 20/5m", "topic 20/5m"} {
		a := crossing(t, rule, everything)
		full, open := noticeOf(t, a, "opened", "full")
		if !strings.Contains(string(full), "gewonnen") || open.SubjectValues != "full" {
			t.Fatalf("%s", full)
		}
		data, n := noticeOf(t, a, "opened", "hashed")
		if text := string(data); strings.Contains(text, "gewonnen") || strings.Contains(text, "parcel") ||
			n.SubjectValues != "hashed" {
			t.Errorf("hashed: %s", text)
		}
		if len(n.Alert.Subjects) != len(open.Alert.Subjects) ||
			n.Alert.Subjects[0] != (noticeSubject{redactSubject(open.Alert.Subjects[0].Subject, key),
				open.Alert.Subjects[0].Messages}) ||
			n.Alert.Topics[0].Example != n.Alert.Subjects[0].Subject ||
			n.Alert.Topics[0].Topic != redactSubject(open.Alert.Topics[0].Topic, key) {
			t.Errorf("hashed: %+v", n.Alert)
		}
		if want := redactSubject(a.Value, key); rule != "account 20/5m" && n.Alert.Value != want {
			t.Errorf("hashed: value %q, want %q", n.Alert.Value, want)
		}
		data, n = noticeOf(t, a, "opened", "none")
		if text := string(data); strings.Contains(text, "gewonnen") || strings.Contains(text, "parcel") ||
			len(n.Alert.Subjects)+len(n.Alert.Topics) > 0 ||
			n.SubjectValues != "none" || strings.Contains(text, `"subjects":null`) {
			t.Errorf("none: %s", text)
		}
		if want := map[bool]string{true: "alice@lab.test"}[rule == "account 20/5m"]; n.Alert.Value != want {
			t.Errorf("none: value %q, want %q", n.Alert.Value, want)
		}
		if !reflect.DeepEqual(n.Alert.Distinct, open.Alert.Distinct) ||
			!slices.Equal(n.Alert.Senders, open.Alert.Senders) {
			t.Errorf("none: %+v", n.Alert)
		}
	}
}

func TestDisguise(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []string{"", "a", "b", "a b", "\xff", "abc.opened"} {
		got := redactSubject(s, key)
		if len(got) != 9 || strings.Trim(got, "#0123456789abcdef") != "" || got != redactSubject(s, key) ||
			got == redactSubject(s, nil) {
			t.Errorf("disguise(%q) = %q", s, got)
		}
		if other, known := seen[got]; known {
			t.Errorf("disguise(%q) = disguise(%q)", s, other)
		}
		seen[got] = s
	}
	if got, want := redactSubject("RE: Order 17", key), redactSubject("order 9", key); got != want {
		t.Errorf("two subjects of one topic: %s and %s", got, want)
	}
}

func TestNoticeOfNothingWeKnow(t *testing.T) {
	a := crossing(t, "account 20/5m", everything)
	for _, test := range [][2]string{{"closed", ""}, {"", ""}, {"opened\n", ""}, {"opened", "some"},
		{"opened", "None"}} {
		if data, err := (Composer{Host: "mx", Subjects: test[1], Key: key}.Notice(a, test[0])); err == nil {
			t.Errorf("%q: %s", test, data)
		}
	}
	a.ID = "../x"
	if data, err := (Composer{Host: "mx", Key: key}.Notice(a, "opened")); err == nil {
		t.Errorf("%s", data)
	}
}

// TestNoticeOfAnEmptyAlert has every list.
func TestNoticeOfAnEmptyAlert(t *testing.T) {
	data, _ := noticeOf(t, &window.Alert{ID: "abc"}, "opened", "")
	if bytes.Count(data, []byte("null")) != 1 || !bytes.Contains(data, []byte(`"ended":null`)) {
		t.Errorf("%s", data)
	}
}
