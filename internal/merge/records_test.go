package merge

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/window"

	"pgregory.net/rapid"
)

// drawText gives texts that are often the same.
func drawText(t *rapid.T, what string) []byte {
	common := rapid.SampledFrom([][]byte{{}, []byte("a"), []byte("alice@lab.test")})
	return rapid.OneOf(common, rapid.SliceOf(rapid.Byte())).
		Draw(t, what)
}

func drawTexts(t *rapid.T, what string) (texts [][]byte) {
	if rapid.IntRange(0, 5).Draw(t, what) == 5 {
		for range rapid.IntRange(1, 4).Draw(t, what) {
			texts = append(texts, drawText(t, what))
		}
	}
	return texts
}

// drawRecord gives any record of a host whose clock has come to now.
func drawRecord(t *rapid.T, now int64) *pipeline.Record {
	offset := rapid.SampledFrom([]int{0, 0, 0, 3600, -12600, maxOffset - 1, 1 - maxOffset}).Draw(t, "zone")
	millis := rapid.IntRange(0, 999).Draw(t, "millis")
	stamp := time.Unix(now-rapid.Int64Range(0, maxLate-1).Draw(t, "late"), int64(millis)*1e6)
	amount := rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64())
	r := &pipeline.Record{Now: now, Arrival: window.Arrival{
		At:         stamp.In(time.FixedZone("here", offset)),
		MessageID:  drawText(t, "message id"),
		Recipients: amount.Draw(t, "recipients"),
		Bytes:      amount.Draw(t, "bytes"),
		AtLeast:    rapid.Bool().Draw(t, "at least"),
		Logins:     drawTexts(t, "logins"),
		Addresses:  drawTexts(t, "addresses"),
	}}
	a := &r.Arrival
	if rapid.IntRange(0, 5).Draw(t, "rare") == 5 {
		a.Nature = window.Nature(rapid.IntRange(0, int(window.Identified)).Draw(t, "nature"))
		a.Outside, a.LoginsOutside = rapid.Uint64().Draw(t, "outside"), rapid.Uint64().Draw(t, "logins outside")
		r.Own = rapid.SampledFrom([]string{"", "0123456789abcdef0123.opened"}).Draw(t, "own")
	}
	for k := range a.Values {
		if isWritten(window.Key(k)) && rapid.Bool().Draw(t, "has") {
			a.Values[k] = drawText(t, window.Key(k).String())
		}
	}
	if rapid.Bool().Draw(t, "has the account of") {
		a.Values[window.Account] = a.Values[rapid.SampledFrom([]window.Key{window.Auth, window.User}).Draw(t, "account")]
	}
	if rapid.IntRange(0, 5).Draw(t, "in log") == 5 {
		a.Values[window.Log] = []byte(pipeline.LogValue)
	}
	return r
}

// drawRecords gives some records of a host in its order.
func drawRecords(t *rapid.T) (all []*pipeline.Record) {
	now := rapid.SampledFrom([]int64{0, 1_795_000_000, -maxNow, maxNow - 100}).Draw(t, "begins")
	for range rapid.IntRange(1, 12).Draw(t, "records") {
		all = append(all, drawRecord(t, now))
		now += rapid.SampledFrom([]int64{0, 0, 1, 8}).Draw(t, "passes")
	}
	return all
}

// described writes all that a record says, nil apart from what is empty.
func described(r *pipeline.Record) string {
	a := &r.Arrival
	_, zone := a.At.Zone()
	return fmt.Sprintf("%d %d.%09d %d %q %d %d %x %x %d %t %q %q %q %#v", r.Now, a.At.Unix(), a.At.Nanosecond(), zone,
		a.MessageID, a.Recipients, a.Bytes, a.Outside, a.LoginsOutside, a.Nature, a.AtLeast, a.Logins, a.Addresses,
		r.Own, a.Values)
}

func encoded(all []*pipeline.Record) Records {
	var e Encoder
	for _, r := range all {
		e.Add(r)
	}
	return slices.Clone(e.Records())
}

