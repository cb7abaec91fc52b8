package web

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/report"
	"exiwatch/window"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// sent is an arrival of an account with a password.
func sent(at time.Time, account, subject string) *window.Arrival {
	a := &window.Arrival{At: at, MessageID: fmt.Appendf(nil, "1%05d-000000-00", at.Unix()%100000), Recipients: 2,
		Bytes: 1000}
	a.Values[window.Auth], a.Values[window.Account] = []byte(account), []byte(account)
	a.Values[window.Sender], a.Values[window.SenderDomain] = []byte(account+"@lab.test"), []byte("lab.test")
	if _, domain, ok := strings.Cut(account, "@"); ok {
		a.Values[window.AccountDomain] = []byte(domain)
	}
	a.Values[window.Host], a.Values[window.Network] = []byte("192.0.2.1"), []byte("192.0.2.0/24")
	a.Values[window.Helo], a.Values[window.Protocol] = []byte("pc"), []byte("esmtpsa")
	a.Values[window.RecipientDomain] = []byte("a.test\nb.test")
	if subject != "" {
		a.Values[window.Subject] = []byte(subject)
		a.Values[window.Topic] = window.FoldSubject([]byte(subject), nil)
	}
	return a
}

// TestArrivalBufferGivesBackWhatWentIn: every value of every key, nil and empty ones kept apart.
func TestArrivalBufferGivesBackWhatWentIn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := NewArrivalBuffer()
	var want []*window.Arrival
	for i := range 3000 {
		a := sent(noon.Add(time.Duration(i)*time.Second), fmt.Sprint("u", random.IntN(50), []string{"", "@lab.test"}[i%2]),
			strings.Repeat("Re: x", random.IntN(60)))
		switch random.IntN(4) {
		case 0: // a local one
			a.Values[window.User], a.Values[window.Account] = a.Values[window.Auth], a.Values[window.Auth]
			a.Values[window.Auth], a.Values[window.Host], a.Values[window.Network] = nil, nil, nil
			a.Values[window.AccountDomain] = nil
		case 1: // one from elsewhere, a bounce
			a.Values[window.Auth] = nil
			a.Values[window.Sender], a.Values[window.SenderDomain], a.Values[window.Account] = []byte("<>"), nil,
				[]byte("<>")
			a.Values[window.Subject], a.Values[window.Topic] = []byte{}, window.FoldSubject(nil, nil)
		}
		a.Outside = uint64(random.IntN(8))
		want = append(want, a)
		b.Add(a, a.At.Unix(), 0, true)
	}
	var buffer []byte
	i := len(want)
	for r := range b.Snapshot().rows(0, nil) {
		i--
		a := want[i]
		if r.at != a.At.Unix() || r.stamp != a.At.UnixMilli() || r.recipients != a.Recipients || r.bytes != a.Bytes ||
			r.outside != a.Outside ||
			!bytes.Equal(r.messageID, a.MessageID) {
			t.Fatalf("arrival %d: %+v, want %+v", i, r, a)
		}
		for k := range window.NumValues {
			if got := r.value(k, &buffer); !bytes.Equal(got, a.Values[k]) || (got == nil) != (a.Values[k] == nil) {
				t.Fatalf("arrival %d: %v is %q, want %q", i, k, got, a.Values[k])
			}
		}
	}
	if i != 0 {
		t.Errorf("%d arrivals are missing", i)
	}
}

// TestArrivalBufferIsBounded by what it holds, and by how long one value is.
func TestArrivalBufferIsBounded(t *testing.T) {
	b := NewArrivalBuffer()
	long := sent(noon, strings.Repeat("x", 60_000), strings.Repeat("y", 60_000))
	long.MessageID = bytes.Repeat([]byte("z"), 1000)
	for range 40_000 {
		b.Add(long, noon.Unix(), 0, true)
	}
	if len(b.blocks) != maxBlocks {
		t.Errorf("%d blocks, want %d", len(b.blocks), maxBlocks)
	}
	var size int
	for _, block := range b.blocks {
		size += cap(block.data) + 24*cap(block.heads)
	}
	if size > 46<<20 {
		t.Errorf("a full buffer takes %d bytes", size)
	}
	for r := range b.Snapshot().rows(0, nil) {
		if got := r.value(window.Account, nil); len(got) != maxValue {
			t.Fatalf("%d bytes of a value are kept, want %d", len(got), maxValue)
		}
		break
	}
}

// TestArrivalBufferIsReadWhileItIsWritten, which the race detector watches: a view doesn't change.
func TestArrivalBufferIsReadWhileItIsWritten(t *testing.T) {
	b := NewArrivalBuffer()
	var wait sync.WaitGroup
	for i := range 20_000 {
		if i%2000 == 0 {
			v := b.Snapshot()
			wait.Go(func() {
				n := 0
				for range v.rows(0, nil) {
					n++
				}
				if n != i {
					t.Errorf("a view of %d arrivals has %d", i, n)
				}
			})
		}
		a := sent(noon.Add(time.Duration(i)*time.Millisecond), "alice", "Hello")
		b.Add(a, a.At.Unix(), 0, true)
	}
	wait.Wait()
}

// TestMinutesWithOddClocks: what is stamped long ago or far ahead counts in its own minute, if that is one of those
// shown.
func TestMinutesWithOddClocks(t *testing.T) {
	b := NewArrivalBuffer()
	at := noon.Unix()
	for _, second := range []int64{at, at - 60, at - 60, at - 3600*24, at + 10*60, -5, at - 60*(MinutesKept-1)} {
		b.Add(sent(time.Unix(second, 0), "alice", ""), second, 0, true)
	}
	local := sent(noon, "", "")
	local.Values[window.Auth], local.Values[window.User] = nil, []byte("root")
	b.Add(local, at, 0, false)
	n := &Snapshot{Arrivals: b.Snapshot(), Second: at}
	c := n.arrivalChart()
	if got := c.Series[report.Authenticated].Values[MinutesKept-1]; got != 1 {
		t.Errorf("%d in the last minute, want 1", got)
	}
	if got := c.Series[report.Authenticated].Values[MinutesKept-2]; got != 2 {
		t.Errorf("%d in the minute before, want 2", got)
	}
	if got := c.Series[report.Local].Values[MinutesKept-1]; got != 1 {
		t.Errorf("%d local ones, want 1", got)
	}
	if got := c.Series[report.Authenticated].Total(); got != 4 {
		t.Errorf("%d in all, want 4", got)
	}
	if got := c.To(); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("the chart ends at %v", got)
	}
}

// TestAddAllocatesNothing but a block now and then.
func TestAddAllocatesNothing(t *testing.T) {
	b := NewArrivalBuffer()
	a := sent(noon, "alice", "Hello")
	if n := testing.AllocsPerRun(10_000, func() { b.Add(a, noon.Unix(), 0, true) }); n > 0.1 {
		t.Errorf("%v allocations for each arrival", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	buffer := NewArrivalBuffer()
	a := sent(noon, "alice@lab.test", "Your parcel has arrived")
	for b.Loop() {
		buffer.Add(a, noon.Unix(), 0, true)
	}
}
