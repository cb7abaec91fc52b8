package fleet

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"exiwatch/internal/merge"

	"github.com/google/go-cmp/cmp"
)

func TestBundles(t *testing.T) {
	want := Bundle{Scopes: Scopes{1, 2}, Last: 1763632800, Batches: []HostRecords{
		{"mx1", merge.Records("one")}, {"mx2", merge.Records(strings.Repeat("two ", 1000))}}}
	packed := NewPacker().Pack(&want)
	if last, ok := LastOf(packed); last != want.Last || !ok {
		t.Errorf("LastOf = %d, %t", last, ok)
	}
	got, err := NewUnpacker().Unpack(packed)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("unpacked with %v (-want +got):\n%s", err, diff)
	}
}

func FuzzUnpack(f *testing.F) {
	packer, unpacker := NewPacker(), NewUnpacker()
	f.Add(packer.Pack(&Bundle{Last: -1, Batches: []HostRecords{{"mx1", merge.Records("one")}}}))
	f.Add(packer.Pack(&Bundle{}))
	f.Add([]byte{bundleVersion})
	f.Fuzz(func(t *testing.T, packed []byte) {
		e, err := unpacker.Unpack(packed)
		if err != nil {
			if !errors.Is(err, errBundle) {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := unpacker.Unpack(bytes.Clone(packer.Pack(&e)))
		if diff := cmp.Diff(e, again); diff != "" || err != nil {
			t.Errorf("packed again with %v:\n%s", err, diff)
		}
	})
}