// TestRecordsComeBack: whatever a record holds, it comes back, with the host in whose log it is.
func TestRecordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e Encoder
		for range 2 { // an encoder is used again
			all := drawRecords(t)
			e.Reset()
			for _, r := range all {
				e.Add(r)
			}
			first, last, ok := e.Records().Span()
			if n := len(all); e.Len() != n || !ok || first != all[0].Now || last != all[n-1].Now {
				t.Fatalf("%d records from %d to %d, %t", e.Len(), first, last, ok)
			}
			var got []string
			err := e.Records().Each("mx1", func(r *pipeline.Record) { got = append(got, described(r)) })
			for i, r := range all {
				r.Arrival.Values[window.LogHost] = []byte("mx1")
				if want := described(r); err != nil || i >= len(got) || got[i] != want {
					t.Fatalf("record %d of %d came back with %v as\n%q\nwant\n%s", i+1, len(all), err, got[i:], want)
				}
			}
		}
	})
}

// FuzzRecords: what is read is what an encoder writes, to the byte.
func FuzzRecords(f *testing.F) {
	at := time.Unix(1_795_000_000, 125e6).In(time.FixedZone("", 3600))
	plain := &pipeline.Record{Now: at.Unix() + 2, Arrival: window.Arrival{At: at, MessageID: []byte("1xV001-000001-01"),
		Recipients: 3, Bytes: 1234}}
	plain.Arrival.Values[window.Auth] = []byte("alice")
	plain.Arrival.Values[window.Account] = plain.Arrival.Values[window.Auth]
	rare := *plain
	rare.Own, rare.Arrival.Nature, rare.Arrival.Outside = "0123456789abcdef0123.opened", window.Doubtful, 5
	rare.Arrival.Logins, rare.Arrival.Addresses = [][]byte{[]byte("bob")}, [][]byte{[]byte("x@lab.test"), {}}
	rare.Arrival.At = at.UTC()
	f.Add([]byte(encoded([]*pipeline.Record{plain})))
	f.Add([]byte(encoded([]*pipeline.Record{plain, plain, &rare, plain})))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e Encoder
		if err := Records(data).Each("mx1", e.Add); err == nil && !bytes.Equal(e.Records(), data) {
			t.Errorf("%x was read, and is written as %x", data, e.Records())
		}
	})
}

// busyRecords are those of a host whose log names its zone.
func busyRecords(n int) (all []*pipeline.Record) {
	zone := time.FixedZone("", 3600)
	for i := range n {
		at := time.Unix(1_795_000_000+int64(i/3), int64(i%1000)*1e6).In(zone)
		r := &pipeline.Record{Now: at.Unix(), Arrival: window.Arrival{At: at,
			MessageID: fmt.Appendf(nil, "1xV%03d-%06d-01", i%1000, i), Recipients: 1, Bytes: int64(400 + i%9000)}}
		set := func(k window.Key, format string, args ...any) {
			r.Arrival.Values[k] = fmt.Appendf(nil, format, args...)
		}
		set(window.Auth, "user%d@site%d.example", i%997, i%97)
		r.Arrival.Values[window.Account] = r.Arrival.Values[window.Auth]
		r.Arrival.Values[window.Sender] = r.Arrival.Values[window.Auth]
		set(window.Host, "198.51.100.%d", i%251)
		set(window.Helo, "pc")
		set(window.Protocol, "esmtpsa")
		set(window.Subject, "Offer %d for you", i%3000)
		all = append(all, r)
	}
	return all
}

const inBatch = 500 // records

func BenchmarkEncode(b *testing.B) {
	all := busyRecords(inBatch)
	var e Encoder
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%inBatch == 0 {
			e.Reset()
		}
		e.Add(all[i%inBatch])
	}
	b.ReportMetric(float64(len(encoded(all)))/inBatch, "bytes/record")
}

func BenchmarkDecode(b *testing.B) {
	all := encoded(busyRecords(inBatch))
	d := decoder{host: []byte("mx1")}
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if !d.left {
			err = d.begin(all)
		} else {
			err = d.next()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// TestRecordsCostNoMemory: nothing is allocated for a record, also where the log names its zone.
func TestRecordsCostNoMemory(t *testing.T) {
	all := busyRecords(inBatch)
	records := encoded(all)
	var e Encoder
	d := decoder{host: []byte("mx1")}
	perBatch := testing.AllocsPerRun(20, func() {
		e.Reset()
		for _, r := range all {
			e.Add(r)
		}
		testkit.Must(t, d.begin(records))
		for d.left {
			testkit.Must(t, d.next())
		}
	})
	if perBatch > 0 {
		t.Errorf("%v allocations for %d records", perBatch, inBatch)
	}
}
