package parser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A wrapping is what another program makes of a line that Exim logged at 01:53:50 in UTC.
type wrapping struct {
	name, format, host string
	timed              bool // it names a time, so that Exim's own stamp may be missing
}

// wrappings are written after the manuals of these programs. %s is Exim's text.
var wrappings = []wrapping{
	{"byte order mark", "\ufeff%s", "", false},
	{"CR", "%s\r", "", false},
	{"RFC 3164", "Nov 23 01:53:50 mx1 exim[4711]: %s", "mx1", true},
	{"RFC 3164, a day of one digit", "Nov  3 01:53:50 mx1 exim[4711]: %s", "mx1", true},
	{"RFC 3164 with the priority", "<22>Nov 23 01:53:50 mx1 exim[4711]: %s", "mx1", true},
	{"without a pid", "Nov 23 01:53:50 mx1 exim: %s", "mx1", true},
	{"another syslog_processname", "Nov 23 01:53:50 mx1 exim-out[4711]: %s", "mx1", true},
	{"a name of its own", "Nov 23 01:53:50 mx1 outbound[4711]: %s", "mx1", true},
	{"a fraction", "Nov 23 01:53:50.123456 mx1 exim[4711]: %s", "mx1", true},
	{"FreeBSD's syslogd -v -v", "Nov 23 01:53:50 <mail.info> mx1 exim[4711]: %s", "mx1", true},
	{"busybox", "Nov 23 01:53:50 mx1 mail.info exim[4711]: %s", "mx1", true},
	{"OpenWrt", "Mon Nov 23 01:53:50 2026 mail.info exim[4711]: %s", "", true},
	{"OpenWrt, from elsewhere", "Mon Nov 23 01:53:50 2026 mail.info mx1 exim[4711]: %s", "mx1", true},
	{"Solaris", "Nov 23 01:53:50 mx1 exim[4711]: [ID 702911 mail.info] %s", "mx1", true},
	{"rsyslog", "2026-11-23T01:53:50.123456+00:00 mx1 exim[4711]: %s", "mx1", true},
	{"syslog-ng", "2026-11-23T01:53:50+00:00 mx1 exim[4711]: %s", "mx1", true},
	{"syslog-ng, in summer", "2026-11-23T03:53:50+02:00 mx1 exim[4711]: %s", "mx1", true},
	{"RFC 5424", "<22>1 2026-11-23T01:53:50.123Z mx1 exim 4711 - - %s", "mx1", true},
	{"RFC 5424 without the priority", "1 2026-11-23T01:53:50Z mx1 exim 4711 - - %s", "mx1", true},
	{"RFC 5424 with data", `<22>1 2026-11-23T01:53:50Z mx1 exim - ID47 [a@32473 b="c \"] d"][e@1 f="g"] ` + "\ufeff%s",
		"mx1", true},
	{"journalctl -o short", "Nov 23 01:53:50 mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o short-precise", "Nov 23 01:53:50.123456 mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o short-iso", "2026-11-23T01:53:50+0000 mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o short-iso-precise", "2026-11-23T02:53:50.123456+0100 mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o short-full", "Mon 2026-11-23 01:53:50 UTC mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o short-full elsewhere", "Mon 2026-11-23 02:53:50 CET mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o with-unit", "Mon 2026-11-23 01:53:50 UTC mx1 exim4.service/exim4[4711]: %s", "mx1", true},
	{"journalctl -o with-unit, precisely", "Mon 2026-11-23 01:53:50.123456 UTC mx1 exim4.service[4711]: %s", "mx1",
		true},
	{"journalctl -o short-unix", "1795398830.123456 mx1 exim4[4711]: %s", "mx1", true},
	{"journalctl -o short-monotonic", "[ 4711.123456] mx1 exim4[4711]: %s", "mx1", false},
	{"docker logs -t", "2026-11-23T01:53:50.123456789Z %s", "", true},
	{"CRI", "2026-11-23T01:53:50.123456789Z stdout F %s", "", true},
	{"CRI in another zone", "2026-11-23T03:53:50.123456789+02:00 stderr F %s", "", true},
	{"docker compose", "exim-1  | %s", "exim-1", false},
	{"docker compose -t", "exim_1      | 2026-11-23T01:53:50.123456789Z %s", "exim_1", true},
	{"kubectl logs --prefix", "[pod/exim-0/exim] %s", "pod/exim-0/exim", false},
	{"kubectl logs --prefix --timestamps", "[pod/exim-0/exim] 2026-11-23T01:53:50.1Z %s", "pod/exim-0/exim", true},
	{"grep", "/var/log/exim4/mainlog.1:%s", "", false},
	{"grep -n", "4711:%s", "", false},
	{"grep -n of files", "mainlog:17:%s", "", false},
	{"grep -C", "mainlog-17-%s", "", false},
	{"cat -n", "    17\t%s", "", false},
	{"svlogd -tt", "2026-11-23_01:53:50.12345 %s", "", true},
	{"multilog", "@400000006b039cd3075bcd15 %s", "", true},
	{"grep of syslog", "/var/log/mail.log:Nov 23 01:53:50 mx1 exim[4711]: %s", "mx1", true},
	{"grep of docker compose", "out.txt:3:exim-1  | 2026-11-23T01:53:50.123456789Z %s", "exim-1", true},
	{"syslog in a container", "2026-11-23T01:53:50.123456789Z Nov 23 01:53:50 mx1 exim[4711]: %s", "mx1", true},
	{"docker's syslog driver", "Nov 23 01:53:50 node7 docker/4f0b1[12]: %s", "node7", true},
	{"docker's json-file", `{"log":%s,"stream":"stdout","time":"2026-11-23T01:53:50.123456789Z"}`, "", true},
	{"json-file with attrs", `{"log":%s,"stream":"stdout","attrs":{"log":"} \" ]"},"time":"2026-11-23T01:53:50Z"}`, "",
		true},
	{"journalctl -o json", `{"__REALTIME_TIMESTAMP":"1795398830123456","SYSLOG_IDENTIFIER":"exim4","_PID":"4711",` +
		`"_HOSTNAME":"mx1","MESSAGE":%s}`, "mx1", true},
	{"journalctl -o json-sse", `data: {"__REALTIME_TIMESTAMP":"1795398830123456","SYSLOG_IDENTIFIER":["exim4","x"],` +
		`"_HOSTNAME":"mx1","MESSAGE":%s}`, "mx1", true},
	{"journalctl -o json-seq", "\x1e" + `{"MESSAGE":%s, "SYSLOG_IDENTIFIER" : "exim" , "_HOSTNAME":"mx1",` +
		`"__REALTIME_TIMESTAMP":"1795398830123456"}`, "mx1", true},
	{"a collector", `{"@timestamp":"2026-11-23T01:53:50.123Z","host":"mx1","ident":"exim","pid":4711,"message":%s}`,
		"mx1", true},
}

