// Package packaging holds what the packages are made of.
package packaging

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// need skips a test where a program is missing, or that isn't root's; but not in the gate.
func need(t *testing.T, programs ...string) {
	t.Helper()
	var why error
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			why = cmp.Or(why, err)
		}
	}
	if os.Getuid() != 0 {
		why = fmt.Errorf("only root may do this")
	}
	switch {
	case why == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}

// output runs a program and gives what it says on the standard output; it fails the test if the program fails.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v: %s%s", name, strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

// build makes the packages of a copy of the tree in a folder, and gives where they are.
func build(dir string) (dist string, err error) {
	list, err := exec.Command("git", "-C", "..", "ls-files", "-coz", "--exclude-standard", "--deduplicate").Output()
	if err != nil {
		return "", fmt.Errorf("listing the files of the tree: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		if strings.HasPrefix(name, "fixtures/") {
			continue // not part of the packages
		}
		if err := copyFile(filepath.Join(dir, name), filepath.Join("..", name)); err != nil && !os.IsNotExist(err) {
			return "", err
		}
	}
	cmd := exec.Command(filepath.Join(dir, "packaging", "build"))
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1790000000")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the packages: %w: %s", err, out)
	}
	return filepath.Join(dir, "dist"), nil
}

func copyFile(to, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

var (
	once     sync.Once
	firstDir string
	first    string
	firstErr error
)

func TestMain(m *testing.M) {
	status := m.Run()
	if firstDir != "" {
		os.RemoveAll(firstDir)
	}
	os.Exit(status)
}

// packages gives the folder with the packages, which are built once for all tests.
func packages(t *testing.T) string {
	t.Helper()
	once.Do(func() {
		if firstDir, firstErr = os.MkdirTemp("", "exiwatch-packages-"); firstErr == nil {
			first, firstErr = build(firstDir)
		}
	})
	if firstErr != nil {
		t.Fatal(firstErr)
	}
	return first
}

// one gives the package of a kind in a folder.
func one(t *testing.T, dist, kind string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dist, "*."+kind))
	if err != nil || len(all) != 1 {
		t.Fatalf("%s has the packages %q, want one %s: %v", dist, all, kind, err)
	}
	return all[0]
}

// TestPackagesAreReproducible: another build, in another folder, has the same bytes.
func TestPackagesAreReproducible(t *testing.T) {
	need(t, "git")
	t.Parallel()
	dist := packages(t)
	again, err := build(filepath.Join(t.TempDir(), "elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if a, b := sum(t, one(t, dist, kind)), sum(t, one(t, again, kind)); a != b {
			t.Errorf("two builds of the %s: sha256 %s and %s", kind, a, b)
		}
	}
}

