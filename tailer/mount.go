package tailer

import (
	"os"
	"path/filepath"
	"strings"
)

// IsMounted tells whether the file at path is a mount point itself, as in a container into which only the log was
// mounted. Such a mount stays with the inode that it was made of, so rotated files can't be seen. If the kernel doesn't
// tell, it is false.
func IsMounted(path string) bool {
	table, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && isMounted(path, table)
}

// isMounted reads the table that proc_pid_mountinfo(5) describes.
func isMounted(path string, table []byte) bool {
	whole, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(whole); err == nil {
		whole = real
	}
	for line := range strings.Lines(string(table)) {
		// id parent major:minor root mount-point options …; blanks and such in a path are \ooo
		if f := strings.Fields(line); len(f) > 4 && unoctal.Replace(f[4]) == whole {
			return true
		}
	}
	return false
}

var unoctal = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
