package report

import (
	"encoding/json"
	"testing"
	"time"

	"exiwatch/parser"

	"github.com/google/go-cmp/cmp"
)

// TestArrivalPresence: a field is there where the line has the item, also an empty one.
func TestArrivalPresence(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{
			`2026-11-23 10:00:00 1xV001-000001-01 <= <> H=mail.example.com [192.0.2.7] P=esmtp S=0`,
			`{"file":"f","line":7,"time":"2026-11-23T10:00:00Z","message_id":"1xV001-000001-01","envelope_sender":"","host":"mail.example.com",` +
				`"host_address":"192.0.2.7","protocol":"esmtp","size":0}`,
		},
		{
			`2026-11-23 10:00:00 1xV001-000001-01 <= a@b U=a P=local S=5 T=""`,
			`{"file":"f","line":7,"time":"2026-11-23T10:00:00Z","message_id":"1xV001-000001-01","envelope_sender":"a@b","ident":"a","protocol":"local",` +
				`"size":5,"subject":""}`,
		},
		{
			`2026-11-23 10:00:00.020 +0530 [4711] 1xV001-000001-01 (= a@b U=a P=local S=5 id=x@y T="\"\\n\377\\" from <raw@b> for c@d "e f"@g`,
			`{"file":"f","line":7,"time":"2026-11-23T10:00:00.020+05:30","pid":4711,"message_id":"1xV001-000001-01","fake_reject":true,` +
				`"envelope_sender":"a@b","ident":"a","protocol":"local","size":5,"header_message_id":"x@y","subject":"\"\\nÿ\\",` +
				`"received_sender":"raw@b","recipients":["c@d","\"e f\"@g"]}`,
		},
		{
			`2026-11-23 10:00:00 1xV001-000001-01 <= a@b H=h.example (helo) [2001:db8::1]:1025 I=[::1]:25 P=esmtpsa X=TLS1.3:C:256 CV=no A=plain:id:boss@lab.test S=5`,
			`{"file":"f","line":7,"time":"2026-11-23T10:00:00Z","message_id":"1xV001-000001-01","envelope_sender":"a@b","host":"h.example","helo":"helo",` +
				`"host_address":"2001:db8::1","host_port":1025,"interface_address":"::1","interface_port":25,"protocol":"esmtpsa","tls":"TLS1.3:C:256",` +
				`"authenticator":"plain","authenticated_id":"id","authenticated_sender":"boss@lab.test","size":5}`,
		},
		{
			`2026-11-23 10:00:00 1xV001-000001-01 <= <> R=1xV000-000000-00 U=Debian-exim P=local S=5`,
			`{"file":"f","line":7,"time":"2026-11-23T10:00:00Z","message_id":"1xV001-000001-01","envelope_sender":"","bounce_of":"1xV000-000000-00",` +
				`"ident":"Debian-exim","protocol":"local","size":5}`,
		},
	} {
		n := 0
		r := parser.NewReader(time.UTC, time.Time{}, func(e *parser.Entry) {
			n++
			if e.Kind != parser.Reception {
				t.Fatalf("%s is no arrival: %s", test.line, e.Reason)
			}
			b, err := json.Marshal(Arrival(e.Arrival))
			if err != nil {
				t.Fatal(err)
			}
			var got, want map[string]any
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.line, diff)
			}
		})
		r.Line(parser.Place{File: "f", Line: 7}, []byte(test.line))
		r.Flush()
		if n != 1 {
			t.Errorf("%s is %d entries, want 1", test.line, n)
		}
	}
}

// TestArrivalWithoutItems: what isn't logged isn't said.
func TestArrivalWithoutItems(t *testing.T) {
	b, err := json.Marshal(Arrival(&parser.Arrival{Size: -1, Time: time.Unix(0, 0).UTC()}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"file":"","line":0,"time":"1970-01-01T00:00:00Z","message_id":"","envelope_sender":""}`
	if string(b) != want {
		t.Errorf("an empty arrival = %s, want %s", b, want)
	}
}

// TestBrokenUTF8: bytes that are no text become U+FFFD, and the line stays JSON.
func TestBrokenUTF8(t *testing.T) {
	b, err := json.Marshal(Arrival(&parser.Arrival{
		Size: -1, EnvelopeSender: []byte("a\xff\xfe@b"), Helo: []byte("\xc3("), Subject: []byte("\x00\x1b\u2028"),
		RecipientList: []byte("\xe4@b"), RecipientCount: 1,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		EnvelopeSender string `json:"envelope_sender"`
		Helo, Subject  string
		Recipients     []string
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	want := got
	want.EnvelopeSender, want.Helo, want.Subject, want.Recipients = "a\ufffd\ufffd@b", "\ufffd(", "\x00\x1b\u2028",
		[]string{"\ufffd@b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 3, 29, 2, 30, 0, 7e6, time.FixedZone("", -(3*3600+30*60)))
	for _, test := range []struct {
		time Time
		want string
	}{
		{Time{}, "null"},
		{Time{at, false}, `"2026-03-29T02:30:00-03:30"`},
		{Time{at, true}, `"2026-03-29T02:30:00.007-03:30"`},
		{Time{at.Truncate(time.Second).UTC(), true}, `"2026-03-29T06:00:00.000Z"`},
	} {
		if b, err := json.Marshal(test.time); err != nil || string(b) != test.want {
			t.Errorf("Marshal(%v) = %s, %v, want %s", test.time, b, err, test.want)
		}
	}
}