func sum(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// kinds are the packages' endings.
var kinds = []string{"deb", "rpm", "apk", "pkg.tar.zst"}

// contents are what all packages hold, with permissions.
var contents = []string{
	"-rw-r----- /etc/exiwatch/exiwatch.toml", // the scripts give it to the group
	"-rwxr-xr-x /usr/bin/exiwatch",
	"-rw-r--r-- /usr/share/bash-completion/completions/exiwatch",
	"-rw-r--r-- /usr/share/doc/exiwatch/copyright",
	"-rw-r--r-- /usr/share/doc/exiwatch/metrics.md",
	"-rw-r--r-- /usr/share/doc/exiwatch/operations.md",
	"-rw-r--r-- /usr/share/doc/exiwatch/examples/acl",
	"-rw-r--r-- /usr/share/doc/exiwatch/examples/exiwatch.rules.yml",
	"-rw-r--r-- /usr/share/doc/exiwatch/examples/grafana.json",
	"-rw-r--r-- /usr/share/doc/exiwatch/examples/monit",
	"-rw-r--r-- /usr/share/doc/exiwatch/examples/prometheus.yml",
	"-rw-r--r-- /usr/share/fish/vendor_completions.d/exiwatch.fish",
	"-rw-r--r-- /usr/share/man/man1/exiwatch.1.gz",
	"-rw-r--r-- /usr/share/man/man5/exiwatch.toml.5.gz",
}

// TestContents: files and permissions, all root's; configuration files are known as such, and the binary needs no
// library.
func TestContents(t *testing.T) {
	need(t, "dpkg-deb", "rpm", "tar", "zstd")
	dist := packages(t)
	deb, rpm, arch := one(t, dist, "deb"), one(t, dist, "rpm"), one(t, dist, "pkg.tar.zst")
	listing := map[string]string{
		"deb": output(t, "dpkg-deb", "-c", deb), "rpm": output(t, "rpm", "-qplv", rpm),
		"apk":         output(t, "tar", "--warning=no-unknown-keyword", "-tvzf", one(t, dist, "apk")),
		"pkg.tar.zst": output(t, "tar", "--zstd", "-tvf", arch),
	}
	want := map[string][]string{
		"deb": slices.Concat(contents, []string{"-rwxr-xr-x /etc/init.d/exiwatch",
			"-rw-r--r-- /lib/systemd/system/exiwatch.service",
			"-rwxr-xr-x /usr/lib/nagios/plugins/check_exiwatch",
			"-rw-r--r-- /usr/share/zsh/vendor-completions/_exiwatch"}),
		"rpm": slices.Concat(contents, []string{"-rw-r--r-- /usr/lib/systemd/system/exiwatch.service",
			"-rwxr-xr-x /usr/lib64/nagios/plugins/check_exiwatch",
			"-rw-r--r-- /usr/share/zsh/site-functions/_exiwatch"}),
		"apk": slices.Concat(contents, []string{"-rwxr-xr-x /etc/init.d/exiwatch",
			"-rw-r--r-- /usr/share/zsh/site-functions/_exiwatch"}),
		"pkg.tar.zst": slices.Concat(contents, []string{"-rw-r--r-- /usr/lib/systemd/system/exiwatch.service",
			"-rw-r--r-- /usr/share/zsh/site-functions/_exiwatch"}),
	}
	owner := regexp.MustCompile(` (root[/ ]+root|0/0) `)
	for kind, text := range listing {
		var got []string
		for line := range strings.Lines(text) {
			if !owner.MatchString(line) {
				t.Errorf("%s: %s isn't root's", kind, line)
			}
			fields := strings.Fields(line)
			got = append(got, fields[0]+" /"+strings.TrimLeft(fields[len(fields)-1], "./"))
		}
		for _, file := range want[kind] {
			if !slices.Contains(got, file) {
				t.Errorf("%s lacks %s", kind, file)
			}
		}
	}
	conffiles := "/etc/exiwatch/exiwatch.toml\n/etc/init.d/exiwatch\n"
	if got := output(t, "dpkg-deb", "-I", deb, "conffiles"); got != conffiles {
		t.Errorf("the deb's conffiles are %q, want %q", got, conffiles)
	}
	if got := output(t, "rpm", "-qpc", rpm); got != "/etc/exiwatch/exiwatch.toml\n" {
		t.Errorf("the rpm's configuration files are %q", got)
	}
	if got := output(t, "tar", "--zstd", "-xOf", arch, ".PKGINFO"); !strings.Contains(got,
		"\nbackup = etc/exiwatch/exiwatch.toml\n") {
		t.Errorf("Arch's package says %q, want that the configuration is kept", got)
	}
	dir := t.TempDir()
	output(t, "dpkg-deb", "-x", deb, dir)
	if got := output(t, filepath.Join(dir, "usr/bin/exiwatch"), "version"); !strings.HasPrefix(got, "exiwatch ") ||
		!strings.Contains(got, runtime.GOARCH) {
		t.Errorf("the packaged program is %q", got)
	}
	if acl, err := os.ReadFile(filepath.Join(dir, "usr/share/doc/exiwatch/examples/acl")); err != nil ||
		bytes.Count(acl, []byte("${readsocket{")) < 3 {
		t.Errorf("the examples of ACLs are %q: %v", acl, err)
	}
	if out, err := exec.Command("ldd", filepath.Join(dir, "usr/bin/exiwatch")).CombinedOutput(); err == nil {
		t.Errorf("the packaged program needs libraries: %s", out)
	}
}

// TestLintian: it finds no error and no warning.
func TestLintian(t *testing.T) {
	need(t, "lintian")
	if out := output(t, "lintian", "--allow-root", "--fail-on", "error,warning",
		one(t, packages(t), "deb")); out != "" {
		t.Error(out)
	}
}

// TestUnitIsHardened: systemd's own judgement is under 2.0.
func TestUnitIsHardened(t *testing.T) {
	need(t, "systemd-analyze")
	output(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=19", "exiwatch.service")
}

// TestManualsAreClean but for pages that this machine hasn't got.
func TestManualsAreClean(t *testing.T) {
	need(t, "mandoc", "man")
	for _, page := range []string{"man/exiwatch.1", "man/exiwatch.toml.5"} {
		out, _ := exec.Command("mandoc", "-T", "lint", page).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if !strings.Contains(line, "referenced manual not found") && !strings.Contains(line, "outdated mandoc.db") {
				t.Error(line)
			}
		}
		if out, err := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", page).CombinedOutput(); err != nil ||
			!bytes.Contains(out, []byte("NAME")) || bytes.Contains(out, []byte("warning:")) {
			t.Errorf("man -l %s: %v: %.400s", page, err, out)
		}
	}
}