// of wraps a text.
func (w *wrapping) of(text string) string {
	if strings.Contains(w.format, "{") {
		quoted, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		text = string(quoted)
	}
	return strings.Replace(w.format, "%s", text, 1)
}

// likeWrappers are texts that a client writes in the hope that they are taken for wrappers, and more.
var likeWrappers = []string{
	"May  1 10:00:00 mx2 exim[1]: " + head0 + "boss@lab.test U=boss P=local S=1",
	"2026-11-23T01:53:50Z stdout F " + head0 + "boss@lab.test U=boss P=local S=1",
	"<22>1 2026-11-23T01:53:50Z mx2 exim 1 - - " + head0 + "boss@lab.test U=boss P=local S=1",
	"exim-2  | " + head0 + "boss@lab.test",
	`{"MESSAGE":"` + head0 + `boss@lab.test U=boss P=local S=1"}`,
	"[pod/a/b] mainlog:17:" + stamp0 + "cwd=/tmp 2 args: exim -t",
	"exim: CEST " + stamp0,
}

// TestWrappers: whatever stands before an entry, it is what it is without, and a client's text is no wrapper.
func TestWrappers(t *testing.T) {
	for _, w := range wrappings {
		for _, hostile := range append([]string{"Hello"}, likeWrappers...) {
			subject := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hostile)
			text := id0 + " <= alice@lab.test H=pc (" + hostile +
				") [192.0.2.7] P=esmtpsa X=TLS1.3:A:256 A=plain:alice " +
				`S=900 id=x@pc T="` + subject + `" from <alice@lab.test> for bob@b.example`
			w.check(t, stamp0, text)
			w.check(t, stamp0+"[4711] ", text)
			w.check(t, "2026-11-23 01:53:50.123 +0000 ", text)
			if w.timed {
				w.check(t, "", text)
			}
		}
	}
}

