package tailer

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFolderThatIsMovedAndRemoved: looking at it comes to an end, though fsnotify can't take its watch away.
func TestFolderThatIsMovedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	f := folder{path: filepath.Join(dir, "log")}
	defer f.close()
	for range 300 {
		must(t, os.Mkdir(f.path, 0o755))
		must(t, f.refresh())
		events := f.events()
		go func() {
			for range events { // as followLoop does, which looks at the folder for each and takes the errors later
			}
		}()
		must(t, os.Rename(f.path, filepath.Join(dir, "moved")))
		must(t, os.Remove(filepath.Join(dir, "moved")))
		must(t, f.refresh())
	}
}
