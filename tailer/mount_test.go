package tailer

import (
	"os"
	"path/filepath"
	"testing"
)

func TestIsMounted(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.WriteFile(filepath.Join(dir, "main log"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("main log", link); err != nil {
		t.Fatal(err)
	}
	table := []byte("22 1 0:20 / / rw - overlay overlay rw\n" +
		"811 760 254:1 /var/log/exim4/mainlog " + dir + `/main\040log ro,relatime - ext4 /dev/vda1 rw` + "\n")
	for path, want := range map[string]bool{
		filepath.Join(dir, "main log"): true, link: true, dir: false, filepath.Join(dir, "main"): false, "/": true,
	} {
		if got := isMounted(path, table); got != want {
			t.Errorf("isMounted(%s) = %v, want %v", path, got, want)
		}
	}
	if IsMounted(link) {
		t.Error("a file of this machine is said to be mounted")
	}
}