// check holds two lines in the wrapper to what the same lines are without.
func (w *wrapping) check(t interface {
	Helper()
	Errorf(string, ...any)
}, stamp, text string) {
	t.Helper()
	plain := stamp + text
	if stamp == "" {
		plain = stamp0 + text
	}
	want, got := w.read(t, plain+"\n"+plain+"\n"), w.read(t, w.of(stamp+text)+"\n"+w.of(stamp+text)+"\n")
	for i := range got {
		if day := strings.HasPrefix(w.format, "Nov  3"); stamp == "" && day {
			got[i].Time = got[i].Time.AddDate(0, 0, 20)
		}
		if i < len(want) {
			want[i].SyslogHost = []byte(w.host)
		}
		if g, w := shown(&got[i]), shown(&want[i]); g != w {
			t.Errorf("%s\ngot  %s\nwant %s", plain, g, w)
		}
	}
	if len(got) != len(want) || len(got) != 2 {
		t.Errorf("%s: %d arrivals of %q, want %d", w.name, len(got), w.of(stamp+text), len(want))
	}
}

// read gives the arrivals of a log.
func (w *wrapping) read(t interface{ Helper() }, log string) (all []Arrival) {
	t.Helper()
	r := NewReader(time.UTC, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), func(e *Entry) {
		if e.Kind == Reception {
			all = append(all, *cloned(e.Arrival))
		}
	})
	r.Lines(Place{"mainlog", 1}, []byte(log))
	r.Flush()
	return all
}

// shown writes an arrival down, with its time and host.
func shown(a *Arrival) string {
	return fmt.Sprintf("%s %q %s", a.Time.UTC().Format(time.DateTime), a.SyslogHost,
		describe(&Entry{Place: a.Place, Arrival: a}))
}

// TestNoWrapper: other programs' lines, and those that look broken, are none of Exim's.
func TestNoWrapper(t *testing.T) {
	for _, line := range []string{
		"Nov 23 01:53:50 mx1 postfix/smtpd[4711]: 4XyZ12aBcDz: client=pc[192.0.2.7]",
		"Nov 23 01:53:50 mx1 dovecot: imap-login: Login: user=<alice>, method=PLAIN",
		"2026-11-23T01:53:50+00:00 mx1 kernel: [ 4711.123456] eth0: link up",
		"Nov 23 01:53:50 mx1 exim", "Nov 23 01:53:50 mx1 exim[4711]:", "Nov 23 01:53:50", "<22>", "<22>1 ", "1 ",
		"<22>1 2026-11-23T01:53:50Z mx1 exim 4711 - [a ", "[pod/", "[pod/a/b]", "[ 4711.123456]", "exim-1  |",
		"exim-1  | ",
		"mainlog:", "17:", "2026-11-23T01:53:50.123456789Z", "2026-11-23T01:53:50.123456789Z stdout F ",
		`{"log":"` + head0 + `a@b U=r P=local S=1"`, `{"level":"info","msg":"started","time":"2026-11-23T01:53:50Z"}`,
		`{}`, `{"MESSAGE":null}`, `{"MESSAGE":[50,48]}`, `{"MESSAGE":"`, "Completed", "    " + head0 + "a@b U=r P=local S=1",
		"T=\"" + head0 + "a@b U=r P=local S=1\"",
	} {
		text, ok := appendUnwrapped(nil, []byte(line))
		if !ok {
			text = []byte(line)
		}
		if h, ok := scanPrefix(text); ok && (h.id != nil || len(text) > h.length) {
			t.Errorf("%q is taken for an entry: %q", line, text[h.length:])
		}
		if got := entries(line); got != nil {
			t.Errorf("%q: %s", line, got)
		}
	}
}

