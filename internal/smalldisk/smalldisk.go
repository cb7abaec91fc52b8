// Package smalldisk has tests run on a disk that is soon full.
package smalldisk

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// inNamespace is in the environment of a test that runs itself again where it may mount.
const inNamespace = "EXIWATCH_TEST_MOUNTS=1"

// Mount mounts a tmpfs until the test's end; options are those of mount(8), such as size=256k. Where this process may
// not mount, the test runs once more in a process of its own that may: then mounted is false, and the test has
// nothing left to do.
func Mount(t *testing.T, options string) (dir string, mounted bool) {
	t.Helper()
	dir = t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options+",mode=700")
	if err == nil {
		t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
		return dir, true
	}
	if os.Getenv(strings.TrimSuffix(inNamespace, "=1")) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), inNamespace)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		var out []byte
		if out, err = cmd.CombinedOutput(); err == nil && bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
			return "", false
		}
		if bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte(errNoMount)) {
			t.Fatalf("in a namespace of its own:\n%s", out)
		}
		err = fmt.Errorf("in a namespace of its own: %w: %s", err, out)
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(errNoMount, err)
	}
	t.Skip(errNoMount, err)
	return "", false
}

const errNoMount = "this test mounts a small tmpfs, and may not:"
