package tailer

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestKinds: what isn't there may come, and what is no file is named, by Row too.
func TestKinds(t *testing.T) {
	if err := Followable(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("Followable of nothing = %v, want no error", err)
	}
	var kind *KindError
	if err := Followable("/dev/null"); !errors.As(err, &kind) || kind.Kind != "a device" {
		t.Errorf("Followable of a device = %v", err)
	}
	if _, err := Members(t.TempDir()); !errors.As(err, &kind) || kind.Kind != "a folder" {
		t.Errorf("Row of a folder = %v", err)
	}
}
