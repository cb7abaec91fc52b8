package tailer

import (
	"os"
	"path/filepath"
	"testing"

	"exiwatch/internal/testkit"
)

// TestFolderThatIsMovedAndRemoved: looking at it comes to an end, though fsnotify can't take its watch away.
func TestFolderThatIsMovedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	f := folder{path: filepath.Join(dir, "log")}
	defer f.close()
	for range 300 {
		testkit.Must(t, os.Mkdir(f.path, 0o755))
		testkit.Must(t, f.refresh())
		events := f.events()
		go func() {
			for range events { // as followLoop does, which looks at the folder for each and takes the errors later
			}
		}()
		testkit.Must(t, os.Rename(f.path, filepath.Join(dir, "moved")))
		testkit.Must(t, os.Remove(filepath.Join(dir, "moved")))
		testkit.Must(t, f.refresh())
	}
}
