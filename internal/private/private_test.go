package private

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestOpenTakesPlainFilesOnly: links, pipes and other names of a file lead elsewhere.
func TestOpenTakesPlainFilesOnly(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(at("file"), []byte("secret"), 0o600))
	must(t, os.WriteFile(at("named twice"), []byte("precious"), 0o600))
	must(t, os.Link(at("named twice"), at("hard link")))
	must(t, os.Symlink(at("file"), at("link")))
	must(t, os.Symlink(at("new"), at("link to nothing")))
	must(t, syscall.Mkfifo(at("pipe"), 0o600))
	for name, says := range map[string]string{
		"link": "is a symbolic link", "link to nothing": "is a symbolic link",
		"pipe": "is no regular file", "hard link": "has another name",
	} {
		f, err := Open(at(name), os.O_RDWR|os.O_CREATE)
		if unsafe := (*Error)(nil); !errors.As(err, &unsafe) || !strings.Contains(err.Error(), says) ||
			unsafe.Hint == "" {
			t.Errorf("Open(%s) = %v, want an error that says %q and a hint", name, err, says)
		}
		if err == nil {
			f.Close()
		}
	}
	if _, err := os.Lstat(at("new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open made the file behind a link: %v", err)
	}
	if text, err := Read(at("hard link"), 99); err != nil || string(text) != "precious" {
		t.Errorf("Read = %q, %v: want what is in a file with two names", text, err)
	}
	if text, err := Read(at("file"), 3); err != nil || string(text) != "secr" {
		t.Errorf("Read = %q, %v: want one byte more than 3", text, err)
	}
	f, err := Open(at("new"), os.O_RDWR|os.O_CREATE)
	must(t, err)
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode() != 0o600 {
		t.Errorf("a new file is %v, %v: want -rw-------", info.Mode(), err)
	}
}

// TestCheck: only the user and root may write.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file, folder, link := filepath.Join(dir, "file"), filepath.Join(dir, "folder"), filepath.Join(dir, "link")
	must(t, os.WriteFile(file, nil, 0o600))
	must(t, os.Mkdir(folder, 0o700))
	must(t, os.Symlink(folder, link))
	uid := os.Geteuid()
	for _, test := range []struct {
		mode os.FileMode
		says string
	}{{0o700, ""}, {0o755, ""}, {0o770, "writable for others, -rwxrwx---"}, {0o702, "writable for others"}} {
		must(t, errors.Join(os.Chmod(file, test.mode), os.Chmod(folder, test.mode)))
		for what, err := range map[string]error{
			"Check of a file": Check(file, uid), "Check of a folder": Check(folder, uid),
			"CheckFolder": CheckFolder(folder, uid), "CheckFolder of a link": CheckFolder(link, uid),
		} {
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s with mode %v = %v, want %q", what, test.mode, err, test.says)
			}
		}
	}
	must(t, errors.Join(os.Chmod(file, 0o600), os.Chmod(folder, 0o700)))
	if err := Check(link, uid); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("Check of a link = %v", err)
	}
	if err := CheckFolder(file, uid); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("CheckFolder of a file = %v", err)
	}
	if uid != 0 {
		return // root's files are fine for anybody; others' can't be made here
	}
	const nobody, daemon = 65534, 1 // Debian's
	if err := Check(file, nobody); err != nil {
		t.Errorf("Check of root's file for another user = %v, want none", err)
	}
	must(t, os.Chown(folder, nobody, nobody))
	if err := CheckFolder(folder, nobody); err != nil {
		t.Errorf("CheckFolder of the user's own folder = %v, want none", err)
	}
	for _, uid := range []int{0, daemon} {
		err := CheckFolder(folder, uid)
		if unsafe := (*Error)(nil); !errors.As(err, &unsafe) ||
			!strings.Contains(err.Error(), "belongs to the user nobody") ||
			!strings.Contains(unsafe.Hint, "run exiwatch as nobody, or: chown -R ") {
			t.Errorf("CheckFolder of another's folder for %d = %#v", uid, err)
		}
	}
}

// TestReaders: group and others, but for the groups that may.
func TestReaders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, test := range []struct {
		mode os.FileMode
		gids []int
		want string
	}{
		{0o600, nil, ""}, {0o640, []int{os.Getegid()}, ""},
		{0o604, nil, "every user of this machine"}, {0o644, []int{os.Getegid()}, "every user of this machine"},
	} {
		must(t, os.Chmod(file, test.mode))
		if got, err := Readers(file, test.gids...); err != nil || got != test.want {
			t.Errorf("Readers of a file with mode %v = %q, %v: want %q", test.mode, got, err, test.want)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	const adm = 4 // Debian's
	must(t, errors.Join(os.Chmod(file, 0o640), os.Chown(file, 0, adm)))
	if got, err := Readers(file, 12345); err != nil || got != "the group adm" {
		t.Errorf("Readers = %q, %v: want the group adm", got, err)
	}
	if got, err := Readers(file, 12345, adm); err != nil || got != "" {
		t.Errorf("Readers = %q, %v: want none, as the group may", got, err)
	}
}