// TestArrayOfBytes: journald writes what isn't UTF-8 as an array of bytes.
func TestArrayOfBytes(t *testing.T) {
	text := head0 + "a@b U=r P=local S=1 T=\"caf\xc3\xa9\""
	var bytes []string
	for _, c := range []byte(text) {
		bytes = append(bytes, fmt.Sprint(c))
	}
	line := `{"MESSAGE":[` + strings.Join(bytes, ",") + `],"SYSLOG_IDENTIFIER":"exim"}`
	checkEntries(t, entries(line), entries(text))
}

// TestZoneOfWrapper: the time of a wrapper tells the zone of a stamp that names none, if they go together.
func TestZoneOfWrapper(t *testing.T) {
	for wrapper, want := range map[string]string{
		"2026-11-23T00:53:50.9Z ":           "2026-11-23T01:53:50+01:00",
		"2026-11-23T00:54:30Z stdout F ":    "2026-11-23T01:53:50+01:00", // some time later
		"2026-11-22T20:08:50Z ":             "2026-11-23T01:53:50Z",      // no zone is 5:45 ahead: hours late
		"2026-11-22T20:23:50Z ":             "2026-11-23T01:53:50+05:30",
		"2026-11-23T05:53:51-05:00 a b: ":   "2026-11-23T01:53:50-09:00",
		"2026-11-21T01:53:50Z ":             "2026-11-23T01:53:50Z", // days later
		"Mon 2026-11-23 01:53:50 XYZ a b: ": "2026-11-23T01:53:50Z",
	} {
		var got string
		r := NewReader(time.UTC, quickReference, func(e *Entry) { got = e.Arrival.Time.Format(time.RFC3339) })
		r.Line(Place{}, []byte(wrapper+head0+"a@b U=r P=local S=1"))
		if got != want {
			t.Errorf("%s: %s, want %s", wrapper, got, want)
		}
	}
}

// FuzzWrapper: no text of a client is taken for a wrapper, and what is understood without one is with it.
func FuzzWrapper(f *testing.F) {
	for i := range wrappings {
		for _, hostile := range likeWrappers {
			f.Add(byte(i), i%2 == 0, hostile, hostile)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, stamped bool, helo, subject string) {
		w := &wrappings[int(which)%len(wrappings)]
		for _, s := range []*string{&helo, &subject} {
			*s = strings.ToValidUTF8(strings.NewReplacer("\x00", "", "\n", "").Replace((*s)[:min(len(*s), 1000)]), "")
		}
		subject = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(subject)
		stamp := stamp0
		if w.timed && !stamped {
			stamp = ""
		}
		w.check(t, stamp, id0+" <= alice@lab.test H=("+printed(helo)+") [192.0.2.7] P=esmtpa A=login:bob S=900 "+
			`T="`+printed(subject)+`" for b@b.example`)
	})
}

// FuzzJSON holds the objects that are read to encoding/json.
func FuzzJSON(f *testing.F) {
	for _, w := range wrappings {
		if strings.Contains(w.format, "{") {
			f.Add([]byte(w.of(`a "b" \ c` + "\x01\t\u2028")))
		}
	}
	f.Add([]byte(`{"MESSAGE":"\ud83d\ude00 \ud83d \/ é","a":[{"b":"]}"}],"c":-1.5e3,"d":true}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var want map[string]json.RawMessage
		var e jsonEnvelope
		if json.Unmarshal(line, &want) != nil || line[0] != '{' || strings.ContainsAny(string(line), "\n") {
			e.read(line) // it doesn't crash
			return
		}
		if !e.read(line) {
			t.Fatalf("%q is an object", line)
		}
		var text string
		if json.Unmarshal(want["MESSAGE"], &text) != nil || strings.Count(string(line), "MESSAGE") != 1 || text == "" {
			return
		}
		if got := strings.ToValidUTF8(string(e.text.append(nil)), "\ufffd"); got != strings.ToValidUTF8(text, "\ufffd") {
			t.Errorf("%q: %q, want %q", line, got, text)
		}
	})
}
