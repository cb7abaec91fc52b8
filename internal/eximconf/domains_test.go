package eximconf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDomains: names are taken, named lists followed, and what isn't a name is told.
func TestDomains(t *testing.T) {
	n := lists{"inner": `"Other.test : +deeper"`, "deeper": "<; @ ; deep.test", "loop": "a.test : +loop"}
	for list, want := range map[string]string{
		"":                                     "[] []",
		"@ : lab.test : Lab.Test":              "[mx.lab.test lab.test] []",
		"+inner : lab.test":                    "[other.test mx.lab.test deep.test lab.test] []",
		"+loop : +nowhere":                     "[a.test] [+loop +nowhere]",
		"!no.test : no.test : yes.test":        "[yes.test] []",
		"! no.test : NO.test":                  "[] []",
		"*.lab.test : * : ^re : @[] : @mx_any": "[] [*.lab.test * ^re @[] @mx_any]",
		"lsearch;/etc/domains : /etc/more":     "[] [lsearch;/etc/domains /etc/more]",
		"!lsearch;/etc/domains : !+inner":      "[] [!lsearch;/etc/domains !+inner]",
		"${lookup{a:b}lsearch{/x}} : b.test":   "[b.test] [${lookup{a:b}lsearch{/x}}]",
		"<value not displayable>":              "[] [<value not displayable>]",
		"münchen.test":                         "[] [münchen.test]",
	} {
		d := &DomainList{primary: "MX.lab.test"}
		n.addDomains(d, items(list), maxNesting)
		if got := fmt.Sprint(d.Names, d.Skipped); got != want {
			t.Errorf("domains(%q) = %s, want %s", list, got, want)
		}
	}
	d := new(DomainList)
	if n.addDomains(d, items("@"), maxNesting); len(d.Names) > 0 || len(d.Skipped) != 1 {
		t.Errorf("without the host's own name: %+v", d)
	}
}

// TestAskRealExim: a real Exim shows its lists, with macros replaced and continued lines joined.
func TestAskRealExim(t *testing.T) {
	exim, err := exec.LookPath("/usr/sbin/exim4")
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "exim.conf")
	text := "primary_hostname = mx.lab.test\nOURS = 198.51.100.0/24\ndomainlist local_domains = @ : +more : *.lists.lab.test\n" +
		"domainlist more = \"lab.test : \\\n    lsearch;/etc/localdomains\"\ndomainlist relay_to_domains = branch.test\n" +
		"hostlist relay_from_hosts = <; 127.0.0.1 ; ::1 ; 10.0.0.0/8 ; OURS ; 2001:db8::/32 ; *.lab.test\n" +
		"acl_smtp_rcpt = rcpt\nbegin acl\nrcpt:\n  accept hosts = 203.0.113.5\n  deny\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	e, err := Ask(t.Context(), func(ctx context.Context, args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, exim, append([]string{"-C", file}, args...)...).Output()
		return string(out), err
	})
	if err != nil {
		t.Fatal(err)
	}
	h, d := e.RelayFrom(), e.LocalDomains("mx.lab.test")
	const want = "[10.0.0.0/8 198.51.100.0/24 2001:db8::/32 203.0.113.5/32] true [*.lab.test], " +
		"[mx.lab.test lab.test branch.test] [lsearch;/etc/localdomains *.lists.lab.test]"
	if got := fmt.Sprintf("%v %v %v, %v %v", h.Networks, h.Loopback, h.Skipped, d.Names, d.Skipped); got != want {
		t.Errorf("Exim says %s, want %s", got, want)
	}
}

// TestAskAnOldExim: one that shows no configuration still shows its lists; one that shows nothing is an error.
func TestAskAnOldExim(t *testing.T) {
	asked := ""
	e, err := Ask(t.Context(), func(_ context.Context, args ...string) (string, error) {
		if asked = strings.Join(args, " "); args[1] == "config" {
			return "", errors.New("exit status 1")
		}
		return "hostlist relay_from_hosts = 192.0.2.1\ndomainlist local_domains = lab.test\n", nil
	})
	if err != nil || len(e.RelayFrom().Networks) != 1 || len(e.LocalDomains("").Names) != 1 {
		t.Errorf("asked for %s: %v, %v", asked, err, e)
	}
	wrong := errors.New("exit status 1")
	if _, err := Ask(t.Context(), func(context.Context, ...string) (string, error) { return "", wrong }); err != wrong {
		t.Errorf("without an answer: %v", err)
	}
}
